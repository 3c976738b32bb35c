"""Random sequences of operations leave the catalogue equal to a plain model (``tests/plain_catalogue.py``).

Files are uploaded, mapped, started, cancelled, retried and undone; their chunks arrive late, twice or out of order;
people edit products in between; ClickHouse is away most of the time. A dice with a seed throws it all, so a walk that
fails is walked again by its seed. ``make test`` plays a little, ``make test-random`` much (``RANDOM_SEEDS``,
``RANDOM_OPERATIONS``).
"""

import os
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson
import pytest

from chalicelib.catalog import mirror, pending_eans, products
from chalicelib.catalog.listing import ListQuery, list_products
from chalicelib.errors import Conflict, IllegalTransition, InvalidValue
from chalicelib.imports import control
from chalicelib.imports.check_chunk import check_chunk
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.dry_run import dry_run
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.imports.start import start
from chalicelib.imports.undo import undo, undo_part
from chalicelib.model.import_job import ImportJob, MatchOn
from chalicelib.model.outcomes import Undone
from chalicelib.store import jobs, row_errors, schemas
from chalicelib.store.mirror import Mirror
from chalicelib.store.postgres import Cursor
from chalicelib.store.queues import Queues
from tests.plain_catalogue import ENDED, MAY, RUNNING, PlainCatalogue, PlainJob, Refusal
from tests.walk import SCHEMA, Walk, csv_file

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SEEDS = int(os.environ.get("RANDOM_SEEDS", "2"))
OPERATIONS = int(os.environ.get("RANDOM_OPERATIONS", "250"))
COMPARED_EVERY = 50
CHUNK_ROWS = 3
JOBS = 25
SHOWN_OPERATIONS = 15

FIELDS = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price", "Tags": "tags"}
HEADERS = (*FIELDS, "Note")
SKUS = [f"S{number:02d}" for number in range(12)]
EANS = [
    *("012345678905", "3760000000017", "5410000000019", "5410000000026", "5410000000033"),
    *("5410000000040", "5410000000057", "5410000000064", "5410000000071", "96385074"),
]
SPELT_OTHERWISE = ["0012345678905", "00012345678905", "03760000000017", "00000096385074"]
BAD_EANS = ["3760000000018", "3.76E+12", "12345"]
NAMES = [f"Chair {number}" for number in range(8)]
PRICES = ["9.90", "19.90", "120", "49.95"]
TAGS = ["red|blue", "red|green|blue", "oak|pine"]
SUPPLIERS = [None, None, "ACME", "BOLT"]
SLIPS = {"Code": [""], "Barcode": ["", "", *BAD_EANS], "Title": [""], "Price": ["", "free"], "Tags": [""]}
NOTE = "n"
"""In a column that nobody maps: no row is blank."""

RULES: Sequence[Mapping[str, Mapping[str, Any]]] = [
    {"price": {"max": 50}},
    {"price": {"max": 50, "severity": "warning"}},
    {"price": {"required": True}},
    {"tags": {"min_length": 3, "severity": "warning"}},
    {"tags": {"required": True, "severity": "warning"}},
    {"ean": {"required": True}},
    {"name": {"unique": True}},
    {"name": {"unique": True, "severity": "warning"}},
]

TRANSFORMS: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]] = {
    "Code": [
        [{"step": "lookup", "values": {sku: SKUS[place // 4] for place, sku in enumerate(SKUS)} | {"S03": ""}}],
        [{"step": "lookup", "values": {each: each for each in SKUS if each != "S04"}, "otherwise": "refuse"}],
    ],
    "Barcode": [[{"step": "lookup", "values": {BAD_EANS[0]: EANS[1], EANS[2]: EANS[3], EANS[4]: ""}}]],
    "Title": [[{"step": "case", "to": "upper"}], [{"step": "lookup", "values": {"Chair 1": "Chair 2", "Chair 3": ""}}]],
    "Price": [[{"step": "lookup", "values": {"9.90": "8.80", "free": "0", "120": "121"}, "otherwise": "refuse"}]],
}
"""By column what it may go through: keys that become one, or none, and cells that are refused."""

REFUSALS: Mapping[type[Exception], str] = {
    Conflict: "conflict",
    InvalidValue: "invalid",
    IllegalTransition: "illegal",
}


class KeptMessages:
    """In the place of SQS: messages of one queue are kept until the dice delivers them."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.waiting: deque[Mapping[str, Any]] = deque()

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": QueueName}

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        if QueueUrl == self.queue:
            self.waiting += [orjson.loads(each["MessageBody"]) for each in Entries]
        return {}


class RandomWalk:
    """One sequence of operations, done to the engine and to the model."""

    def __init__(self, walk: Walk, seed: int) -> None:
        self.dice = random.Random(seed)
        self.real = walk
        self.messages = KeptMessages(walk.services.settings.chunk_queue)
        self.walk = walk.with_settings(chunk_rows=CHUNK_ROWS).with_services(
            queues=Queues(cast("SQSClient", self.messages)),
            mirror=Mirror("http://127.0.0.1:9/default", timeout_seconds=1),
        )
        self.services, self.workspace_id = self.walk.services, walk.workspace_id
        self.model = PlainCatalogue(CHUNK_ROWS)
        self.delivered: deque[Mapping[str, Any]] = deque(maxlen=40)
        self.told: list[str] = []
        self.jobs_told: dict[int, list[str]] = {}
        self.before: dict[str, Any] = {}
        self.touched: set[int] = set()
        with self.services.database.workspace(self.workspace_id) as cursor:
            schemas.lock(cursor, self.workspace_id, now=self.services.now())
            schemas.replace(
                cursor,
                self.workspace_id,
                SCHEMA,
                default_currency="EUR",
                default_locale="en_US",
                now=self.services.now(),
            )

    def go(self, operations: int) -> None:
        verbs, weights = zip(*OPERATIONS_BY_WEIGHT.items(), strict=True)
        for number in range(1, operations + 1):
            verb = self.dice.choices(verbs, weights)[0]
            self.touched.clear()
            try:
                getattr(self, verb)()
                self.before = self.compare()
                if number % COMPARED_EVERY == 0 or number == operations:
                    self.compare_all()
            except Exception as error:
                raise AssertionError(self.report(number, verb, error)) from error

    def report(self, number: int, verb: str, error: Exception) -> str:
        """What it takes to understand a difference; the seed is in the test's name."""
        about = [f"job {job_id}, {each}" for job_id in sorted(self.touched) for each in self.jobs_told.get(job_id, ())]
        before = [f"{sku}: {product}" for sku, product in sorted(self.before.items())]
        return "\n  ".join(
            [
                f"operation {number}, {verb}: {error}",
                "What it was about:",
                *about,
                "The catalogue before:",
                *before,
                "The last operations:",
                *self.told[-SHOWN_OPERATIONS:],
            ]
        )

    def tell(self, verb: str, *what: object, job: int | None = None) -> None:
        said = " ".join(map(str, [verb, *([] if job is None else [job]), *what]))
        self.told.append(said)
        if job is not None:
            self.jobs_told.setdefault(job, []).append(said)

    def both(self, really: Callable[[], object], plainly: Callable[[], object]) -> bool:
        """Do it to both; they refuse alike, or neither does. Whether it was done."""
        said = {"engine": "", "model": ""}
        try:
            really()
        except tuple(REFUSALS) as error:
            said["engine"] = next(word for kind, word in REFUSALS.items() if isinstance(error, kind))
        try:
            plainly()
        except Refusal as error:
            said["model"] = str(error)
        self.told[-1] += f": {said['engine'] or 'done'}"
        assert said["engine"] == said["model"], said
        return not said["engine"]

    # What is compared -------------------------------------------------------------------------------------------------

    def compare(self) -> dict[str, Any]:
        """The catalogue, and the jobs the operation was about. Answers with the catalogue."""
        with self.services.database.workspace(self.workspace_id) as cursor:
            held = self.held(cursor)
            assert_same("catalogue", held, self.model.held())
            for job_id in self.touched & self.model.jobs.keys():
                self.compare_job(cursor, job_id)
        return held

    def held(self, cursor: Cursor) -> dict[str, Any]:
        cursor.execute(
            "SELECT sku, name, ean, data, source, supplier_code FROM products WHERE workspace_id = %s",
            [self.workspace_id],
        )
        return {
            sku: (name, ean, {field: plain(value) for field, value in data.items()}, source, supplier)
            for sku, name, ean, data, source, supplier in cursor
        }

    def compare_job(self, cursor: Cursor, job_id: int) -> None:
        """State, counters, and the row numbers of what was found."""
        job, model = jobs.read(cursor, self.workspace_id, job_id), self.model.jobs[job_id]
        assert job is not None
        found = row_errors.page(cursor, self.workspace_id, job_id, job.run, limit=1_000)
        assert_same(
            f"job {job_id}",
            {
                "state": job.state.value,
                "run": job.run,
                "archived": job.is_archived,
                "findings": sorted((each.row_number, each.error_type.value, each.severity.value) for each in found),
                **counts_of(job),
            },
            {
                "state": model.state,
                "run": model.run,
                "archived": model.is_archived,
                "findings": sorted(model.findings),
                **plain_counts_of(model),
            },
        )

    def compare_all(self) -> None:
        """Every job, the EANs that wait, the count of products, and ClickHouse, which hears of all at once."""
        with self.services.database.workspace(self.workspace_id) as cursor:
            assert {job.id for job in jobs.latest(cursor, self.workspace_id, limit=1_000)} == self.model.jobs.keys()
            for job_id in self.model.jobs:
                self.compare_job(cursor, job_id)
        assert self.pending().keys() == self.model.waiting_now()
        assert list_products(self.services, self.workspace_id, ListQuery()).count == len(self.model.products)
        mirror.drain(self.real.services, self.workspace_id)
        self.real.assert_mirror_agrees()

    def pending(self) -> dict[tuple[str, str | None], UUID]:
        """The entry of each EAN (14 digits) that waits, by whose it is."""
        listed = pending_eans.listing(self.services, self.workspace_id, page=1, per_page=100)
        return {(each.ean14, each.supplier_code): each.id for each in listed.entries}

    # People's edits ---------------------------------------------------------------------------------------------------

    def given(self, sku: str) -> dict[str, Any]:
        """Some fields of a product, as a JSON body has them; null clears."""
        chosen: dict[str, Any] = {
            "ean": self.dice.choice(
                [ean_of(sku), ean_of(sku), None, BAD_EANS[0], *self.dice.choices(SPELT_OTHERWISE + EANS, k=2)]
            ),
            "price": self.dice.choice([*PRICES, None, "free" if self.dice.random() < 0.2 else "9.90"]),
            "tags": self.dice.choice([None, *(text.split("|") for text in TAGS)]),
        }
        return {name: value for name, value in chosen.items() if self.dice.random() < 0.5}

    def id_of(self, sku: str) -> int:
        return self.walk.by_sku()[sku].id

    def create(self) -> None:
        sku, name = self.dice.choice(SKUS), self.dice.choice(NAMES)
        given = self.given(sku)
        self.tell("create", sku, name, given)
        self.both(
            lambda: products.create(self.services, self.workspace_id, sku=sku, name=name, given=given),
            lambda: self.model.create(sku, name, given),
        )

    def change(self) -> None:
        if not self.model.products:
            return
        sku = self.dice.choice(sorted(self.model.products))
        name, given = self.dice.choice([None, *NAMES]), self.given(sku)
        self.tell("change", sku, name, given)
        product_id = self.id_of(sku)
        self.both(
            lambda: products.change(self.services, self.workspace_id, product_id, name=name, given=given),
            lambda: self.model.change(sku, name, given),
        )

    def bulk(self) -> None:
        items = [
            (sku, self.dice.choice([None, *NAMES]), self.given(sku))
            for sku in self.dice.choices(SKUS, k=self.dice.randint(1, 4))
        ]
        self.tell("bulk", items)
        done = products.bulk(
            self.services, self.workspace_id, [products.BulkItem(*item, problems={}) for item in items]
        )
        assert [each.index for each in done.errors] == self.model.bulk(items)

    def remove(self) -> None:
        there = sorted(self.model.products)
        for sku in self.dice.sample(there, min(len(there), self.dice.randint(1, 4))):
            self.tell("remove", sku)
            products.delete(self.services, self.workspace_id, self.id_of(sku))
            self.model.remove(sku)

    def ignore(self) -> None:
        waiting = self.pending()
        if waiting:
            chosen = self.dice.choice(sorted(waiting, key=str))
            self.tell("ignore", *chosen)
            pending_eans.ignore(self.services, self.workspace_id, waiting[chosen])
            self.model.ignore(chosen)

    # Jobs -------------------------------------------------------------------------------------------------------------

    def rows(self) -> list[dict[str, str]]:
        """Rows of a small file: sound or full of slips, with keys that come again and EANs that changed place."""
        slips = self.dice.choice([0, 0, 0.05, 0.12])
        strays = self.dice.choice([0, 0, 0.2, 0.5])
        rows = []
        for _ in range(self.dice.randint(1, 11)):
            sku = self.dice.choice(SKUS)
            ean = self.dice.choice(SPELT_OTHERWISE + EANS) if self.dice.random() < strays else ean_of(sku)
            row = {"Code": sku, "Barcode": ean}
            row |= {"Title": self.dice.choice(NAMES), "Price": self.dice.choice(PRICES), "Tags": self.dice.choice(TAGS)}
            row |= {header: self.dice.choice(SLIPS[header]) for header in FIELDS if self.dice.random() < slips}
            rows.append({**row, "Note": NOTE})
        if len(rows) > 1 and self.dice.random() < 0.2:
            one, other = self.dice.sample(rows, 2)
            one["Barcode"], other["Barcode"] = other["Barcode"], one["Barcode"]
        return rows

    def upload(self) -> None:
        """A new file, or one that came before, mostly with the mapping it then had."""
        if len(self.model.jobs) >= JOBS:
            self.clear_out()
        earlier = [job for job in self.model.jobs.values() if job.mapping]
        again = self.dice.choice(earlier[-4:]) if earlier and self.dice.random() < 0.25 else None
        rows = again.rows if again else self.rows()
        match_on = again.match_on if again else self.dice.choice(["sku", "ean"])
        supplier = again.supplier if again else self.dice.choice(SUPPLIERS)
        content = csv_file([[row[header] for header in HEADERS] for row in rows], HEADERS)
        job = self.walk.receive(content, match_on=MatchOn(match_on), supplier_code=supplier)
        self.model.upload(job.id, rows, match_on, supplier)
        self.tell("upload", match_on, supplier, *("\n      " + ",".join(row.values()) for row in rows), job=job.id)
        if again and self.dice.random() < 0.7:
            self.save_mapping(job.id, again.mapping, again.rules, again.options, again.transforms)
        elif self.dice.random() < 0.9:
            self.map(job.id)

    def clear_out(self) -> None:
        """Take the oldest job away that can be."""
        for job in list(self.model.jobs.values()):
            if job.state in ENDED and job.undone_by not in self.model.jobs:
                control.delete(self.services, self.workspace_id, job.id)
                self.model.delete(job.id)
                return

    def map(self, job_id: int | None = None) -> None:
        job_id = job_id or self.some_job("map")
        if job_id is None:
            return
        mapping = {header: name for header, name in FIELDS.items() if self.dice.random() > 0.08}
        fitting = [each for each in RULES if set(each) <= set(mapping.values())]
        rules = self.dice.choice(fitting) if fitting and self.dice.random() < 0.3 else {}
        options = {
            "overwrite_existing": self.dice.random() < 0.8,
            "create_missing": self.dice.random() < 0.8,
            "blank_cells": self.dice.choice(["clear", "clear", "ignore"]),
            "error_policy": self.dice.choice(["skip"] * 5 + ["stop", "all_or_nothing"]),
            "match_on": self.dice.choice([None, None, "sku", "ean"]),
        }
        transforms = {
            header: self.dice.choice(steps)
            for header, steps in TRANSFORMS.items()
            if header in mapping and self.dice.random() < 0.25
        }
        self.save_mapping(job_id, mapping, rules, options, transforms)

    def save_mapping(
        self,
        job_id: int,
        mapping: Mapping[str, str],
        rules: Mapping[str, Any],
        options: Mapping[str, Any],
        transforms: Mapping[str, Any],
    ) -> None:
        self.tell("map", sorted(mapping.values()), rules, options, transforms, job=job_id)
        self.touched.add(job_id)
        whole: dict[str, str | None] = {**dict.fromkeys(HEADERS), **mapping}
        self.both(
            lambda: self.walk.ready(self.walk.job(job_id), whole, rules=rules, options=options, transforms=transforms),
            lambda: self.model.map(job_id, mapping, rules, options, transforms),
        )

    def some_job(self, verb: str) -> int | None:
        """A job that may be asked for it; now and then any."""
        if self.dice.random() < 0.05:
            fit = sorted(self.model.jobs)
        else:
            fit = sorted(job.id for job in self.model.jobs.values() if job.state in MAY[verb])
        return self.dice.choice(fit) if fit else None

    def steer(self, verb: str, really: Callable[..., object], plainly: Callable[..., object], **terms: Any) -> None:
        job_id = self.some_job(verb)
        if job_id is not None:
            self.tell(verb, job=job_id)
            self.touched.add(job_id)
            self.both(
                lambda: really(self.services, self.workspace_id, job_id, **terms), lambda: plainly(job_id, **terms)
            )

    def start(self) -> None:
        self.steer("start", start, self.model.start)

    def cancel(self) -> None:
        self.steer("cancel", control.cancel, self.model.cancel)

    def retry(self) -> None:
        self.steer("retry", control.retry, self.model.retry)

    def delete(self) -> None:
        self.steer("delete", control.delete, self.model.delete)

    def archive(self) -> None:
        self.steer("archive", control.archive, self.model.archive, is_archived=self.dice.random() < 0.5)

    def some_import(self) -> int | None:
        """A job to undo: mostly one that wrote something lately."""
        written = [job.id for job in self.model.jobs.values() if job.writes and job.state not in RUNNING]
        if written and self.dice.random() < 0.7:
            return self.dice.choice(sorted(written)[-3:])
        return self.some_job("undo")

    def undo(self) -> None:
        job_id = self.some_import()
        if job_id is None:
            return
        self.tell("undo", job=job_id)
        made: list[ImportJob] = []
        self.touched.add(job_id)
        if self.both(
            lambda: made.append(undo(self.services, self.workspace_id, job_id)),
            lambda: self.model.undo(job_id, made[0].id if made else -1),
        ):
            self.touched.add(made[0].id)

    def dry_run_undo(self) -> None:
        job_id = self.some_import()
        if job_id is None:
            return
        self.tell("dry-run the undo of", job=job_id)
        told: list[Any] = []
        tried: list[PlainJob] = []
        if self.both(
            lambda: told.append(undo(self.services, self.workspace_id, job_id, dry_run=True)),
            lambda: tried.append(self.model.tried_undo(job_id)),
        ):
            counts = tried[0].counts
            assert told[0].undone == Undone(
                counts["removed"], counts["updated"] - counts["removed"], counts["skipped"]
            ), (told[0].undone, counts)

    def dry_run(self) -> None:
        job_id = self.some_job("dry_run")
        if job_id is None or (not self.model.jobs[job_id].mapping and self.model.jobs[job_id].state in MAY["dry_run"]):
            return
        self.tell("dry-run", job=job_id)
        self.touched.add(job_id)
        told: list[Any] = []
        tried: list[PlainJob] = []
        if self.both(
            lambda: told.append(dry_run(self.services, self.workspace_id, job_id)),
            lambda: tried.append(self.model.tried(job_id)),
        ):
            compare_dry_run(told[0], tried[0])

    # Messages ---------------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """The message that waits longest."""
        if self.messages.waiting:
            self.take(self.messages.waiting.popleft())

    def deliver_any(self) -> None:
        """One that overtakes others."""
        if self.messages.waiting:
            place = self.dice.randrange(len(self.messages.waiting))
            message = self.messages.waiting[place]
            del self.messages.waiting[place]
            self.take(message)

    def deliver_again(self) -> None:
        """One that came before, of this run or another."""
        if self.delivered:
            self.take(self.dice.choice(self.delivered))

    def finish(self) -> None:
        """All that waits of one job, in order."""
        running = sorted(job.id for job in self.model.jobs.values() if job.state in RUNNING)
        if running:
            job_id = self.dice.choice(running)
            while message := next((each for each in self.messages.waiting if each["job"] == job_id), None):
                self.messages.waiting.remove(message)
                self.take(message)

    def take(self, message: Mapping[str, Any]) -> None:
        self.tell("deliver", message["do"], f"run {message['run']}", message.get("chunk", ""), job=message["job"])
        self.delivered.append(message)
        self.touched.add(message["job"])
        numbers = [message["chunk"]] if "chunk" in message else []
        STEPS[message["do"]](self.services, self.workspace_id, message["job"], message["run"], *numbers)
        self.model.take(message["do"], message["job"], message["run"], *numbers)
        if self.model.leaves_half(message["job"]):
            undone_by = self.walk.job(message["job"]).undone_by
            assert undone_by is not None
            self.model.undo(message["job"], undone_by)


STEPS: Mapping[str, Callable[..., None]] = {
    "dispatch": dispatch,
    "check": check_chunk,
    "import": import_chunk,
    "undo": undo_part,
}

OPERATIONS_BY_WEIGHT = {
    "upload": 14,
    "map": 4,
    "dry_run": 4,
    "start": 14,
    "deliver": 16,
    "deliver_any": 8,
    "deliver_again": 3,
    "finish": 12,
    "cancel": 2,
    "retry": 5,
    "undo": 5,
    "dry_run_undo": 2,
    "archive": 1,
    "delete": 2,
    "create": 3,
    "change": 5,
    "bulk": 3,
    "remove": 3,
    "ignore": 1,
}


def ean_of(sku: str) -> str:
    """The EAN that mostly goes with a sku; some have none."""
    return dict(zip(SKUS, EANS, strict=False)).get(sku, "")


def plain(value: Any) -> Any:
    """A stored value as the model has it."""
    return str(value["amount"]) if isinstance(value, dict) else value


def counts_of(job: ImportJob) -> dict[str, int]:
    counters = job.counters
    return {
        "created": counters.created,
        "updated": counters.updated,
        "unchanged": counters.unchanged,
        "skipped": counters.skipped,
        "bad": counters.error_rows,
        "warnings": counters.warnings,
    }


def plain_counts_of(job: PlainJob) -> dict[str, int]:
    return {name: job.counts[name] for name in ("created", "updated", "unchanged", "skipped", "bad", "warnings")}


def compare_dry_run(told: Any, tried: PlainJob) -> None:
    """Its counts are what the import then does; but the bad rows of the whole file are told, wherever the job ends."""
    counts = {
        "created": told.products_to_create,
        "updated": told.products_to_update,
        "unchanged": told.products_unchanged,
        "skipped": told.rows_skipped,
    }
    expected = plain_counts_of(tried)
    assert_same("dry run", counts, {name: expected[name] for name in counts})
    assert (told.would_fail is not None) == (tried.state == "failed"), told.would_fail
    if tried.state == "failed":
        assert told.rows_with_errors >= expected["bad"] > 0
    else:
        assert (told.rows_with_errors, told.warnings) == (expected["bad"], expected["warnings"])


def assert_same(what: str, engine: Mapping[Any, Any], model: Mapping[Any, Any]) -> None:
    """Show only what differs."""
    differing = [
        f"  {key}: engine {engine.get(key)!r}, model {model.get(key)!r}"
        for key in sorted({*engine, *model}, key=str)
        if engine.get(key) != model.get(key)
    ]
    assert not differing, "\n".join([f"{what} differs", *differing])


@pytest.fixture
def calm(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of lines about jobs that ended and a mirror that is away tell nobody anything."""
    caplog.set_level("CRITICAL")


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_random_walk_leaves_the_catalogue_as_a_plain_model_has_it(walk: Walk, seed: int) -> None:
    RandomWalk(walk, seed).go(OPERATIONS)
