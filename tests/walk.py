"""Walking a file through the engine, step by step, in one workspace."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

from chalicelib.imports import history
from chalicelib.imports.check_chunk import check_chunk
from chalicelib.imports.confirm import Confirmation, confirm
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.imports.mapping import SavedMapping, save_mapping
from chalicelib.imports.receive import ExpectedUpload, Terms, expect_upload, receive
from chalicelib.imports.start import start
from chalicelib.model.import_job import ImportJob, MatchOn, Phase
from chalicelib.model.product import Product
from chalicelib.model.product_schema import SchemaField
from chalicelib.model.row_error import RowError
from chalicelib.services import Services
from chalicelib.store import outbox, products, row_errors, workspaces

HEADERS = ("Code", "Barcode", "Title", "Price", "Tags")
MAPPING = {"Code": "sku", "Barcode": "ean", "Title": "name", "Price": "price", "Tags": "tags"}
SCHEMA = (SchemaField("ean", "string"), SchemaField("price", "price"), SchemaField("tags", "array"))

Row = Sequence[str]


def row(number: int, *, title: str | None = None, price: str = "9.90", sku: str | None = None) -> Row:
    """A good row; the EAN's check digit is right."""
    digits = f"{541_000_000_000 + number:012d}"
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return (sku or f"SKU-{number:05d}", f"{digits}{check}", title or f"Chair {number}", price, "red|blue")


def csv_file(rows: Iterable[Row], headers: Row = HEADERS) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Walk:
    """One workspace and what a test does in it."""

    services: Services
    workspace_id: int
    name: str
    api_key: str

    @classmethod
    def of(cls, services: Services, name: str, api_key: str) -> Self:
        with services.database.workspace(0) as cursor:
            workspace_id = workspaces.find(cursor, name)
        assert workspace_id is not None
        return cls(services, workspace_id, name, api_key)

    def with_services(self, **changes: Any) -> "Walk":
        """The same workspace, with some services replaced."""
        return replace(self, services=replace(self.services, **changes))

    def with_settings(self, **changes: Any) -> "Walk":
        return self.with_services(settings=self.services.settings.model_copy(update=changes))

    def receive(
        self, content: bytes, file_name: str = "catalog.csv", *, match_on: MatchOn = MatchOn.SKU, **terms: Any
    ) -> ImportJob:
        return receive(self.services, self.workspace_id, file_name, content, Terms(match_on=match_on, **terms))

    def ready(
        self,
        job: ImportJob,
        mapping: Mapping[str, str | None] = MAPPING,
        *,
        rules: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        transforms: Mapping[str, Any] | None = None,
    ) -> ImportJob:
        """The job with its mapping saved, as the v1 APIs do it."""
        said = SavedMapping(mapping, rules or {}, options or {}, transforms)
        return save_mapping(self.services, self.workspace_id, job.id, said)

    def import_ready(self, job: ImportJob) -> ImportJob:
        """All steps from a ready job to its end, its chunks in order."""
        return self.deliver(start(self.services, self.workspace_id, job.id))

    def deliver(self, job: ImportJob) -> ImportJob:
        """Bring a queued job to its end, its chunks in order."""
        dispatch(self.services, self.workspace_id, job.id, job.run)
        if self.job(job.id).phase is Phase.CHECK:
            self.check_chunks(self.job(job.id))
        return self.import_chunks(self.job(job.id))

    def expect(self, size_bytes: int, file_name: str) -> ExpectedUpload:
        return expect_upload(
            self.services,
            self.workspace_id,
            file_name=file_name,
            size_bytes=size_bytes,
            content_type="text/csv",
            terms=Terms(match_on=MatchOn.SKU),
        )

    def confirm(
        self,
        job: ImportJob,
        mapping: Mapping[str, str | None] = MAPPING,
        schema: Sequence[SchemaField] = SCHEMA,
        locale: str = "en_US",
        transforms: Mapping[str, Any] | None = None,
    ) -> ImportJob:
        confirmation = Confirmation(mapping, schema, "EUR", locale, transforms)
        return confirm(self.services, self.workspace_id, job.id, confirmation)

    def start(self, rows: Iterable[Row], **confirmed: Any) -> ImportJob:
        """A job in processing; its chunks wait to be imported by number."""
        job = self.confirm(self.receive(csv_file(rows)), **confirmed)
        dispatch(self.services, self.workspace_id, job.id, job.run)
        return self.job(job.id)

    def import_chunks(self, job: ImportJob, numbers: Iterable[int] | None = None, *, threads: int = 1) -> ImportJob:
        """Deliver these chunks (all of them, in order, if not given) and answer with the job."""
        return self._deliver_chunks(import_chunk, job, numbers, threads)

    def check_chunks(self, job: ImportJob, numbers: Iterable[int] | None = None, *, threads: int = 1) -> ImportJob:
        """Likewise, for the check that goes before the first write."""
        return self._deliver_chunks(check_chunk, job, numbers, threads)

    def _deliver_chunks(
        self, take: Callable[..., None], job: ImportJob, numbers: Iterable[int] | None, threads: int
    ) -> ImportJob:
        order = list(range(job.chunk_count) if numbers is None else numbers)

        def deliver(number: int) -> None:
            take(self.services, self.workspace_id, job.id, job.run, number)

        with ThreadPoolExecutor(threads) as workers:
            for delivered in [workers.submit(deliver, number) for number in order]:
                delivered.result()
        return self.job(job.id)

    def import_rows(self, rows: Iterable[Row], **confirmed: Any) -> ImportJob:
        """All steps, from the bytes to the end of the job."""
        return self.import_chunks(self.start(rows, **confirmed))

    def job(self, job_id: int) -> ImportJob:
        return history.read(self.services, self.workspace_id, job_id)

    def findings(self, job: ImportJob) -> list[RowError]:
        with self.services.database.workspace(self.workspace_id) as cursor:
            return row_errors.page(cursor, self.workspace_id, job.id, job.run, limit=10_000)

    def products(self) -> list[Product]:
        """All products of the workspace in the order of making."""
        with self.services.database.workspace(self.workspace_id) as cursor:
            return products.page(cursor, self.workspace_id, limit=1_000_000)

    def by_sku(self) -> dict[str, Product]:
        return {product.sku: product for product in self.products()}

    def outbox_depth(self) -> int:
        with self.services.database.workspace(self.workspace_id) as cursor:
            return outbox.depth(cursor, self.workspace_id)

    def assert_mirror_agrees(self) -> None:
        """ClickHouse holds exactly the products PostgreSQL holds, at the same versions."""
        expected = sorted((product.sku, product.name, product.version) for product in self.products())
        assert sorted(self.services.mirror.skus(self.workspace_id)) == expected
