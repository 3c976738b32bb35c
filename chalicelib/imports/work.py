"""What becomes of a chunk's rows: worked out against the catalogue, with nothing written to it.

In: the rows of a chunk, the plan, and a `Catalogue` to ask. Out: `ChunkWork`, the rows that change something and what
is said of the others. The import, the check before it and the dry run all go through here: they cannot disagree.

Serves the shared spec, section 1 "Matching", "Update rules" and "EANs pending".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.imports.file_rows import FileRow
from chalicelib.imports.plan import ImportPlan
from chalicelib.imports.rows import Converted, Problem, Refused, compile_row_converter, text_reader
from chalicelib.imports.unique import UniqueValue, not_unique, unique_values
from chalicelib.model.import_job import ImportJob
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.row_error import ErrorType, RowError, Severity
from chalicelib.store import products
from chalicelib.store.postgres import Cursor
from chalicelib.store.products import Claim, KnownProduct

_WITH_WARNINGS = b"!"
"""Ends the stored hash of a row that was accepted with warnings: its twin is converted again to say them again."""

Accepted = tuple[FileRow, Converted]


class Catalogue(Protocol):
    """The products that rows are held against, and the rows of the same file that are known already."""

    def known(self, skus: Sequence[str]) -> Mapping[str, KnownProduct]:
        """Those of these products that are there, by sku."""
        ...

    def ean_owners(self, eans: Sequence[str]) -> dict[str, str]:
        """The sku that holds each ean (14 digits), for those that are held."""
        ...

    def claim_rows(self, rows: Iterable[tuple[str, int, int]]) -> Iterable[Claim]:
        """Claim (sku, row_number, line); each sku must come once. The highest row number holds it."""
        ...

    def first_rows(self, values: Sequence[UniqueValue]) -> Mapping[str, int]:
        """The row that is the first of the file with each of these, by their keys."""
        ...


@dataclass(frozen=True, slots=True)
class StoredCatalogue:
    """The catalogue in PostgreSQL, as a transaction of a job sees it."""

    cursor: Cursor
    job: ImportJob

    def known(self, skus: Sequence[str]) -> Mapping[str, KnownProduct]:
        return products.known(self.cursor, self.job.workspace_id, skus) if skus else {}

    def ean_owners(self, eans: Sequence[str]) -> dict[str, str]:
        return products.ean_owners(self.cursor, self.job.workspace_id, eans) if eans else {}

    def claim_rows(self, rows: Iterable[tuple[str, int, int]]) -> Iterable[Claim]:
        return products.claim_rows(self.cursor, self.job.workspace_id, self.job.id, self.job.run, rows)

    def first_rows(self, values: Sequence[UniqueValue]) -> Mapping[str, int]:
        keys = [each.key for each in values]
        return products.claimed_rows(self.cursor, self.job.workspace_id, self.job.id, self.job.run, keys)


@dataclass(slots=True)
class ChunkWork:
    """What becomes of a chunk's rows. Those that are in none of the lists are unchanged.

    Attributes:
        rows: how many there are.
        changed: rows to be written, each with the product it becomes; every sku once.
        skipped: numbers of rows that are left alone on purpose.
        refused: numbers of bad rows.
        homeless: rows that could be no product and may have an EAN that waits for one.
    """

    rows: int
    changed: list[Accepted] = field(default_factory=list)
    findings: list[RowError] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    homeless: list[FileRow] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.rows - len(self.changed) - len(self.skipped) - len(self.refused)

    @property
    def warnings(self) -> int:
        return sum(each.severity is Severity.WARNING for each in self.findings)

    def refuse(self, row: FileRow, problems: Iterable[Problem]) -> None:
        """The row is not imported, for these reasons."""
        self.refused.append(row.number)
        self.note(row, problems)

    def skip(self, row: FileRow, why: Problem) -> None:
        """The row is good, and left alone."""
        self.skipped.append(row.number)
        self.note(row, (why,))

    def note(self, row: FileRow, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.findings.append(
                RowError(
                    row.number,
                    row.line,
                    problem.severity,
                    problem.error_type,
                    problem.message,
                    problem.field,
                    problem.column,
                    problem.raw_value,
                )
            )


def work_out(catalogue: Catalogue, job_id: int, plan: ImportPlan, rows: Sequence[FileRow]) -> ChunkWork:
    """Which rows are to be written, and what is to be said of the others."""
    work = ChunkWork(len(rows))
    accepted, known = _sound(catalogue, job_id, plan, rows, work, _holders(catalogue))
    if not plan.keys_are_unique:
        # Only a row that will be imported may push out another; and the hash that counts is the one behind the claim.
        accepted = _last_of_each_key(catalogue, accepted, work)
        known = catalogue.known([made.sku for _, made in accepted])
    work.changed = _changed(accepted, known, work)
    return work


def look_over(
    catalogue: Catalogue, job_id: int, plan: ImportPlan, rows: Sequence[FileRow], find_first: "FindFirst"
) -> ChunkWork:
    """What is wrong with these rows, before any is written: all but what rows of the file do to each other's products.

    ``find_first`` is told of the unique values there are.
    """
    work = ChunkWork(len(rows))
    _sound(catalogue, job_id, plan, rows, work, find_first)
    return work


FindFirst = Callable[[Sequence[UniqueValue], ChunkWork], Mapping[str, int]]
"""From the unique values of a chunk's sound rows to the row that holds each."""


def _holders(catalogue: Catalogue) -> FindFirst:
    return lambda values, _: catalogue.first_rows(values)


def _sound(
    catalogue: Catalogue,
    job_id: int,
    plan: ImportPlan,
    rows: Sequence[FileRow],
    work: ChunkWork,
    find_first: FindFirst,
) -> tuple[list[Accepted], Mapping[str, KnownProduct]]:
    """The rows that may be imported, and what is known of their products.

    A stored hash stands for a row that these very rules accepted: its twin need not be converted again, unless it was
    accepted with warnings, which are then said again.
    """
    convert = compile_row_converter(plan.rows)
    if plan.twins_are_skipped:
        known = catalogue.known([row.key for row in rows if row.key])
        rows = [row for row in rows if not (row.key and row.key in known and known[row.key].row_hash == row.digest)]
        accepted = _accept(convert, plan, rows, work)
    else:
        accepted = _accept(convert, plan, rows, work)
        if plan.unique_fields:
            accepted = _first_of_each_value(plan, accepted, work, find_first)
        known = {} if plan.matches_by_ean else catalogue.known([made.sku for _, made in accepted])
    allowed = _Allowed(plan, job_id, work)
    if plan.matches_by_ean:
        return _matched_by_ean(catalogue, accepted, work, allowed)
    accepted = [each for each in accepted if allowed(*each, known)] if allowed.asks else accepted
    if plan.rows.has_ean:
        accepted = _sole_owners(catalogue, accepted, known, work)
    return accepted, known


def _accept(
    convert: Callable[[list[str]], Converted | Refused], plan: ImportPlan, rows: Iterable[FileRow], work: ChunkWork
) -> list[Accepted]:
    accepted = []
    name_of = text_reader(plan.rows, NAME)
    for row in rows:
        made = convert(row.cells)
        if isinstance(made, Refused):
            work.refuse(row, made.problems)
            if not plan.create_missing or _is_nameless(plan, row, name_of, made):
                work.homeless.append(row)
        else:
            accepted.append((row, made))
    return accepted


def _is_nameless(plan: ImportPlan, row: FileRow, name_of: Callable[[Sequence[str]], str], refused: Refused) -> bool:
    """A bad row has no name that will do. Where blank cells are ignored a blank one is no problem of its own."""
    column = plan.rows.column_of(NAME)
    if column is None or any(each.field == NAME for each in refused.problems):
        return True
    return column.position < len(row.cells) and not name_of(row.cells)


def _changed(accepted: Iterable[Accepted], known: Mapping[str, KnownProduct], work: ChunkWork) -> list[Accepted]:
    """Leave out rows whose twin is stored. Warnings are said of all."""
    changed = []
    for row, made in accepted:
        if made.warnings:
            work.note(row, made.warnings)
        stored = known.get(made.sku)
        if not (stored and stored.row_hash == mark(row, made)):
            changed.append((row, made))
    return changed


def mark(row: FileRow, made: Converted) -> bytes:
    """The hash a row is stored with."""
    return row.digest + _WITH_WARNINGS if made.warnings else row.digest


# What the options allow -----------------------------------------------------------------------------------------------


class _Allowed:
    """Whether a row may become, or change, its product. What it may not is skipped or refused."""

    def __init__(self, plan: ImportPlan, job_id: int, work: ChunkWork) -> None:
        self._plan = plan
        self._job_id = job_id
        self._work = work
        self.asks = not (
            plan.overwrite_existing and plan.create_missing and plan.rows.has_name and not plan.keeps_blanks
        )

    def __call__(self, row: FileRow, made: Converted, known: Mapping[str, KnownProduct]) -> bool:
        stored = known.get(made.sku)
        if stored is None:
            return self._may_be_made(row, made)
        # One of the job's own that somebody has edited since is theirs.
        if self._plan.overwrite_existing or (stored.job_id == self._job_id and stored.row_hash is not None):
            return True
        self._work.skip(row, _already_there(made.sku))
        return False

    def _may_be_made(self, row: FileRow, made: Converted) -> bool:
        if not self._plan.create_missing:
            self._work.skip(row, _not_to_be_made(made))
        elif not self._plan.rows.has_name:
            self._work.refuse(row, [_nameless(made.sku)])
        elif made.lacks:
            self._work.refuse(row, made.lacks)
        else:
            return True
        if not (self._plan.create_missing and made.name):
            self._work.homeless.append(row)
        return False


def _already_there(sku: str) -> Problem:
    message = f'The product "{sku}" is in the catalogue already and was left as it is (overwrite_existing is off).'
    return Problem(Severity.WARNING, ErrorType.ALREADY_EXISTS, SKU, None, message, sku)


def _not_to_be_made(made: Converted) -> Problem:
    key = f'EAN {made.ean} or sku "{made.sku}"' if made.ean else f'sku "{made.sku}"'
    message = f"Nothing in the catalogue has {key}, and the import makes no new products (create_missing is off)."
    return Problem(Severity.WARNING, ErrorType.NOT_IN_LIST, EAN if made.ean else SKU, None, message, made.sku)


def _nameless(sku: str) -> Problem:
    """A file without a name column can change products, not make them."""
    message = f'"{sku}" is new and has no name: map a column to "name" to make new products.'
    return Problem(Severity.ERROR, ErrorType.MISSING_REQUIRED_FIELD, NAME, None, message, None)


# Whose row it is ------------------------------------------------------------------------------------------------------


def _matched_by_ean(
    catalogue: Catalogue, accepted: Sequence[Accepted], work: ChunkWork, allowed: _Allowed
) -> tuple[list[Accepted], Mapping[str, KnownProduct]]:
    """Rows under the sku of the product they belong to, and what is known of those products.

    That is the product with the row's ean, whatever sku the row has; one that nobody has goes to the product with the
    row's sku. A row whose sku and ean belong to two products is refused. Rows are taken in file order, each after what
    the ones before it have made.
    """
    owners = _Owners(catalogue, accepted)
    known = catalogue.known(list({made.sku for _, made in accepted}.union(owners.stored.values())))
    made_here: set[str] = set()
    matched = []
    for row, made in accepted:
        owner = owners.of(made)
        if owner != made.sku:
            if row.key and (made.sku in known or made.sku in made_here):
                work.refuse(row, [_two_products(made, owner)])
                continue
            made.sku = owner
        if not allowed(row, made, known):
            continue
        owners.take(made)
        made_here.add(made.sku)
        matched.append((row, made))
    return matched, known


def _sole_owners(
    catalogue: Catalogue, accepted: Sequence[Accepted], known: Mapping[str, KnownProduct], work: ChunkWork
) -> list[Accepted]:
    """One product an ean, where rows are matched by sku.

    A row whose product has another ean and claims one that belongs to a different product is refused: its sku and its
    ean say two things. A row whose product has none yet is taken without it, with a warning.
    """
    owners = _Owners(catalogue, accepted)
    sole = []
    for row, made in accepted:
        owner = owners.of(made)
        if owner != made.sku:
            conflict = _two_products(made, owner)
            if made.sku in known and known[made.sku].ean:
                work.refuse(row, [conflict])
                continue
            warning = Problem(Severity.WARNING, ErrorType.NOT_UNIQUE, EAN, None, conflict.message, made.ean)
            made.warnings += (warning,)
            made.ean = None
            made.data.pop(EAN, None)
        owners.take(made)
        sole.append((row, made))
    return sole


class _Owners:
    """The sku that has each EAN: in the catalogue, or by a row of this chunk. A row that another one of its key pushes
    out has none; what a product of the catalogue gives up is free once the chunk is in.
    """

    def __init__(self, catalogue: Catalogue, accepted: Sequence[Accepted]) -> None:
        self.stored = catalogue.ean_owners([made.ean for _, made in accepted if made.ean])
        self._taken: dict[str, str] = {}
        self._eans: dict[str, str] = {}

    def of(self, made: Converted) -> str:
        """Whose product the row's EAN names; the row's own where nobody has it."""
        if made.ean is None:
            return made.sku
        return self.stored.get(made.ean) or self._taken.get(made.ean, made.sku)

    def take(self, made: Converted) -> None:
        """The row stands, and pushes out what stood under its sku before."""
        if before := self._eans.pop(made.sku, None):
            del self._taken[before]
        if made.ean and made.ean not in self.stored:
            self._taken[made.ean] = made.sku
            self._eans[made.sku] = made.ean


def _two_products(made: Converted, owner: str) -> Problem:
    message = f'EAN {made.ean} belongs to the product with sku "{owner}", not to "{made.sku}": one is wrong.'
    return Problem(Severity.ERROR, ErrorType.IDENTITY_CONFLICT, EAN, None, message, made.ean)


# Rows against rows ----------------------------------------------------------------------------------------------------


def _last_of_each_key(catalogue: Catalogue, accepted: Sequence[Accepted], work: ChunkWork) -> list[Accepted]:
    """The last row in file order wins, here and across chunks, whatever order they finish in."""
    last_here: dict[str, Accepted] = {}
    for row, made in accepted:
        if pushed_out := last_here.pop(made.sku, None):
            work.skip(pushed_out[0], _pushed_out(made.sku, row.number))
        last_here[made.sku] = (row, made)
    if not last_here:
        return []
    claims = catalogue.claim_rows((key, row.number, row.line) for key, (row, _) in last_here.items())
    for claim in claims:
        row, _ = last_here[claim.key]
        if claim.row_number != row.number:
            del last_here[claim.key]
            work.skip(row, _pushed_out(claim.key, claim.row_number))
        elif claim.previous_row is not None and claim.previous_line is not None:
            earlier = row._replace(number=claim.previous_row, line=claim.previous_line)
            work.note(earlier, [_pushed_out(claim.key, row.number)])
    return list(last_here.values())


def _pushed_out(key: str, by_row: int) -> Problem:
    return Problem(
        Severity.WARNING,
        ErrorType.DUPLICATE_IN_FILE,
        SKU,
        None,
        f'"{key}" comes again in row {by_row}; the last row of the file wins and this one was passed over.',
        key,
    )


def _first_of_each_value(
    plan: ImportPlan, accepted: Sequence[Accepted], work: ChunkWork, find_first: FindFirst
) -> list[Accepted]:
    """The rows whose unique values no earlier row of the file has, and those of which it is only to be told."""
    values = [value for row, made in accepted for value in unique_values(plan, row, made)]
    first_rows = find_first(values, work) if values else {}
    repeated: dict[int, list[Problem]] = {}
    for value in values:
        if (first := first_rows.get(value.key, value.row.number)) != value.row.number:
            repeated.setdefault(value.row.number, []).append(not_unique(plan, value, first))
    sound = []
    for row, made in accepted:
        problems = repeated.get(row.number, ())
        if any(each.severity is Severity.ERROR for each in problems):
            work.refuse(row, problems)
            continue
        made.warnings += tuple(problems)
        sound.append((row, made))
    return sound
