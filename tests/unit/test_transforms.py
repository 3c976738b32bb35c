"""What the steps of a column make of its cells, step by step and against plain Python."""

import json
import string
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields import FIELD_TYPES, Habit, Unfit
from chalicelib.imports.transforms import (
    CELL_CHARACTERS,
    compile_steps,
    first_rows_read,
    steps_for,
    type_after,
    writes_numbers,
)
from chalicelib.model.row_error import ErrorType
from chalicelib.model.transform import STEPS, read_transforms, steps_json

HEADERS = ("Farbe", "Marke", "Name", "Status")


def transform(*given, field_type: str = "string"):
    steps = read_transforms({"Farbe": list(given)}).get("Farbe", ())
    return compile_steps(steps, "Farbe", HEADERS, field_type)


def made(cell: str, *given, marke: str = "", name: str = "", status: str = "", field_type: str = "string") -> str:
    return transform(*given, field_type=field_type)([cell, marke, name, status])


def refused(cell: str, *given) -> tuple[ErrorType, str]:
    with pytest.raises(Unfit) as unfit:
        made(cell, *given)
    return unfit.value.error_type, unfit.value.message


SPLIT_ALL = {"step": "split", "separator": ">", "take": "all"}


@pytest.mark.parametrize(
    ("cell", "step", "expected"),
    [
        (" a  b ", {"step": "trim"}, "a  b"),
        ("\u00a0a \u00a0\t b\n", {"step": "trim", "collapse": True}, "a b"),
        ("ÉTÉ Straße", {"step": "case", "to": "lower"}, "été straße"),
        ("été", {"step": "case", "to": "upper"}, "ÉTÉ"),
        ("it's a T-SHIRT/hemd  rot", {"step": "case", "to": "title"}, "It's A T-Shirt/Hemd  Rot"),
        ("rote SCHUHE", {"step": "case", "to": "sentence"}, "Rote schuhe"),
        ("a.b.c", {"step": "replace", "find": ".", "with": "\\1"}, "a\\1b\\1c"),
        ("Noir noir", {"step": "replace", "find": "NOIR", "with": "black", "ignore_case": True}, "black black"),
        ("a+b A+B", {"step": "replace", "find": "a+b", "with": "\\", "ignore_case": True}, "\\ \\"),
        ("10x20", {"step": "replace", "find": "([0-9]+)x([0-9]+)", "with": "\\2 × \\1", "regex": True}, "20 × 10"),
        ("ab", {"step": "replace", "find": "(a)|(b)", "with": "<\\2\\\\n\\q>", "regex": True}, "<\\n\\q><b\\n\\q>"),
        ("größe 3", {"step": "replace", "find": "ß", "with": "ss", "regex": True}, "grösse 3"),
        ("x\ny", {"step": "replace", "find": "x.y", "with": "z", "regex": True}, "z"),
        ("a > b", {"step": "split", "separator": ">", "take": 1}, "a"),
        ("a > b", {"step": "split", "separator": ">", "take": -1}, "b"),
        ("a > b", {"step": "split", "separator": ">", "take": 3}, ""),
        ("a > b", {"step": "split", "separator": ">", "take": -3}, ""),
        ("a >> b", {"step": "split", "separator": ">", "take": 2}, ""),
        ("> a > b >", {"step": "split", "separator": ">", "take": "first"}, "a"),
        ("> a > b >", {"step": "split", "separator": ">", "take": "last"}, "b"),
        (">", {"step": "split", "separator": ">", "take": "last"}, ""),
        ("a", {"step": "join", "separator": "-"}, "a"),
        ("", {"step": "default", "value": "x"}, "x"),
        ("\u00a0 ", {"step": "default", "value": "x"}, "x"),
        ("a", {"step": "default", "value": "x"}, "a"),
        (" noir ", {"step": "lookup", "values": {"noir ": "black"}}, "black"),
        ("Noir", {"step": "lookup", "values": {"noir": "black"}}, "Noir"),
        ("NOIR", {"step": "lookup", "values": {"Noir": "black"}, "ignore_case": True}, "black"),
        ("rouge", {"step": "lookup", "values": {"noir": "black"}, "otherwise": "blank"}, ""),
        ("noir", {"step": "lookup", "values": {"noir": ""}, "otherwise": "refuse"}, ""),
        ("a", {"step": "prefix", "text": "KB-"}, "KB-a"),
        ("a", {"step": "suffix", "text": " cm"}, "a cm"),
        ("", {"step": "prefix", "text": "KB-"}, ""),
        ("17", {"step": "pad", "length": 4}, "0017"),
        ("17", {"step": "pad", "length": 4, "with": "x"}, "xx17"),
        ("12345", {"step": "pad", "length": 4}, "12345"),
        ("", {"step": "pad", "length": 4}, ""),
        ("rote Schuhe", {"step": "cut", "length": 5}, "rote"),
        ("Inhalt: 207 grs", {"step": "extract", "pattern": "([0-9]+) ?g"}, "207"),
        ("Inhalt: 207 grs", {"step": "extract", "pattern": "[0-9]+ ?G", "ignore_case": True}, "207 g"),
        ("Inhalt", {"step": "extract", "pattern": "[0-9]+"}, ""),
        ("b", {"step": "extract", "pattern": "(a)|b"}, ""),
        ("<p>Rot<b>e</b>s&nbsp;Hemd</p><p>&euro; 5</p>", {"step": "strip_html"}, "Rotes Hemd € 5"),
        ("a<style>b{}</style>c<SCRIPT>if (a < b) x()</SCRIPT>d", {"step": "strip_html"}, "a c d"),
        ("a<!-- b -->c<br/>d <img src='x'>e", {"step": "strip_html"}, "a c d e"),
        ("3 < 4 & 5 > 2", {"step": "strip_html"}, "3 < 4 & 5 > 2"),
        ("<script>alert(1)", {"step": "strip_html"}, "alert(1)"),
        ("a", {"step": "only_if", "is": ["a", "b"]}, "a"),
        ("c", {"step": "only_if", "is": ["a", "b"]}, ""),
        ("A", {"step": "only_if", "is": "a", "ignore_case": True}, "A"),
        ("a", {"step": "only_if", "is_not": "a"}, ""),
        ("b", {"step": "only_if", "is_not": "a"}, "b"),
        ("12", {"step": "only_if", "matches": "^[0-9]+$"}, "12"),
        ("n/a", {"step": "only_if", "matches": "^[0-9]+$"}, ""),
    ],
)
def test_a_step(cell, step, expected):
    assert made(cell, step) == expected


@pytest.mark.parametrize(
    ("cell", "step", "expected"),
    [
        ("1.234,50", {"decimal": ","}, "1234.50"),
        ("1.234", {"decimal": ","}, "1234"),
        ("1.234", {"decimal": "."}, "1.234"),
        ("1,234", {"decimal": "."}, "1234"),
        ("1 234,5", {"decimal": ","}, "1234.5"),
        ("1\u202f234,5 €", {"decimal": ","}, "1234.5 €"),
        ("CHF 1'299.90", {"decimal": "."}, "CHF 1299.90"),
        ("1’299.90", {"decimal": "."}, "1299.90"),
        ("12,34,567.5", {"decimal": "."}, "1234567.5"),
        ("Rs.500", {"decimal": "."}, "Rs.500"),
        ("1.299,-", {"decimal": ","}, "1299,-"),
        (",48", {"decimal": ","}, "0.48"),
        ("-,5", {"decimal": ","}, "-0.5"),
        ("−12,5", {"decimal": ","}, "-12.5"),
        ("+007", {"decimal": ","}, "+7"),
        ("12,50", {"decimal": ",", "multiply": "1.2"}, "15"),
        ("12,50", {"decimal": ",", "multiply": 1.19}, "14.875"),
        ("10", {"decimal": ".", "divide": "3"}, "3.333333333333"),
        ("1299", {"decimal": ".", "divide": 100}, "12.99"),
        ("2.345", {"decimal": ".", "round": 2}, "2.35"),
        ("-2.345", {"decimal": ".", "round": 2}, "-2.35"),
        ("2", {"decimal": ".", "round": 2}, "2.00"),
        ("0.004", {"decimal": ".", "round": 2}, "0.00"),
        ("-0,4", {"decimal": ",", "round": 0}, "0"),
        ("-12,5", {"decimal": ",", "multiply": "-1"}, "12.5"),
        ("+12,5 €", {"decimal": ",", "multiply": "-2"}, "-25 €"),
        ("- 0,005", {"decimal": ",", "round": 2}, "-0.01"),
        ("9" * 60, {"decimal": ".", "multiply": "1000000000", "round": 12}, "9" * 60 + "0" * 9 + "." + "0" * 12),
    ],
)
def test_a_number_is_told_with_a_point_and_what_stands_around_it_stays(cell, step, expected):
    assert made(cell, {"step": "number", **step}) == expected


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [("12.50", ","), ("12,5", "."), ("1.23.456", ","), ("abc", ","), ("1 kg 2", "."), ("1.2.3", "."), ("9" * 101, ".")],
)
def test_a_number_written_otherwise_is_refused(cell, decimal):
    error_type, message = refused(cell, {"step": "number", "decimal": decimal})
    assert error_type is ErrorType.INVALID_TYPE
    assert ("a decimal comma" if decimal == "," else "a decimal point") in message


@pytest.mark.parametrize(
    ("cell", "step", "expected"),
    [
        ("31.12.2026", {"format": "dd.MM.yyyy"}, "2026-12-31"),
        ("1.2.2026", {"format": "dd.MM.yyyy"}, "2026-02-01"),
        ("20260201", {"format": "yyyyMMdd"}, "2026-02-01"),
        ("01/02/26", {"format": "MM/dd/yy"}, "2026-01-02"),
        ("01/02/69", {"format": "MM/dd/yy"}, "1969-01-02"),
        ("2026-02-01  18:30", {"format": "yyyy-MM-dd HH:mm"}, "2026-02-01T18:30:00"),
        ("1.2.2026 6:05:09 pm", {"format": "d.M.yyyy h:mm:ss a"}, "2026-02-01T18:05:09"),
        ("1.2.2026 12:05 AM", {"format": "d.M.yyyy hh:mm a"}, "2026-02-01T00:05:00"),
        ("[1] 2/2026", {"format": "[d] M/yyyy"}, "2026-02-01"),
        ("1/2/2026", {"order": "dmy"}, "2026-02-01"),
        ("1/2/2026", {"order": "mdy"}, "2026-01-02"),
        ("26-2-1", {"order": "ymd"}, "2026-02-01"),
        ("1. 2. 2026", {"order": "dmy"}, "2026-02-01"),
        ("5/13/2026 4:05 PM", {"order": "mdy"}, "2026-05-13T16:05:00"),
        ("13.05.2026, 16:05:09.123+02:00", {"order": "dmy"}, "2026-05-13T16:05:09+02:00"),
        ("", {"order": "dmy"}, ""),
    ],
)
def test_a_date_is_told_as_iso(cell, step, expected):
    assert made(cell, {"step": "date", **step}) == expected
    if expected:
        FIELD_TYPES["datetime"].parser(Habit())(expected)


@pytest.mark.parametrize(
    ("cell", "step"),
    [
        ("31.02.2026", {"format": "dd.MM.yyyy"}),
        ("13/05/2026", {"order": "mdy"}),
        ("2026-05-13", {"order": "dmy"}),
        ("13.05.2026 25:00", {"order": "dmy"}),
        ("13.05.2026 13:00 PM", {"order": "dmy"}),
        ("13.05.2026x", {"format": "dd.MM.yyyy"}),
        ("00.00.0000", {"format": "dd.MM.yyyy"}),
        ("٠١.٠٢.٢٠٢٦", {"format": "dd.MM.yyyy"}),
    ],
)
def test_a_date_written_otherwise_is_refused(cell, step):
    error_type, message = refused(cell, {"step": "date", **step})
    assert error_type is ErrorType.INVALID_TYPE
    assert "is not a date written" in message


def test_a_value_that_is_not_looked_up_can_be_refused():
    error_type, message = refused("rouge", {"step": "lookup", "values": {"noir": "black"}, "otherwise": "refuse"})
    assert error_type is ErrorType.NOT_IN_LIST
    assert message == '"rouge" is not among the 1 values looked up'


PARTS = [{"column": "Marke"}, " ", {"column": "Name"}, " (", {"column": "Status"}, ")"]


@pytest.mark.parametrize(
    ("parts", "cells", "expected"),
    [
        (PARTS, ("Nike", " Air ", "new"), "Nike Air (new)"),
        (PARTS, ("", "Air", "new"), "Air (new)"),
        (PARTS, ("Nike", "", "new"), "Nike (new)"),
        (PARTS, ("", "", ""), ""),
        (["Art. ", {"column": "Marke"}, "-", {"column": "Name"}], ("", "Air", ""), "Art. Air"),
        ([{"column": "Marke"}, " ", "- ", {"column": "Name"}], ("Nike", "Air", ""), "Nike - Air"),
        ([{"column": "Farbe"}, {"column": "Marke"}], ("Nike", "", ""), "rotNike"),
    ],
)
def test_cells_of_a_row_are_put_together(parts, cells, expected):
    assert transform({"step": "concat", "parts": parts})(["rot", *cells]) == expected


def test_a_cell_stays_if_another_column_says_so():
    step = {"step": "only_if", "column": "Status", "is": "live"}
    assert made("rot", step, status=" live ") == "rot"
    assert made("rot", step, status="gone") == ""
    assert made("rot", step, {"step": "default", "value": "none"}, status="gone") == "none"


def test_columns_the_file_lacks_are_blank():
    step = {"step": "concat", "parts": [{"column": "Modell"}, " ", {"column": "Name"}]}
    assert made("x", step, name="Air") == "Air"
    assert made("x", {"step": "only_if", "column": "Modell", "is_blank": True}) == "x"


def test_steps_take_a_list_item_by_item():
    steps = [SPLIT_ALL, {"step": "lookup", "values": {"noir": "black", "x": ""}}, {"step": "case", "to": "upper"}]
    assert json.loads(made("noir > x > rouge >", *steps, field_type="array")) == ["BLACK", "ROUGE"]
    assert made("noir > rouge", *steps) == "BLACK, ROUGE"
    assert made("noir > rouge", *steps, {"step": "join", "separator": "/"}) == "BLACK/ROUGE"
    assert made("noir > rouge", *steps, {"step": "only_if", "is_not": "BLACK"}) == "ROUGE"
    assert made("9 € > 8 $", SPLIT_ALL, field_type="multi_price") == "9 € | 8 $"
    assert made("a,b > c", SPLIT_ALL, {"step": "split", "separator": ",", "take": "last"}) == "c"
    assert made(">", SPLIT_ALL, {"step": "default", "value": "none"}) == "none"
    assert made(">", SPLIT_ALL, field_type="array") == ""


def test_an_item_may_hold_what_parts_items():
    text = made('a|b > "c, d"', SPLIT_ALL, field_type="array")
    assert FIELD_TYPES["array"].parser(Habit(list_separator="|"))(text) == ["a|b", '"c, d"']


def test_steps_go_in_order():
    steps = [{"step": "only_if", "is_not": "n/a"}, {"step": "default", "value": "ROT"}, {"step": "case", "to": "lower"}]
    assert made("n/a", *steps) == "rot"
    assert made(" BLAU ", *steps) == "blau"


def test_a_cell_cannot_be_blown_up():
    assert refused("x" * CELL_CHARACTERS, {"step": "prefix", "text": "y"})[0] is ErrorType.OUT_OF_RANGE
    for step in (
        {"step": "replace", "find": "x", "with": "y" * 500},
        {"step": "replace", "find": "(x+)", "with": "\\1" * 250, "regex": True},
        {"step": "replace", "find": "x", "with": "y" * 500, "regex": True},
        {"step": "concat", "parts": [{"column": "Farbe"}] * 50},
    ):
        assert refused("x" * 100_000, step)[0] is ErrorType.OUT_OF_RANGE
    assert made("x" * CELL_CHARACTERS, {"step": "trim", "collapse": True}) == "x" * CELL_CHARACTERS


def test_memory_of_a_file_with_all_it_asks_for_is_spelled_as_the_file_does():
    step = {"step": "concat", "parts": [{"column": "marke "}, " ", {"column": "NAME"}]}
    [told] = steps_json(steps_for([step], HEADERS))
    assert told["parts"] == [{"column": "Marke"}, " ", {"column": "Name"}]
    assert steps_for([step], ["Farbe", "Marke"]) == ()
    assert steps_for([{"step": "of another time"}], HEADERS) == ()
    assert steps_for([], HEADERS) == ()


@pytest.mark.parametrize(
    ("steps", "raw_type", "after", "expected"),
    [
        ([SPLIT_ALL], "string", ["a"], "array"),
        ([SPLIT_ALL], "multi_price", ["9 €"], "multi_price"),
        ([SPLIT_ALL, {"step": "case", "to": "upper"}], "number", [], "array"),
        ([SPLIT_ALL, {"step": "join", "separator": "/"}], "string", ["a"], "string"),
        ([SPLIT_ALL, {"step": "split", "separator": ",", "take": 1}], "string", ["a"], "string"),
        ([{"step": "date", "order": "dmy"}], "string", ["2026-01-02"], "datetime"),
        ([{"step": "number", "decimal": ","}], "price", ["1.234"], "price"),
        ([{"step": "number", "decimal": ","}], "string", ["1.234"], "number"),
        ([{"step": "number", "decimal": ","}], "string", ["1.234 €", "2"], "price"),
        ([{"step": "number", "decimal": ","}], "string", ["1.234 kg"], "string"),
        ([{"step": "number", "decimal": ","}], "price", ["1.234 kg"], "string"),
        ([{"step": "prefix", "text": "KB-"}], "number", ["KB-1", "KB-2"], "string"),
        ([{"step": "default", "value": "0"}], "number", ["1", "2", "0"], "number"),
        ([{"step": "replace", "find": "x", "with": ""}], "number", ["1", "free", "2"], "number"),
        ([{"step": "lookup", "values": {"S": "1"}}], "string", ["1"], "string"),
    ],
)
def test_a_new_field_has_the_type_its_steps_see_to(steps, raw_type, after, expected):
    read = read_transforms({"x": steps})["x"]
    assert type_after(read, raw_type, ["1", "2", "free"], after, Habit(decimal=",")) == expected


def test_numbers_come_out_with_a_point():
    assert writes_numbers(read_transforms({"x": [{"step": "number", "decimal": ","}]})["x"])
    assert not writes_numbers(read_transforms({"x": [{"step": "trim"}]})["x"])


def test_what_a_concat_puts_aside_says_nothing_of_how_its_cells_are_written():
    number, concat = {"step": "number", "decimal": ","}, {"step": "concat", "parts": [{"column": "Preis"}]}
    assert not writes_numbers(read_transforms({"x": [number, concat]})["x"])
    assert writes_numbers(read_transforms({"x": [concat, number]})["x"])
    dates = read_transforms({"x": [{"step": "date", "order": "dmy"}, concat]})["x"]
    assert type_after(dates, "string", [], [], Habit()) == "string"


def test_the_first_rows_are_read_after_their_steps():
    steps = read_transforms({"Farbe": [{"step": "number", "decimal": ","}]})["Farbe"]
    rows = [("1,5", "", "", ""), (" 9.90 ", "", "", ""), ("", "", "", ""), ("1,5",), ("1,5 kg", "", "", "")]
    read = first_rows_read(steps, "Farbe", HEADERS, rows, "number", Habit(decimal=","))
    assert read == [("1,5", True), ("9.90", False), ("1,5 kg", False)]


# Against plain Python -------------------------------------------------------------------------------------------------

TEXTS = st.text(alphabet="ab >,.€é0123 \u00a0", max_size=20)
SEPARATORS = st.sampled_from([">", ",", " > ", "ab"])


@given(TEXTS, st.dictionaries(TEXTS.filter(str.strip).map(str.strip), TEXTS, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_lookup_is_a_dict(cell, values):
    text = cell.strip()
    assert made(cell, {"step": "lookup", "values": values}) == (values.get(text, text) if text else text)


@given(TEXTS, st.text(alphabet="ab>.é", min_size=1, max_size=2), TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_replacement_is_pythons(cell, find, text):
    assert made(cell, {"step": "replace", "find": find, "with": text}) == cell.strip().replace(find, text)


@given(TEXTS, SEPARATORS, st.integers(-4, 4).filter(bool))
@settings(max_examples=200, deadline=None)
def test_a_piece_is_pythons(cell, separator, take):
    pieces = [piece.strip() for piece in cell.strip().split(separator)]
    expected = dict(enumerate(pieces, 1)) | dict(enumerate(pieces, -len(pieces)))
    assert made(cell, {"step": "split", "separator": separator, "take": take}) == expected.get(take, "")
    listed = made(cell, {"step": "split", "separator": separator, "take": "all"}, field_type="array")
    assert (json.loads(listed) if listed else []) == [piece for piece in pieces if piece]


@given(
    st.decimals(min_value=0, max_value=10**9, places=4),
    st.sampled_from([".", ","]),
    st.sampled_from(["", " €", " kg"]),
    st.decimals(min_value=Decimal("0.01"), max_value=1000, places=2),
    st.integers(0, 6),
)
@settings(max_examples=200, deadline=None)
def test_a_number_is_reckoned_exactly(number, decimal, unit, factor, places):
    grouped = f"{number:,f}"
    cell = grouped if decimal == "." else grouped.translate(str.maketrans(",.", ".,"))
    step = {"step": "number", "decimal": decimal, "multiply": str(factor), "round": places}
    expected = (number * factor).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    assert made(f"{cell}{unit}", step) == f"{expected:f}{unit}"


@given(st.dates(), st.sampled_from(["dd.MM.yyyy", "M/d/yyyy", "yyyyMMdd", "yyyy-MM-dd"]))
@settings(max_examples=100, deadline=None)
def test_a_date_is_read_back(day, shape):
    written = {
        "dd.MM.yyyy": f"{day.day:02}.{day.month:02}.{day.year:04}",
        "M/d/yyyy": f"{day.month}/{day.day}/{day.year:04}",
        "yyyyMMdd": f"{day.year:04}{day.month:02}{day.day:02}",
        "yyyy-MM-dd": f"{day.year:04}-{day.month}-{day.day}",
    }[shape]
    assert made(written, {"step": "date", "format": shape}) == day.isoformat()


ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.printable, max_size=60),
    st.text(alphabet="0123456789.,-+ €\u00a0'()eE/:", max_size=120),
    st.text(alphabet="<>/!-&#;xabp &amp;scriptyle", max_size=120),
    st.sampled_from(["&#" + "9" * 5_000 + ";", "<" * 3_000, "<a " * 3_000, "&" * 3_000, "0" * 5_000, "İ" * 100]),
)
_PATTERNS = st.sampled_from(["(a+)(b?)", "[0-9]+", "^.", "(?i)x|é", "\\s+", ".+", "(((a|b)+)+)+c"])
_WORDS = st.text(alphabet="aä>.\\1 €", min_size=1, max_size=4)
_FACTORS = st.sampled_from(["1.2", "0.001", "-3", "1000000000", "0.000000001"])
ANY_STEP = st.one_of(
    st.builds(lambda flag: {"step": "trim", "collapse": flag}, st.booleans()),
    st.builds(lambda to: {"step": "case", "to": to}, st.sampled_from(["lower", "upper", "title", "sentence"])),
    st.builds(
        lambda find, text, flag: {"step": "replace", "find": find, "with": text, "ignore_case": flag},
        _WORDS,
        _WORDS,
        st.booleans(),
    ),
    st.builds(lambda find: {"step": "replace", "find": find, "with": "<\\0>", "regex": True}, _PATTERNS),
    st.builds(
        lambda text, take: {"step": "split", "separator": text, "take": take},
        _WORDS,
        st.sampled_from(["all", "first", "last", 1, -2]),
    ),
    st.builds(lambda text: {"step": "join", "separator": text}, _WORDS),
    st.builds(
        lambda sign, multiply, divide, places: {
            "step": "number",
            "decimal": sign,
            "multiply": multiply,
            "divide": divide,
            "round": places,
        },
        st.sampled_from([".", ","]),
        st.none() | _FACTORS,
        st.none() | _FACTORS,
        st.none() | st.integers(0, 12),
    ),
    st.builds(lambda shape: {"step": "date", "format": shape}, st.sampled_from(["d.M.yy", "yyyyMMdd", "yyyy M d h a"])),
    st.builds(lambda order: {"step": "date", "order": order}, st.sampled_from(["dmy", "mdy", "ymd"])),
    st.just({"step": "default", "value": "x"}),
    st.just({"step": "concat", "parts": [{"column": "Marke"}, " ", {"column": "Farbe"}]}),
    st.builds(
        lambda otherwise: {"step": "lookup", "values": {"a": "b", "1": ""}, "otherwise": otherwise},
        st.sampled_from(["keep", "blank", "refuse"]),
    ),
    st.builds(lambda find: {"step": "only_if", "matches": find}, _PATTERNS),
    st.sampled_from([{"step": "only_if", "is_blank": True}, {"step": "only_if", "column": "Marke", "is_not": "a"}]),
    st.builds(lambda kind, text: {"step": kind, "text": text}, st.sampled_from(["prefix", "suffix"]), _WORDS),
    st.builds(lambda length: {"step": "pad", "length": length}, st.integers(1, 100)),
    st.builds(lambda length: {"step": "cut", "length": length}, st.integers(1, 100)),
    st.builds(lambda find: {"step": "extract", "pattern": find}, _PATTERNS),
    st.just({"step": "strip_html"}),
)


@given(st.lists(ANY_STEP, min_size=1, max_size=5), ANY_TEXT, ANY_TEXT, st.sampled_from(list(FIELD_TYPES)))
@settings(max_examples=600, deadline=None)
def test_no_step_stumbles_over_any_text(steps, cell, marke, field_type):
    """It makes a text of bounded size, the same one each time, or says what is wrong with the cell."""
    read = read_transforms({"Farbe": steps})["Farbe"]
    assert read_transforms({"Farbe": steps_json(read)})["Farbe"] == read
    told = []
    for again in (read, read_transforms(json.loads(json.dumps({"Farbe": steps_json(read)})))["Farbe"]):
        apply = compile_steps(again, "Farbe", HEADERS, field_type)
        for _ in range(2):
            try:
                text = apply([cell, marke, "", ""])
            except Unfit as unfit:
                text = unfit.message
                assert len(text) < 200
            assert len(text) <= 2 * CELL_CHARACTERS
            told.append(text)
    assert len(set(told)) == 1


def test_all_steps_are_tried_with_any_text():
    tried: set[str] = set()

    @given(ANY_STEP)
    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    def collect(step):
        tried.add(step["step"])

    collect()
    assert tried == set(STEPS)


@pytest.mark.parametrize(
    "step",
    [
        {"step": "strip_html"},
        {"step": "trim", "collapse": True},
        {"step": "case", "to": "title"},
        {"step": "replace", "find": "(((a|b)+)+)+c", "with": "x", "regex": True},
        {"step": "extract", "pattern": "(((a|b)+)+)+c"},
        {"step": "only_if", "matches": "(((a|b)+)+)+c"},
    ],
    ids=lambda step: step["step"],
)
@pytest.mark.parametrize(
    "text", ["<a " * 300_000, "<!--" * 200_000, "ab" * 400_000, "<" * 500_000, "<script" * 100_000]
)
def test_the_longest_cells_are_taken(step, text):
    """A step whose work grew with the square of its cell would still be at it tomorrow."""
    made(text, step)
