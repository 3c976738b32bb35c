"""SegOps' ``/api/pim``: schema and the wizard's import (``segops-pim-api``,
``segops-csv-import-wizard``).
"""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Call, checked, endpoint, number_of
from chalicelib.api.multipart import read_form
from chalicelib.api.pim_bodies import (
    CSV_FORM,
    ConfirmBody,
    Confirmed,
    FindingsPage,
    FindingsQuery,
    Job,
    ReplaceQuery,
    SamplePreview,
    Schema,
    SchemaBody,
    Upload,
)
from chalicelib.api.reading_bodies import CsvReading
from chalicelib.catalog import schema
from chalicelib.dialects import segops
from chalicelib.errors import BadRequest
from chalicelib.imports import history
from chalicelib.imports.confirm import confirm
from chalicelib.imports.receive import Terms, receive
from chalicelib.imports.sample import preview_sample
from chalicelib.model.import_job import MatchOn
from chalicelib.segments import schema_use

blueprint = Blueprint(__name__)

_LATEST = 20
_NO_JOB = "There is no such import in this workspace."


@endpoint(
    blueprint,
    "/api/pim/import/csv",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag="Import",
    body=CSV_FORM,
    query=CsvReading,
    answers={200: Upload},
    refusals={
        400: "The form or the file in it cannot be read; the text says what, where and what to do. Of a file that is"
        " not UTF-8 also `likely_encoding`, `byte_offset`, `line`, and in `retry_with` what to send with it to have it"
        " converted.",
    },
)
def upload_csv(call: Call) -> Answer:
    """Upload a CSV; the answer is what the system understood of it. How it is to be read can be said in the form or in
    the query.
    """
    form = read_form(call.body, call.request.headers.get("content-type", ""), call.services.settings)
    file = form.files.get("file")
    if file is None:
        raise BadRequest("The form has no file: send it in a part named file, with a file name.")
    said = {name: text for name, text in {**call.query, **form.fields}.items() if text != ""}
    reading = checked(CsvReading, said).to_reading()
    job = receive(
        call.services,
        call.caller.workspace_id,
        file.name or "upload.csv",
        file.content,
        Terms(import_type="wizard", match_on=MatchOn.SKU, reading=reading, formats=("csv",), utf8_only=True),
    )
    return Answer(segops.upload_json(job))


@endpoint(
    blueprint,
    "/api/pim/import",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Import",
    answers={200: list[Job]},
)
def list_imports(call: Call) -> Answer:
    """The 20 latest imports; what their files look like and their transforms are told of each by itself."""
    latest = history.latest(call.services, call.caller.workspace_id, _LATEST)
    return Answer([segops.listed_json(job) for job in latest])


@endpoint(
    blueprint,
    "/api/pim/import/{job_id}",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Import",
    answers={200: Job},
    refusals={404: _NO_JOB},
)
def read_import(call: Call, job_id: str) -> Answer:
    """One import, as it is polled."""
    return Answer(segops.job_json(history.read(call.services, call.caller.workspace_id, number_of(job_id, "import"))))


@endpoint(
    blueprint,
    "/api/pim/import/{job_id}/confirm",
    ["POST"],
    scope="write",
    errors=segops.error_answer,
    tag="Import",
    body=ConfirmBody,
    answers={200: Confirmed},
    refusals={400: "The job is already importing, done or failed, or the body is not JSON.", 404: _NO_JOB},
)
def confirm_import(call: Call, job_id: str) -> Answer:
    """Confirm mapping and schema; the import starts."""
    said = call.parsed(ConfirmBody).to_confirmation()
    job = confirm(call.services, call.caller.workspace_id, number_of(job_id, "import"), said)
    return Answer(segops.confirmed_json(job))


@endpoint(
    blueprint,
    "/api/pim/import/{job_id}/preview",
    ["POST"],
    scope="read",
    errors=segops.error_answer,
    tag="Import",
    body=ConfirmBody,
    answers={200: SamplePreview},
    refusals={400: "The job is already importing, done or failed, or the body is not JSON.", 404: _NO_JOB},
)
def preview_import(call: Call, job_id: str) -> Answer:
    """Say what a confirm like this would make of the first 5 rows, and change nothing."""
    said = call.parsed(ConfirmBody).to_confirmation()
    rows = preview_sample(call.services, call.caller.workspace_id, number_of(job_id, "import"), said)
    return Answer(segops.sample_json(rows))


@endpoint(
    blueprint,
    "/api/pim/import/{job_id}/errors",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Import",
    query=FindingsQuery,
    answers={200: FindingsPage},
    refusals={404: _NO_JOB},
)
def list_import_errors(call: Call, job_id: str) -> Answer:
    """A page of what was wrong with which rows."""
    number = number_of(job_id, "import")
    asked = call.asked(FindingsQuery)
    found = history.errors(call.services, call.caller.workspace_id, number, page=asked.page, page_size=asked.page_size)
    results = [segops.row_error_json(each) for each in found.errors]
    path = f"/api/pim/import/{number}/errors/"
    return Answer(segops.page_json(path, call.query, asked.page, asked.page_size, found.count, results))


@endpoint(
    blueprint,
    "/api/pim/schema",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Schema",
    answers={200: Schema},
)
def read_schema(call: Call) -> Answer:
    """The product schema; no fields when none was defined yet."""
    return Answer(segops.schema_json(schema.read(call.services, call.caller.workspace_id)))


@endpoint(
    blueprint,
    "/api/pim/schema",
    ["PUT"],
    scope="write",
    errors=segops.error_answer,
    tag="Schema",
    body=SchemaBody,
    query=ReplaceQuery,
    answers={200: Schema},
    refusals={409: "Active segments read a field that would be gone or of another type; it says which."},
)
def replace_schema(call: Call) -> Answer:
    """Replace the product schema. When segments no longer hold because of it, the answer has warnings."""
    body = call.parsed(SchemaBody)
    replaced = schema_use.replace_schema(
        call.services,
        call.caller.workspace_id,
        tuple(each.to_field() for each in body.fields),
        default_currency=body.default_currency,
        default_locale=body.default_locale,
        force=call.asked(ReplaceQuery).force,
    )
    return Answer(segops.replaced_schema_json(replaced.schema, replaced.warnings))
