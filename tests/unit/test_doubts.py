"""What a model may change in a suggestion: what nobody knew and the cells bear out, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import InvalidValue
from chalicelib.formats.evidence import Evidence
from chalicelib.imports.mapping import check_mapping
from chalicelib.model.mapping import Candidate, ColumnSuggestion, Origin, Suggestion
from chalicelib.model.product_schema import ProductSchema, SchemaField
from chalicelib.suggest import doubts, facts_of, suggest
from chalicelib.suggest.concepts import CONCEPTS
from chalicelib.suggest.doubts import SURE, UnderstoodFile, doubtful, merge, plain, question_of
from chalicelib.suggest.question import ATTRIBUTE, SKIP, ColumnAnswer

pytestmark = pytest.mark.unit

TABLE = {
    "Zorblax": ["A-1", "A-2", "A-3", "A-4"],
    "Quimbel": ["Chair red", "Table oak", "Lamp", "Sofa"],
    "Frumio": ["Acme", "Acme", "Bolt", "Bolt"],
    "Wexnip": ["19,90 €", "5,00 €", "7,25 €", "8,00 €"],
    "Plonkt": ["4006381333931", "4006381333948", "4006381333955", "4006381333962"],
    "Drubna": ["yes", "no", "yes", "no"],
}
NONSENSE = {*TABLE, "Grolf"}
NO_SCHEMA = ProductSchema()


def understood(
    table: Mapping[str, Sequence[str]] = TABLE,
    *,
    schema: ProductSchema = NO_SCHEMA,
    learned: Mapping[str, str | None] | None = None,
) -> UnderstoodFile:
    rows = list(zip(*table.values(), strict=True))
    evidence = Evidence(tuple(table), sampled_rows=200, uniqueness_rows=1_000)
    evidence.add(rows)
    columns = evidence.columns()
    offline = suggest(columns, rows, learned=learned or {}, schema=schema, row_count=len(rows))
    return _knowing_nothing(UnderstoodFile([facts_of(each, rows, len(rows)) for each in columns], offline, schema))


def _knowing_nothing(file: UnderstoodFile) -> UnderstoodFile:
    """The file, with columns of headers that mean nothing kept as they are, whatever their cells suggest by now."""

    def kept(column: ColumnSuggestion) -> ColumnSuggestion:
        unknown = column.column in NONSENSE and column.origin is Origin.VOCABULARY
        return ColumnSuggestion(column.column, column.column.lower(), Origin.HEADER, 0.3, "") if unknown else column

    return _with_columns(file, [kept(each) for each in file.suggestion.columns])


def _with_columns(file: UnderstoodFile, columns: Sequence[ColumnSuggestion]) -> UnderstoodFile:
    """The file, with these suggestions and a schema that goes with them."""
    types = {name: concept.type for name, concept in CONCEPTS.items()}
    offered = {each.name: each for each in file.suggestion.schema}
    added = [each.field for each in columns if each.field and each.field not in {"sku", "name", *file.schema.by_name}]
    new = [offered.get(name, SchemaField(name, types.get(name, "string"))) for name in added]
    return replace(file, suggestion=Suggestion(columns, [*file.schema.fields, *new]))


def guessed(file: UnderstoodFile, header: str, field: str, confidence: float, *candidates: str) -> UnderstoodFile:
    """The file, with a guess of the vocabulary's for one column."""

    def guess(column: ColumnSuggestion) -> ColumnSuggestion:
        others = tuple(Candidate(each, confidence - 0.1) for each in candidates)
        return replace(column, field=field, origin=Origin.VOCABULARY, confidence=confidence, candidates=others)

    return _with_columns(file, [guess(each) if each.column == header else each for each in file.suggestion.columns])


def doubted(file: UnderstoodFile, header: str) -> UnderstoodFile:
    """The file, with a column kept under its header's name without being sure of it."""
    columns = [replace(each, confidence=0.5) if each.column == header else each for each in file.suggestion.columns]
    return _with_columns(file, columns)


def answer(header: str, field: str, confidence: float = 0.95, reason: str = "It says so.") -> ColumnAnswer:
    return ColumnAnswer(header, field, confidence, reason)


def merged(file: UnderstoodFile, *answers: ColumnAnswer) -> Suggestion:
    return merge(file, doubtful(file, most=100), answers)


def changed(file: UnderstoodFile, *answers: ColumnAnswer) -> dict[str, str | None]:
    """What the answers have changed, header to field."""
    before = file.suggestion.mapping
    return {header: field for header, field in merged(file, *answers).mapping.items() if before[header] != field}


def test_an_answer_gives_an_unknown_column_its_field_and_the_schema_the_cells_type():
    file = understood()
    suggestion = merged(file, answer("Wexnip", "price", 0.93, "Amounts in euro."))
    column = suggestion.columns[3]
    assert (column.field, column.origin, column.confidence, column.reason) == (
        "price",
        Origin.CLAUDE,
        0.9,
        "Amounts in euro.",
    )
    fields = {each.name: each for each in suggestion.schema}
    assert fields["price"] == SchemaField("price", "price", description="Sale price")
    assert "wexnip" not in fields
    kept = [each.field for each in suggestion.columns if each.field not in {"sku", "name"}]
    assert [each.name for each in suggestion.schema] == kept


@pytest.mark.parametrize(
    ("header", "field", "holds"),
    [
        ("Zorblax", "sku", True),
        ("Zorblax", "mpn", True),
        ("Frumio", "sku", False),  # a value comes twice
        ("Drubna", "sku", False),
        ("Frumio", "brand", True),
        ("Frumio", "price", False),
        ("Frumio", "ean", False),
        ("Quimbel", "name", True),
        ("Drubna", "name", False),
        ("Wexnip", "price", True),
        ("Wexnip", "weight", False),
        ("Zorblax", "price", False),
        ("Quimbel", "image_url", False),
        ("Quimbel", "url", False),
        ("Quimbel", "created_at", False),
        ("Quimbel", "inventory_count", False),
        ("Drubna", "is_active", True),
        ("Quimbel", "is_active", False),
        ("Quimbel", "currency", False),
        ("Quimbel", ATTRIBUTE, False),
        ("Quimbel", SKIP, False),
        ("Quimbel", "no_such_field", False),
        ("No such column", "brand", False),
    ],
)
def test_the_cells_bear_it_out_or_it_is_not_believed(header, field, holds):
    assert changed(understood(), answer(header, field)) == ({header: field} if holds else {})


def test_a_field_goes_to_the_surest_and_to_one_only():
    headers = ("Zorblax", "Frumio", "Quimbel", "Wexnip", "Plonkt", "Drubna", "Grolf")
    file = understood({header: ["Alpha", "Beta"] for header in headers})
    others = dict(zip(headers[2:], ("color", "size", "material", "category", "supplier"), strict=True))
    said = [answer("Zorblax", "brand", 0.7), answer("Frumio", "brand", 0.8)]
    assert changed(file, *said, *map(answer, *zip(*others.items(), strict=True))) == {"Frumio": "brand", **others}


def test_an_answer_that_is_refuted_in_much_is_worth_nothing_in_the_rest():
    right, wrong = answer("Frumio", "brand"), [answer("Quimbel", "price"), answer("Drubna", "sku")]
    assert changed(understood(), right, *wrong[:1]) == {"Frumio": "brand"}
    assert changed(understood(), right, *wrong) == {}
    same = [answer(header, "brand") for header in ("Frumio", "Quimbel", "Zorblax")]
    assert changed(understood(), *same) == {}


def test_a_header_of_known_words_can_be_only_what_its_words_speak_of():
    file = doubted(understood({"Color Date": ["red", "blue"], "Zorblax": ["C", "D"]}), "Color Date")
    assert file.suggestion.mapping["Color Date"] == "color_date"
    assert changed(file, answer("Color Date", "color")) == {"Color Date": "color"}
    assert changed(file, answer("Color Date", "brand")) == {}
    assert changed(file, answer("Zorblax", "brand")) == {"Zorblax": "brand"}


def test_a_header_whose_words_speak_of_nothing_is_not_asked_for():
    file = doubted(understood({"Notes": ["A", "B"], "Zorblax": ["C", "D"]}), "Notes")
    assert file.suggestion.mapping["Notes"] == "notes"
    assert doubtful(file, most=100) == [1]


def test_of_two_answers_for_a_column_the_surer_counts():
    said = [answer("Frumio", "category", 0.7), answer("Frumio", "brand", 0.8)]
    assert changed(understood(), *said) == {"Frumio": "brand"}


def test_a_half_hearted_answer_counts_for_nothing():
    assert changed(understood(), answer("Frumio", "brand", 0.59)) == {}


def test_who_holds_a_field_keeps_it():
    file = understood({"Marke": ["Acme", "Bolt"], "Frumio": ["C", "D"]})
    assert file.suggestion.mapping["Marke"] == "brand"
    assert changed(file, answer("Frumio", "brand", 1.0)) == {}


def test_what_is_remembered_named_by_the_schema_or_sure_is_not_asked_for_and_not_changed():
    table = {"Marke": ["Acme", "Bolt"], "Frumio": ["C", "D"], "Shelf": ["E", "F"], "Junk": ["G", "H"]}
    schema = ProductSchema(fields=(SchemaField("shelf", "string"),))
    file = understood(table, schema=schema, learned={"frumio": "origin", "junk": None})
    assert doubtful(file, most=100) == []
    assert changed(file, *(answer(header, "color", 1.0) for header in table)) == {}


def test_an_empty_column_is_not_asked_for():
    assert doubtful(understood({"Zorblax": ["", ""]}), most=100) == []


def test_a_guess_gives_way_to_its_own_candidates_only():
    file = guessed(understood(), "Frumio", "brand", SURE - 0.1, "supplier")
    assert changed(file, answer("Frumio", "supplier", 0.9)) == {"Frumio": "supplier"}
    assert changed(file, answer("Frumio", "color", 0.9)) == {}
    assert changed(file, answer("Frumio", "supplier", SURE - 0.2)) == {}
    assert changed(file, answer("Frumio", ATTRIBUTE, 1.0)) == {}
    assert changed(guessed(understood(), "Frumio", "brand", SURE, "supplier"), answer("Frumio", "supplier")) == {}


def test_a_field_that_is_given_up_may_be_taken():
    file = guessed(understood(), "Frumio", "name", 0.5, "brand")
    assert changed(file, answer("Frumio", "brand"), answer("Quimbel", "name")) == {
        "Frumio": "brand",
        "Quimbel": "name",
    }
    swapped = guessed(guessed(understood(), "Frumio", "name", 0.5, "brand"), "Quimbel", "brand", 0.5, "name")
    assert changed(swapped, answer("Frumio", "brand"), answer("Quimbel", "name")) == {
        "Frumio": "brand",
        "Quimbel": "name",
    }


def test_what_a_catalogue_cannot_do_without_is_not_given_up():
    file = guessed(understood(), "Quimbel", "name", 0.5, "category")
    assert changed(file, answer("Quimbel", "category", 1.0)) == {}


def test_who_cannot_have_what_it_wants_keeps_what_it_has():
    table = {"Marke": ["Acme", "Bolt"], "Frumio": ["C", "D"], "Quimbel": ["E", "F"]}
    file = guessed(understood(table), "Frumio", "category", 0.5, "brand")
    said = [answer("Frumio", "brand", 1.0), answer("Quimbel", "category", 0.9)]
    assert changed(file, *said) == {}


def test_the_schemas_own_name_for_a_concept_is_used_and_its_type_must_fit():
    schema = ProductSchema(fields=(SchemaField("manufacturer", "string"),))
    suggestion = merged(understood(schema=schema), answer("Frumio", "brand"))
    assert suggestion.mapping["Frumio"] == "manufacturer"
    assert suggestion.schema[0] == schema.fields[0]
    numbers = ProductSchema(fields=(SchemaField("brand", "number"),))
    assert changed(understood(schema=numbers), answer("Frumio", "brand")) == {}


def test_guesses_are_asked_for_first_and_no_more_than_allowed():
    file = guessed(understood(), "Drubna", "is_active", 0.6, "availability")
    headers = list(TABLE)
    assert [headers[each] for each in doubtful(file, most=3)] == ["Drubna", "Zorblax", "Quimbel"]


def test_a_question_tells_of_the_asked_columns_and_names_the_others():
    file = guessed(understood(), "Frumio", "brand", 0.6, "supplier")
    question = question_of(file, [2, 3])
    brand, price = question.columns
    assert (brand.header, brand.samples) == ("Frumio", ("Acme", "Bolt"))
    assert brand.candidates == {"brand": 0.6, "supplier": 0.5}
    assert brand.evidence["unique"] is False
    assert price.evidence["fits"]["price"] == 1.0
    assert price.candidates == {}
    assert set(question.known) == {"Zorblax", "Quimbel", "Plonkt", "Drubna"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("  Two\nlines\tand  blanks ", "Two lines and blanks"),
        ("See https://evil.example/x?a=1 for more", "See for more"),
        ("Visit www.evil.example now", "Visit now"),
        ("<img src=x onerror=alert(1)>Brand", "Brand"),
        ("**Brand** [here](javascript:alert)", "Brand here (javascript:alert)"),
        ("a\u202eb\x00c\u200bd", "a b c d"),
        ("x" * 300, "x" * 159 + "…"),
        ("", ""),
    ],
)
def test_a_models_words_are_shown_as_plain_text(said, shown):
    assert plain(said) == shown


def test_without_a_reason_one_is_given():
    column = merged(understood(), answer("Frumio", "brand", reason="\n")).columns[2]
    assert column.reason == "Claude takes it for the brand."


HEADERS = [*TABLE, "Marke", "Preis", "Lagerbestand"]
CELLS = st.lists(
    st.sampled_from(["", "A-1", "A-2", "Acme", "9,90", "12", "https://x.example/a.jpg", "yes", "4006381333931"]),
    min_size=3,
    max_size=3,
)
FIELDS = st.sampled_from([*CONCEPTS, ATTRIBUTE, SKIP, "rm -rf", "id", "q"])


@st.composite
def files(draw: st.DrawFn) -> UnderstoodFile:
    headers = draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=6, unique=True))
    schema = ProductSchema(fields=(SchemaField("manufacturer", "string"),) if draw(st.booleans()) else ())
    learned = {draw(st.sampled_from(headers)).lower(): draw(st.sampled_from(["brand", "name", None]))}
    file = understood({header: draw(CELLS) for header in headers}, schema=schema, learned=learned)
    for header in headers:
        taken = {each.field for each in file.suggestion.columns}
        field = draw(st.sampled_from([*CONCEPTS]))
        column = next(each for each in file.suggestion.columns if each.column == header)
        if column.origin is not Origin.MEMORY and field not in taken and draw(st.booleans()):
            file = guessed(file, header, field, draw(st.sampled_from([0.4, 0.6, 0.8])), *draw(st.lists(FIELDS)))
    return file


@st.composite
def answered_files(draw: st.DrawFn) -> tuple[UnderstoodFile, list[ColumnAnswer]]:
    """A file, and answers of which some are plausible and some are anything."""
    file = draw(files())
    answers = []
    for position in doubtful(file, most=100):
        header, facts = file.suggestion.columns[position].column, file.facts[position]
        plausible = [concept for concept in CONCEPTS if doubts._borne_out(concept, facts)]
        field = draw(st.sampled_from(plausible) if plausible and draw(st.integers(0, 4)) else FIELDS)
        answers.append(answer(header, field, draw(st.sampled_from([0.5, 0.7, 0.9, 1.0]))))
    strays = st.builds(answer, st.sampled_from([*HEADERS, "None such"]), FIELDS, st.sampled_from([0.0, 0.9, 1.0]))
    return file, [*answers, *draw(st.lists(strays, max_size=1))]


@given(answered_files())
def test_whatever_a_model_says_the_suggestion_is_valid_and_nothing_sure_is_lost(said):
    file, answers = said
    asked = doubtful(file, most=100)
    before, after = file.suggestion, merge(file, asked, answers)
    fields = [each.field for each in after.columns if each.field]
    assert len(fields) == len(set(fields))
    names = [each.name for each in after.schema]
    assert len(names) == len(set(names))
    assert set(fields) <= {*names, "sku", "name"}
    assert tuple(after.schema[: len(file.schema.fields)]) == tuple(file.schema.fields)
    for position, (old, new) in enumerate(zip(before.columns, after.columns, strict=True)):
        if new != old:
            assert position in asked
            assert new.origin is Origin.CLAUDE and old.origin is not Origin.MEMORY and old.confidence < SURE
            assert new.field != "sku" or file.facts[position].column.unique is True
    for essential in ("sku", "name", "ean", "price"):
        if essential in before.mapping.values():
            assert essential in after.mapping.values()
    assert not _fault(after) or after == before or _fault(before)


def _fault(suggestion: Suggestion) -> str | None:
    mapped = {header: field for header, field in suggestion.mapping.items() if field}
    try:
        check_mapping(mapped, suggestion.schema, list(suggestion.mapping))
    except InvalidValue as error:
        return str(error)
    return None
