"""SegOps' ``/api/pim``: schema and the wizard's import (``segops-pim-api``,
``segops-csv-import-wizard``).
"""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Call, endpoint, number_of
from chalicelib.api.multipart import read_form
from chalicelib.api.pim_bodies import (
    CSV_FORM,
    ConfirmBody,
    Confirmed,
    FindingsPage,
    FindingsQuery,
    Job,
    ReplaceQuery,
    Schema,
    SchemaBody,
    Upload,
)
from chalicelib.catalog import schema
from chalicelib.dialects import segops
from chalicelib.errors import BadRequest
from chalicelib.imports import history
from chalicelib.imports.confirm import Confirmation, confirm
from chalicelib.imports.receive import Terms, receive
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
    answers={200: Upload},
    refusals={400: "The form or the file in it cannot be read; the text says what, where and what to do."},
)
def upload_csv(call: Call) -> Answer:
    """Upload a CSV; the answer is what the system understood of it."""
    form = read_form(call.body, call.request.headers.get("content-type", ""), call.services.settings)
    file = form.files.get("file")
    if file is None:
        raise BadRequest("The form has no file: send it in a part named file, with a file name.")
    job = receive(
        call.services,
        call.caller.workspace_id,
        file.name or "upload.csv",
        file.content,
        Terms(import_type="wizard", match_on=MatchOn.SKU, formats=("csv",)),
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
    """The 20 latest imports."""
    latest = history.latest(call.services, call.caller.workspace_id, _LATEST)
    return Answer([segops.job_json(job) for job in latest])


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
    body = call.parsed(ConfirmBody)
    confirmation = Confirmation(
        mapping=body.mapping,
        schema=None if body.fields is None else tuple(each.to_field() for each in body.fields),
        default_currency=body.default_currency,
        default_locale=body.default_locale,
    )
    job = confirm(call.services, call.caller.workspace_id, number_of(job_id, "import"), confirmation)
    return Answer(segops.confirmed_json(job))


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
