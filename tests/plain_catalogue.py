"""A catalogue and its imports as the documents tell of them, in dicts and loops: what the engine is held against.

Shared spec, section 1, and ``docs/decisions``. Nothing of ``chalicelib`` is used. Cells are few and plain, so that what
is stored of them is plain too: prices are texts like "9.90" in one currency, lists are written "a|b".

Where the documents are silent, the model has it so:

- The rows of a chunk are held against the catalogue as the chunk finds it, and against the EANs that rows before them
  in the chunk have taken, unless those are passed over. An EAN that a product gives up is free once the chunk is in.
- A product is a job's own as long as nobody else was at it since the job wrote it.
- Matched by SKU, a row that claims the EAN of another product is bad when its own product has an EAN, which it would
  lose; else it goes in without one, with a warning.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

Cells = Mapping[str, str]
"""Header to cell."""
Finding = tuple[int, str, str]
"""Row number, error type, severity."""

RUNNING = frozenset({"queued", "processing"})
ENDED = frozenset({"completed", "completed_with_errors", "failed", "cancelled"})
UNMAPPED = frozenset({"awaiting_mapping", "ready"})

MAY: Mapping[str, frozenset[str]] = {
    "map": UNMAPPED,
    "dry_run": UNMAPPED,
    "start": frozenset({"ready"}),
    "cancel": RUNNING,
    "retry": frozenset({"failed", "cancelled"}),
    "archive": ENDED,
    "unarchive": ENDED,
    "undo": ENDED,
    "delete": ENDED | UNMAPPED,
}
"""What may be asked of a job, and in which states."""


class Refusal(Exception):
    """What was asked is refused: illegal, conflict, invalid."""


@dataclass
class PlainProduct:
    """A product. ``content`` names what it holds: another write, another number; what is brought back has its old one.

    ``row`` is what it was last written from, unless somebody else was at it since.
    """

    serial: int
    sku: str
    name: str
    ean: str | None
    data: dict[str, Any]
    source: str
    supplier: str | None = None
    written_by: int | None = None
    content: int = 0
    row: object = None


@dataclass
class PlainWrite:
    """What a chunk wrote: for each product its number, its sku, how it was before (None: not there), its content."""

    products: list[tuple[int, str, PlainProduct | None, int]]


@dataclass
class PlainJob:
    """An import, or the undoing of one (``undo_of``). ``writes`` are those that were not taken back."""

    id: int
    rows: Sequence[Cells]
    match_on: str
    supplier: str | None
    state: str = "awaiting_mapping"
    mapping: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    transforms: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    run: int = 0
    is_checking: bool = False
    checked: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    claims: dict[str, int] = field(default_factory=dict)
    first_rows: dict[str, int] = field(default_factory=dict)
    writes: list[PlainWrite] = field(default_factory=list)
    is_archived: bool = False
    undo_of: int | None = None
    undone_by: int | None = None
    parts: list[list[PlainWrite]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """A column is mapped to the field."""
        return name in self.mapping.values()

    def cell(self, name: str, cells: Cells) -> str:
        """What is read of the field's column; blank where its steps do not take the cell."""
        return self._stepped(name, cells) or ""

    def refuses(self, name: str, cells: Cells) -> bool:
        """The steps of the field's column do not take the cell."""
        return self._stepped(name, cells) is None

    def _stepped(self, name: str, cells: Cells) -> str | None:
        header = next((header for header, mapped in self.mapping.items() if mapped == name), None)
        if header is None:
            return ""
        text: str | None = cells[header]
        for step in self.transforms.get(header, ()):
            text = _stepped(step, text) if text else text
        return text

    def texts(self, name: str) -> list[str]:
        return [self.cell(name, cells) for cells in self.rows]

    @property
    def by_ean(self) -> bool:
        return (self.options.get("match_on") or self.match_on) == "ean"

    @property
    def overwrites(self) -> bool:
        return bool(self.options.get("overwrite_existing", True))

    @property
    def creates(self) -> bool:
        return bool(self.options.get("create_missing", True))

    @property
    def keeps_blanks(self) -> bool:
        return self.options.get("blank_cells") == "ignore"

    @property
    def policy(self) -> str:
        return str(self.options.get("error_policy", "skip"))

    def rule(self, name: str, word: str) -> Any:
        return self.rules.get(name, {}).get(word)

    def severity(self, name: str) -> str:
        return str(self.rule(name, "severity") or "error")

    @property
    def needs_check(self) -> bool:
        """All rows are to be looked at before one is written."""
        names = self.texts("name")
        # Nobody has seen before what steps make of names.
        repeats = not all(names) or len(set(names)) < len(names) or "Title" in self.transforms
        return self.policy == "all_or_nothing" or bool(self.rule("name", "unique") and self.has("name") and repeats)

    def twin(self, cells: Cells, *, warned: bool) -> object:
        """What tells a row from all that would become something else."""
        shows_lists = any(self.texts("tags"))
        said = str((self.rules, sorted(self.transforms.items())))
        terms = (sorted(self.mapping.items()), self.by_ean, self.keeps_blanks, said, self.supplier)
        return (tuple(cells.values()), terms, shows_lists, warned)


@dataclass
class Reading:
    """What a row says. ``sku`` is that of the product it would be; ``lacks`` what it can make no product without."""

    own_sku: str
    sku: str
    ean: str | None = None
    name: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    lacks_name: bool = False


def _stepped(step: Mapping[str, Any], text: str) -> str | None:
    """A text after one of the steps that files here are given; None when it is refused."""
    if step["step"] == "case":
        return text.upper()
    values = step["values"]
    return str(values[text]) if text in values else None if step.get("otherwise") == "refuse" else text


def gtin(text: str) -> str | None:
    """The 14 digits an EAN is compared by; None for what is no EAN."""
    if not (text.isascii() and text.isdigit() and len(text) in {8, 12, 13, 14}):
        return None
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text)))
    return text.rjust(14, "0") if weighed % 10 == 0 else None


def is_price(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def read_row(job: PlainJob, cells: Cells) -> Reading:
    """A row by the rules of the spec: "Matching", "Update rules" and "error_type"."""
    own = job.cell("sku", cells) if job.has("sku") else ""
    found = Reading(own, own)
    for name in ("sku", "name", "ean", "price", "tags"):
        if job.refuses(name, cells):
            found.problems.append((name, "not_in_list"))
        elif job.has(name) and name != "sku":
            _read_cell(job, found, name, job.cell(name, cells))
    if not own and not job.refuses("sku", cells):
        _take_ean_for_sku(job, found, cells)
    return found


def _read_cell(job: PlainJob, found: Reading, name: str, text: str) -> None:
    if not text:
        _miss(job, found, name)
    elif name == "name":
        found.name = text
    elif name == "tags":
        found.data["tags"] = text.split("|")
        if len(found.data["tags"]) < (job.rule("tags", "min_length") or 0):
            _break_rule(job, found, "tags", "out_of_range")
    elif name == "price":
        if not is_price(text):
            found.problems.append(("price", "invalid_type"))
            return
        found.data["price"] = text
        if float(text) > (job.rule("price", "max") or float("inf")):
            _break_rule(job, found, "price", "out_of_range")
    elif code := gtin(text):
        found.ean, found.data["ean"] = code, text
    elif found.own_sku and not job.by_ean and not (job.rule("ean", "required") and job.severity("ean") == "error"):
        found.warnings.append(("ean", "ean_invalid"))
    else:
        found.problems.append(("ean", "ean_invalid"))


def _miss(job: PlainJob, found: Reading, name: str) -> None:
    if name == "name":
        found.lacks_name = True
        if not job.keeps_blanks:
            found.problems.append(("name", "missing_required_field"))
    elif job.rule(name, "required"):
        _break_rule(job, found, name, "missing_required_field")


def _break_rule(job: PlainJob, found: Reading, name: str, error_type: str) -> None:
    (found.problems if job.severity(name) == "error" else found.warnings).append((name, error_type))


def _take_ean_for_sku(job: PlainJob, found: Reading, cells: Cells) -> None:
    """With no sku column, and where rows are matched by EAN, sku := ean."""
    will_do = job.has("ean") and (job.by_ean or not job.has("sku"))
    if will_do and found.ean:
        found.sku = found.data["ean"]
    elif not (will_do and job.cell("ean", cells)):
        found.problems.append(("sku", "missing_required_field"))


@dataclass
class Outcome:
    """What becomes of a chunk's rows: ``winners`` are written, by sku."""

    winners: dict[str, tuple[int, Cells, Reading]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    homeless: list[Cells] = field(default_factory=list)
    unchanged: int = 0

    def refuse(self, number: int, *error_types: str) -> None:
        self.refused.append(number)
        self.findings += [(number, each, "error") for each in error_types]

    def skip(self, number: int, why: str) -> None:
        self.skipped.append(number)
        self.warn(number, why)

    def warn(self, number: int, why: str) -> None:
        self.findings.append((number, why, "warning"))

    @property
    def warnings(self) -> int:
        return sum(severity == "warning" for _, _, severity in self.findings)


@dataclass
class PlainCatalogue:
    """All that a workspace holds. ``waiting`` are EANs by their supplier, and whether a person wants none of it."""

    chunk_rows: int
    products: dict[str, PlainProduct] = field(default_factory=dict)
    jobs: dict[int, PlainJob] = field(default_factory=dict)
    waiting: dict[tuple[str, str | None], bool] = field(default_factory=dict)
    numbers: int = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def held(self) -> dict[str, tuple[str, str | None, dict[str, Any], str, str | None]]:
        """The catalogue as it is compared."""
        return {
            sku: (each.name, each.ean, each.data, each.source, each.supplier) for sku, each in self.products.items()
        }

    def waiting_now(self) -> set[tuple[str, str | None]]:
        return {key for key, ignored in self.waiting.items() if not ignored and self.owner(key[0]) is None}

    def owner(self, ean: str | None) -> str | None:
        return next((sku for sku, each in self.products.items() if ean and each.ean == ean), None)

    def resolve(self, ean: str | None) -> None:
        """A product has come with an EAN."""
        for key in [key for key, ignored in self.waiting.items() if key[0] == ean and not ignored]:
            del self.waiting[key]

    # People's edits ---------------------------------------------------------------------------------------------------

    def create(self, sku: str, name: str, given: Mapping[str, Any]) -> None:
        _check_given(given)
        if sku in self.products or self.owner(gtin(given.get("ean") or "")):
            raise Refusal("conflict")
        self._merge(sku, name, given)

    def change(self, sku: str, name: str | None, given: Mapping[str, Any]) -> None:
        """A PATCH: null removes the key."""
        _check_given(given)
        if self.owner(gtin(given.get("ean") or "")) not in {None, sku}:
            raise Refusal("conflict")
        self._merge(sku, name, given)

    def bulk(self, items: Sequence[tuple[str, str | None, Mapping[str, Any]]]) -> list[int]:
        """The indexes of those that were refused. An EAN that is given up by one is free after the call."""
        owners = {each.ean: sku for sku, each in self.products.items() if each.ean}
        merged: dict[str, tuple[str | None, dict[str, Any]]] = {}
        refused = []
        for index, (sku, name, given) in enumerate(items):
            ean = gtin(given.get("ean") or "")
            is_new = sku not in self.products and sku not in merged
            if not _fits(given) or (is_new and not name) or (ean and owners.get(ean, sku) != sku):
                refused.append(index)
                continue
            if ean:
                owners[ean] = sku
            told = merged.get(sku, (None, {}))
            merged[sku] = (name or told[0], {**told[1], **given})
        for sku, (_, given) in merged.items():
            # Those who give an EAN up go before those who take it.
            if "ean" in given and sku in self.products:
                self._merge(sku, None, {"ean": None} if gtin(given["ean"] or "") != self.products[sku].ean else {})
        for sku, (name, given) in merged.items():
            self._merge(sku, name, given)
        return refused

    def remove(self, sku: str) -> None:
        del self.products[sku]

    def _merge(self, sku: str, name: str | None, given: Mapping[str, Any]) -> None:
        found = self.products.get(sku)
        product = replace(found, data=dict(found.data)) if found else PlainProduct(0, sku, "", None, {}, "api")
        product.name = name or product.name
        for each, value in given.items():
            product.data.pop(each, None)
            if value:
                product.data[each] = value
        if "ean" in given:
            product.ean = gtin(given["ean"] or "")
        if product == found:
            return
        product.serial = product.serial or self.number()
        product.content, product.row = self.number(), None
        self.products[sku] = product
        if given.get("ean"):
            self.resolve(product.ean)

    def ignore(self, key: tuple[str, str | None]) -> None:
        self.waiting[key] = True

    # Steering jobs ----------------------------------------------------------------------------------------------------

    def _asked(self, verb: str, job_id: int) -> PlainJob:
        job = self.jobs[job_id]
        if job.undo_of is not None and verb == "undo":
            raise Refusal("conflict")
        if job.state not in MAY[verb]:
            raise Refusal("illegal")
        return job

    def upload(self, job_id: int, rows: Sequence[Cells], match_on: str, supplier: str | None) -> None:
        self.jobs[job_id] = PlainJob(job_id, rows, match_on, supplier)

    def map(
        self,
        job_id: int,
        mapping: Mapping[str, str],
        rules: Mapping[str, Mapping[str, Any]],
        options: Mapping[str, Any],
        transforms: Mapping[str, Sequence[Mapping[str, Any]]],
    ) -> None:
        job = self._asked("map", job_id)
        if not {"sku", "ean"} & set(mapping.values()):
            raise Refusal("invalid")
        job.state, job.mapping, job.rules, job.options = "ready", mapping, rules, options
        job.transforms = transforms

    def start(self, job_id: int) -> None:
        self._queue(self._asked("start", job_id))

    def cancel(self, job_id: int) -> None:
        self._asked("cancel", job_id).state = "cancelled"

    def retry(self, job_id: int) -> None:
        job = self._asked("retry", job_id)
        self._refuse_while_undone(job)
        if job.undo_of is not None:
            undone = self.jobs.get(job.undo_of)
            if undone is None or undone.undone_by != job_id:
                raise Refusal("conflict")
        job.undone_by = None
        self._queue(job)

    def archive(self, job_id: int, *, is_archived: bool) -> None:
        self._asked("archive", job_id).is_archived = is_archived

    def delete(self, job_id: int) -> None:
        self._refuse_while_undone(self._asked("delete", job_id))
        del self.jobs[job_id]

    def undo(self, job_id: int, undoing_id: int) -> None:
        """Another job takes back what an import did; only once, unless that was cancelled."""
        job = self._asked("undo", job_id)
        self._refuse_while_undone(job)
        if job.undone_by is not None:
            first = self.jobs.get(job.undone_by)
            if first.state == "completed" if first else not job.writes:
                raise Refusal("conflict")
        undoing = PlainJob(undoing_id, (), job.match_on, job.supplier, undo_of=job_id)
        for write in reversed(job.writes):
            last = undoing.parts[-1] if undoing.parts else []
            if not last or sum(len(each.products) for each in (*last, write)) > self.chunk_rows:
                undoing.parts.append([write])
            else:
                last.append(write)
        job.undone_by = undoing_id
        self.jobs[undoing_id] = undoing
        self._queue(undoing)

    def leaves_half(self, job_id: int) -> bool:
        """Whether an all-or-nothing import failed after it wrote something: it is undone without being asked to."""
        job = self.jobs.get(job_id)
        if job is None or job.state != "failed" or job.policy != "all_or_nothing":
            return False
        return bool(job.done) and job.undone_by is None

    def _refuse_while_undone(self, job: PlainJob) -> None:
        undoing = self.jobs.get(job.undone_by) if job.undone_by else None
        if undoing and undoing.state in RUNNING:
            raise Refusal("conflict")

    def _queue(self, job: PlainJob) -> None:
        """Another run, from the start; but what was taken back is taken back, so an undo goes on where it was."""
        job.state = "queued"
        job.run += 1
        job.is_checking = False
        if job.undo_of is None:
            for each in (job.checked, job.done, job.counts, job.findings, job.claims, job.first_rows):
                each.clear()

    # Trying out -------------------------------------------------------------------------------------------------------

    def tried(self, job_id: int) -> PlainJob:
        """What a job that is ready would come to, if it started now and nothing came between."""
        self._asked("dry_run", job_id)
        other = deepcopy(self)
        other.start(job_id)
        return other.played(job_id)

    def tried_undo(self, job_id: int) -> PlainJob:
        other = deepcopy(self)
        other.undo(job_id, -1)
        return other.played(-1)

    def played(self, job_id: int) -> PlainJob:
        """A queued job, brought to its end with its chunks in order."""
        job = self.jobs[job_id]
        self.take("dispatch", job_id, job.run)
        for step in ("check", "import") if job.undo_of is None else ("undo",):
            for number in range(self.chunk_count(job)):
                self.take(step, job_id, job.run, number)
        return job

    # Working off ------------------------------------------------------------------------------------------------------

    def chunk_count(self, job: PlainJob) -> int:
        return len(job.parts) if job.undo_of is not None else -(-len(job.rows) // self.chunk_rows)

    def take(self, step: str, job_id: int, run: int, number: int = 0) -> None:
        """A message; one that comes late, or again, does nothing."""
        job = self.jobs.get(job_id)
        if job is None or job.run != run:
            return
        if step == "dispatch" and job.state == "queued":
            job.state, job.is_checking = "processing", job.undo_of is None and job.needs_check
            self._end_if_done(job)
        if job.state != "processing":
            return
        if step == "check" and job.is_checking and number not in job.checked:
            self._check(job, number)
        elif step == "import" and not job.is_checking and number not in job.done:
            self._import(job, number)
        elif step == "undo" and number not in job.done:
            self._take_back_part(job, number)

    def _rows(self, job: PlainJob, number: int) -> Iterable[tuple[int, Cells]]:
        first = number * self.chunk_rows
        return enumerate(job.rows[first : first + self.chunk_rows], first + 1)

    def _check(self, job: PlainJob, number: int) -> None:
        """Every row is looked at before one is written; the lowest row with a value keeps it."""
        pushed: list[int] = []

        def first_row(name: str, row_number: int) -> int:
            before = job.first_rows.get(name, row_number)
            job.first_rows[name] = min(before, row_number)
            if row_number < before:
                pushed.append(before)
            return job.first_rows[name]

        found = self._look(job, number, first_row)
        found.findings += [(each, "not_unique", job.severity("name")) for each in pushed]
        job.checked.add(number)
        if job.policy == "all_or_nothing":
            job.findings += [each for each in found.findings if each[2] == "error"]
        if len(job.checked) == self.chunk_count(job):
            job.is_checking = False
            bad = {row_number for row_number, _, _ in job.findings}
            if bad:
                job.state, job.counts["bad"] = "failed", len(bad)

    def _look(self, job: PlainJob, chunk: int, first_row: Callable[[str, int], int]) -> Outcome:
        """The rows of a chunk, one after the other."""
        outcome = Outcome()
        owners = {each.ean: sku for sku, each in self.products.items() if each.ean}
        for number, cells in self._rows(job, chunk):
            row = read_row(job, cells)
            if row.problems:
                outcome.refuse(number, *(error_type for _, error_type in row.problems))
                if row.lacks_name or not (job.creates and job.has("name")):
                    outcome.homeless.append(cells)
                continue
            if job.rule("name", "unique") and row.name and first_row(row.name, number) != number:
                if job.severity("name") == "error":
                    outcome.refuse(number, "not_unique")
                    continue
                row.warnings.append(("name", "not_unique"))
            if self._finds_its_product(job, number, row, owners, outcome) and self._may(
                job, number, cells, row, outcome
            ):
                self._win(job, number, cells, row, owners, outcome)
        return outcome

    def _finds_its_product(
        self, job: PlainJob, number: int, row: Reading, owners: Mapping[str, str], outcome: Outcome
    ) -> bool:
        """Matched by EAN, the product with the row's EAN, whatever its sku; unless the sku is another product's."""
        if job.by_ean and row.ean and owners.get(row.ean, row.sku) != row.sku:
            if row.own_sku and (row.own_sku in self.products or row.own_sku in outcome.winners):
                outcome.refuse(number, "identity_conflict")
                return False
            row.sku = owners[row.ean]
        return True

    def _may(self, job: PlainJob, number: int, cells: Cells, row: Reading, outcome: Outcome) -> bool:
        """What the options say of the row."""
        product = self.products.get(row.sku)
        if product is not None:
            is_own = product.written_by == job.id and product.row is not None
            if not job.overwrites and not is_own:
                outcome.skip(number, "already_exists")
                return False
            return True
        if not job.creates:
            outcome.skip(number, "not_in_list")
        elif not row.name:
            outcome.refuse(number, "missing_required_field")
        else:
            return True
        outcome.homeless.append(cells)
        return False

    def _win(
        self, job: PlainJob, number: int, cells: Cells, row: Reading, owners: dict[str, str], outcome: Outcome
    ) -> None:
        if row.ean and owners.get(row.ean, row.sku) != row.sku:
            product = self.products.get(row.sku)
            if product is not None and product.ean:
                outcome.refuse(number, "identity_conflict")
                return
            row.warnings.append(("ean", "not_unique"))
            row.ean = None
            del row.data["ean"]
        if row.sku in outcome.winners:
            earlier_number, _, earlier = outcome.winners.pop(row.sku)
            outcome.skip(earlier_number, "duplicate_in_file")
            if earlier.ean and self.owner(earlier.ean) is None:
                del owners[earlier.ean]
        if row.ean:
            owners[row.ean] = row.sku
        outcome.winners[row.sku] = (number, cells, row)

    def _import(self, job: PlainJob, chunk: int) -> None:
        outcome = self._look(job, chunk, job.first_rows.get)
        self._last_row_wins(job, outcome)
        for number, _, row in outcome.winners.values():
            for _, error_type in row.warnings:
                outcome.warn(number, error_type)
        job.findings += outcome.findings
        job.counts["warnings"] += outcome.warnings
        job.counts["bad"] += len(outcome.refused)
        if outcome.refused and job.policy != "skip":
            job.state = "failed"
            return
        self._write(job, outcome)
        for cells in outcome.homeless:
            self._let_wait(job, cells)
        job.counts["skipped"] += len(outcome.skipped)
        job.done.add(chunk)
        self._end_if_done(job)

    def _last_row_wins(self, job: PlainJob, outcome: Outcome) -> None:
        """Whatever order chunks come in."""
        for sku, (number, _, _) in list(outcome.winners.items()):
            holder = job.claims.get(sku, 0)
            if holder > number:
                del outcome.winners[sku]
                outcome.skip(number, "duplicate_in_file")
                continue
            if holder:
                outcome.warn(holder, "duplicate_in_file")
            job.claims[sku] = number

    def _write(self, job: PlainJob, outcome: Outcome) -> None:
        write = PlainWrite([])
        written = []
        for sku, (_, cells, row) in outcome.winners.items():
            before = self.products.get(sku)
            twin = job.twin(cells, warned=bool(row.warnings))
            if before is not None and before.row == twin:
                job.counts["unchanged"] += 1
                continue
            job.counts["created" if before is None else "updated"] += 1
            after = self._written(job, sku, row, before)
            after.row = twin
            written.append(after)
            write.products.append((after.serial, sku, before, after.content))
        for after in written:
            self.products[after.sku] = after
        for after in written:
            self.resolve(after.ean)
        if written:
            job.writes.append(write)

    def _written(self, job: PlainJob, sku: str, row: Reading, before: PlainProduct | None) -> PlainProduct:
        """The mapped fields are replaced, and others stay (decision 0004)."""
        if before is None:
            after = PlainProduct(self.number(), sku, row.name, row.ean, row.data, "csv")
        else:
            cleared = set() if job.keeps_blanks else set(job.mapping.values())
            kept = {name: value for name, value in before.data.items() if name not in cleared}
            after = replace(before, data={**kept, **row.data}, name=row.name or before.name, source="csv")
            after.ean = row.ean if "ean" in cleared else (row.ean or before.ean)
        after.supplier = job.supplier or after.supplier
        after.written_by, after.content = job.id, self.number()
        return after

    def _let_wait(self, job: PlainJob, cells: Cells) -> None:
        """A valid EAN waits when its row can be no product: nothing matches, and none may be made or it has no name."""
        printed = job.cell("ean", cells)
        ean = gtin(printed)
        sku = job.cell("sku", cells) or printed
        if ean and self.owner(ean) is None and sku not in self.products:
            self.waiting.setdefault((ean, job.supplier), False)

    def _end_if_done(self, job: PlainJob) -> None:
        if len(job.done) == self.chunk_count(job):
            job.state = "completed_with_errors" if job.counts["bad"] else "completed"

    # Taking back ------------------------------------------------------------------------------------------------------

    def _take_back_part(self, undoing: PlainJob, number: int) -> None:
        assert undoing.undo_of is not None
        job = self.jobs[undoing.undo_of]
        for write in undoing.parts[number]:
            if any(write is each for each in job.writes):
                self._take_back(job, undoing, write)
                job.writes = [each for each in job.writes if each is not write]
        undoing.done.add(number)
        self._end_if_done(undoing)

    def _take_back(self, job: PlainJob, undoing: PlainJob, write: PlainWrite) -> None:
        """What was made goes, what was changed is again as it was, and what is newer stays and is told of."""
        here = {each.serial: each for each in self.products.values()}
        gone: list[PlainProduct] = []
        back: list[PlainProduct] = []
        conflicts: list[tuple[str, str]] = []
        for serial, sku, before, content in write.products:
            now = here.get(serial)
            if now is not None and now.content == content:
                back.append(before) if before else gone.append(now)
            elif now if before is None else before.written_by != job.id:
                conflicts.append((sku, "already_exists"))
        while blocked := self._blocked(back, gone):
            back.remove(blocked)
            conflicts.append((blocked.sku, "not_unique"))
        for each in gone:
            del self.products[each.sku]
        for each in back:
            self.products[each.sku] = replace(each, data=dict(each.data), row=None)
        for each in back:
            self.resolve(each.ean)
        for _, error_type in sorted(conflicts):
            undoing.counts["skipped"] += 1
            undoing.counts["warnings"] += 1
            undoing.findings.append((undoing.counts["skipped"], error_type, "warning"))
        done = len(gone) + sum(each.written_by != job.id for each in back)
        undoing.counts["removed"] += len(gone)
        undoing.counts["updated"] += done
        undoing.counts["unchanged"] += len(write.products) - done - len(conflicts)

    def _blocked(self, back: Sequence[PlainProduct], gone: Sequence[PlainProduct]) -> PlainProduct | None:
        """One whose former EAN a product holds that does not give it up."""
        moving = {each.sku for each in back if each.ean != self.products[each.sku].ean}
        leaving = moving | {each.sku for each in gone}
        for each in back:
            owner = self.owner(each.ean)
            if each.sku in moving and owner is not None and owner not in leaving:
                return each
        return None


def _fits(given: Mapping[str, Any]) -> bool:
    """Values that can be stored; nulls and blanks clear."""
    price, ean = given.get("price"), given.get("ean")
    return (not price or is_price(price)) and (not ean or gtin(ean) is not None)


def _check_given(given: Mapping[str, Any]) -> None:
    if not _fits(given):
        raise Refusal("invalid")
