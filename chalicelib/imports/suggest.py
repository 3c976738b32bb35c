"""Step 3, suggest: what the supplier's last file of these columns was confirmed as, then the workspace's memory, then
the offline vocabulary, then a model for the columns the vocabulary is unsure of, if there is one.

It opens transactions of its own, short ones: a model is waited for outside of any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from uuid import UUID

import orjson

from chalicelib.catalog import suppliers
from chalicelib.fields import habit_of_locale
from chalicelib.imports.ask_model import second_opinion
from chalicelib.imports.plan import habit_of_column
from chalicelib.imports.report import report_columns
from chalicelib.imports.transforms import first_rows_read, steps_for, writes_dates, writes_numbers
from chalicelib.model.mapping import ColumnSuggestion, Learned, Origin, Suggestion
from chalicelib.model.outcomes import Analysis, ColumnEvidence
from chalicelib.model.product_schema import ProductSchema
from chalicelib.model.transform import TRANSFORMS_BYTES, Steps, steps_json
from chalicelib.services import Services
from chalicelib.store import schemas
from chalicelib.store.postgres import Cursor
from chalicelib.suggest import facts_of, normalise_header, suggest
from chalicelib.suggest.doubts import UnderstoodFile
from chalicelib.suggest.tell import COUNTEREXAMPLE_CHARACTERS, COUNTEREXAMPLES, tell
from chalicelib.suggest.unclear import as_read_by


def prepare(services: Services) -> None:
    """Say that a file is about to be suggested for: a model takes a while to be ready."""
    if services.column_reader is not None:
        services.column_reader.prepare()


def suggest_for(
    services: Services,
    workspace_id: int,
    analysis: Analysis,
    *,
    supplier_id: UUID | None = None,
    supplier_code: str | None = None,
    began: float | None = None,
    ask: bool = True,
) -> Suggestion:
    """A field for each column of the file, and the schema that goes with them.

    ``supplier_id`` or ``supplier_code``: whose file it is; nothing is remembered of a supplier that is new. ``began``:
    when the file began to come in, by ``services.clock``, where somebody waits for the answer. ``ask``: a model may be
    asked.
    """
    began = services.clock() if began is None else began
    ours = report_columns(analysis.dialect)
    columns = [column for column in analysis.columns if column.position not in ours]
    with services.database.workspace(workspace_id) as cursor:
        supplier_id = supplier_id or _known_supplier(cursor, workspace_id, supplier_code)
        by_supplier = _learned_of(cursor, workspace_id, analysis.headers, supplier_id)
        keys = [normalise_header(column.header) for column in columns]
        learned = schemas.learned(cursor, workspace_id, keys) | by_supplier
        schema = schemas.read(cursor, workspace_id)
    by_locale = habit_of_locale(schema.default_locale, schema.default_currency)
    columns = [as_read_by(by_locale, column) for column in columns]
    offline = suggest(
        columns,
        analysis.sample_rows,
        learned={key: each.field for key, each in learned.items()},
        by_supplier=by_supplier,
        schema=schema,
        row_count=analysis.row_count,
    )
    if ask and services.column_reader is not None:
        facts = [facts_of(each, analysis.sample_rows, analysis.row_count) for each in columns]
        offline = second_opinion(services, workspace_id, UnderstoodFile(facts, offline, schema), began=began)
    suggestion = tell(offline, columns, by_locale)
    told = _with_steps(suggestion.columns, columns, learned, analysis, schema)
    told[ours.start : ours.start] = [_left_out(analysis.headers[position]) for position in ours]
    return replace(suggestion, columns=tuple(told))


def _known_supplier(cursor: Cursor, workspace_id: int, code: str | None) -> UUID | None:
    known = suppliers.find(cursor, workspace_id, code) if code else None
    return known.id if known else None


def _learned_of(
    cursor: Cursor, workspace_id: int, headers: Sequence[str], supplier_id: UUID | None
) -> dict[str, Learned]:
    """What the supplier's last file of these columns was confirmed as, by header key."""
    confirmed = suppliers.mapping_for(cursor, workspace_id, supplier_id, headers) if supplier_id else None
    return {normalise_header(header): each for header, each in (confirmed or {}).items()}


def _with_steps(
    told: Sequence[ColumnSuggestion],
    columns: Sequence[ColumnEvidence],
    learned: Mapping[str, Learned],
    analysis: Analysis,
    schema: ProductSchema,
) -> list[ColumnSuggestion]:
    """Columns that are remembered have the steps they were confirmed with, if this file has all they ask for, and no
    more of them together than a mapping may have.
    """
    found, size_bytes = [], 0
    for column, evidence in zip(told, columns, strict=True):
        steps = _remembered_steps(column, learned, analysis.headers)
        if not steps:
            found.append(column)
            continue
        size_bytes += len(orjson.dumps({column.column: steps_json(steps)}))
        found.append(
            _after_steps(column, steps, evidence, analysis, schema)
            if size_bytes <= TRANSFORMS_BYTES
            else replace(column, reason=f"{column.reason} {_TOO_MANY_STEPS}")
        )
    return found


_TOO_MANY_STEPS = (
    "Its steps of last time are left out: with those of other columns they are more than a mapping may have."
)


def _remembered_steps(column: ColumnSuggestion, learned: Mapping[str, Learned], headers: Sequence[str]) -> Steps:
    memory = learned.get(normalise_header(column.column))
    if memory is None or column.origin is not Origin.MEMORY or memory.field != column.field:
        return ()
    return steps_for(memory.transforms, headers)


def _after_steps(
    column: ColumnSuggestion, steps: Steps, evidence: ColumnEvidence, analysis: Analysis, schema: ProductSchema
) -> ColumnSuggestion:
    """The column with its steps, and how the first rows fit after them: the next file's cells may be others."""
    column_type = column.type or "string"
    habit = habit_of_column(asdict(evidence), schema)
    read = first_rows_read(steps, column.column, analysis.headers, analysis.sample_rows, column_type, habit)
    unread = dict.fromkeys(cell for cell, fits in read if not fits)
    says_how = writes_numbers(steps) or writes_dates(steps)
    return replace(
        column,
        transforms=tuple(steps_json(steps)),
        fits=round(sum(fits for _, fits in read) / len(read), 4) if read else column.fits,
        counterexamples=tuple(cell[:COUNTEREXAMPLE_CHARACTERS] for cell in unread)[:COUNTEREXAMPLES],
        habit=None if says_how else column.habit,
    )


def _left_out(header: str) -> ColumnSuggestion:
    return ColumnSuggestion(header, None, Origin.HEADER, 1.0, "The report of bad rows tells here what was wrong.")
