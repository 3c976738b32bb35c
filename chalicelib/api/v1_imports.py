"""The v1 imports APIs: Pixeepim's lifecycle and ProductsManager's imports (``pixeepim-imports-api``,
``productsmanager-imports-api``).

How an import's id is spelled says whose words the answer has: a UUID Pixeepim's, ``imp_…`` ProductsManager's. Every
verb takes both, whichever API the import was made by. What the documents leave open is told in ``docs/v1-imports.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from chalice.app import Blueprint
from pydantic import BaseModel

from chalicelib.api.downloads import CSV, ReportQuery, offered
from chalicelib.api.endpoint import Answer, Call, File, checked, endpoint, json_value
from chalicelib.api.multipart import UploadedFile, read_form
from chalicelib.api.v1_bodies import (
    IMPORT_FORM,
    UPLOAD_FORM,
    ArchivedImport,
    CancelledImport,
    DeletedImport,
    ErrorsQuery,
    ImportDryRun,
    ImportForm,
    ImportMapping,
    ImportsPage,
    ImportStats,
    ImportUndoPreview,
    JobsQuery,
    MadeImport,
    MadeProductsManagerImport,
    MappingBody,
    MappingField,
    PixeepimErrors,
    PixeepimImport,
    ProductsManagerErrors,
    ProductsManagerImport,
    RecentImports,
    RecentQuery,
    RetriedImport,
    SavedImportMapping,
    StartedImport,
    TransformsField,
    UndoBody,
    UndoQuery,
    UploadForm,
    UrlBody,
)
from chalicelib.dialects import pixeepim, productsmanager, v1
from chalicelib.dialects.segops import transforms_json
from chalicelib.dialects.v1 import Spelling
from chalicelib.errors import BadRequest, InvalidValue
from chalicelib.imports import control, history, report
from chalicelib.imports.detail import detail
from chalicelib.imports.dry_run import dry_run
from chalicelib.imports.mapping import SavedMapping, save_mapping
from chalicelib.imports.receive import Terms, receive, receive_and_start, receive_url
from chalicelib.imports.start import start
from chalicelib.imports.undo import undo
from chalicelib.model.import_job import ImportJob
from chalicelib.model.row_error import Severity
from chalicelib.store.jobs import Wanted

blueprint = Blueprint(__name__)

TAG: Final = "Imports"

_NO_IMPORT = "There is no such import in this workspace, or the id is spelled as no import's is."
_NO_OTHER = "There is no such supplier or template in this workspace."
_UNREADABLE = "The form or the file in it cannot be read; the text says what, where and what to do."
_IN_THE_WAY = "The state of the import does not allow it; the text says which states do."
_LARGE_FILES = 'POST /api/v1/uploads (with "match_on": "ean", to match by EAN as here)'
_ARCHIVED: dict[str, bool | None] = {"true": True, "false": False, "all": None}
_ERRORS_A_PAGE = {Spelling.PIXEEPIM: 50, Spelling.PRODUCTSMANAGER: 20}

Form = TypeVar("Form", bound=BaseModel)


@endpoint(
    blueprint,
    "/api/v1/imports/upload",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    body=UPLOAD_FORM,
    answers={201: MadeImport},
    refusals={400: _UNREADABLE, 404: _NO_OTHER, 422: "A field of the form is impossible; each is named."},
)
def upload_import(call: Call) -> Answer:
    """Upload a file. It is analysed at once: the import awaits its mapping, or is ready when a template brings one, and
    with auto_process it starts.
    """
    file, asked = _form_with_file(call, UploadForm)
    job = receive(
        call.services,
        call.caller.workspace_id,
        file.name or "upload",
        file.content,
        asked.to_terms(import_type=asked.import_type, auto_start=asked.auto_process),
    )
    return Answer(pixeepim.made_json(job), code=201)


@endpoint(
    blueprint,
    "/api/v1/imports/upload-from-url",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    body=UrlBody,
    answers={201: MadeImport},
    refusals={404: _NO_OTHER},
)
def upload_import_from_url(call: Call) -> Answer:
    """Import a file that lies at a public address. It is fetched and analysed in the background."""
    body = call.parsed(UrlBody)
    terms = body.to_terms(import_type="url", auto_start=body.auto_process)
    return Answer(pixeepim.made_json(receive_url(call.services, call.caller.workspace_id, body.url, terms)), code=201)


@endpoint(
    blueprint,
    "/api/v1/imports",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    body=IMPORT_FORM,
    answers={201: MadeProductsManagerImport},
    refusals={
        400: _UNREADABLE,
        404: _NO_OTHER,
        422: "A field of the form or the mapping is impossible; each is named.",
    },
)
def create_import(call: Call) -> Answer:
    """Import a file at once (ProductsManager). Without a mapping the suggested one is taken; when that has no key or no
    title the upload is refused, and says what lacks.
    """
    file, asked = _form_with_file(call, ImportForm)
    if asked.format not in {None, *productsmanager.FORMATS}:
        raise BadRequest(f"The format {asked.format} is not taken here: {', '.join(productsmanager.FORMATS)} are.")
    terms = Terms(
        import_type="api",
        supplier_code=asked.supplier_code,
        supplier_id=asked.supplier_id,
        reading=asked.to_reading(),
        formats=productsmanager.FORMATS,
    )
    job = receive_and_start(
        call.services,
        call.caller.workspace_id,
        file.name or "upload",
        file.content,
        terms,
        mapping=_mapping_in(asked.mapping),
        transforms=_transforms_in(asked.transforms),
        options={"overwrite_existing": asked.update_existing},
    )
    return Answer(productsmanager.made_json(job), code=201)


@endpoint(
    blueprint,
    "/api/v1/imports",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    query=JobsQuery,
    answers={200: ImportsPage},
)
def list_import_jobs(call: Call) -> Answer:
    """The imports, the newest first; archived ones only when they are asked for."""
    asked = call.asked(JobsQuery)
    wanted = Wanted(
        states=pixeepim.STATES_OF_STATUS[asked.status] if asked.status else (),
        supplier_code=asked.supplier_code,
        is_archived=_ARCHIVED[asked.archived],
    )
    found = history.page(call.services, call.caller.workspace_id, wanted, page=asked.page, per_page=asked.per_page)
    items = [pixeepim.summary_json(job) for job in found.jobs]
    return Answer(v1.page_json(items, total=found.count, page=asked.page, per_page=asked.per_page))


@endpoint(
    blueprint,
    "/api/v1/imports/recent",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    query=RecentQuery,
    answers={200: RecentImports},
)
def list_recent_import_jobs(call: Call) -> Answer:
    """The newest imports that are not archived."""
    limit = call.asked(RecentQuery).limit
    found = history.page(call.services, call.caller.workspace_id, Wanted(), page=1, per_page=limit)
    return Answer({"items": [pixeepim.summary_json(job) for job in found.jobs]})


@endpoint(
    blueprint,
    "/api/v1/imports/stats",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: ImportStats},
)
def read_import_stats(call: Call) -> Answer:
    """What all imports came to, archived ones too."""
    return Answer(pixeepim.stats_json(history.stats(call.services, call.caller.workspace_id)))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: PixeepimImport | ProductsManagerImport},
    refusals={404: _NO_IMPORT},
)
def read_import_job(call: Call, import_id: str) -> Answer:
    """One import, as it is polled."""
    named = _named(call, import_id)
    return named.answer(_all_of(call, named.job))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}",
    ["DELETE"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: DeletedImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def delete_import_job(call: Call, import_id: str) -> Answer:
    """Delete an import for good, with its errors, its file and the way back. The products stay."""
    named = _named(call, import_id)
    control.delete(call.services, call.caller.workspace_id, named.job.id)
    return Answer({"deleted": True, "id": named.spelling.spell(named.job.uuid)})


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/errors",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    query=ErrorsQuery,
    answers={200: PixeepimErrors | ProductsManagerErrors},
    refusals={404: _NO_IMPORT},
)
def list_import_job_errors(call: Call, import_id: str) -> Answer:
    """What was wrong with which rows, in the order of the file."""
    named = _named(call, import_id)
    asked = call.asked(ErrorsQuery)
    per_page = asked.per_page or _ERRORS_A_PAGE[named.spelling]
    is_pixeepim = named.spelling is Spelling.PIXEEPIM
    found = history.errors(
        call.services,
        call.caller.workspace_id,
        named.job.id,
        page=asked.page,
        page_size=per_page,
        error_type=asked.error_type,
        severity=asked.severity or (None if is_pixeepim else Severity.ERROR),
        search=asked.search,
    )
    if is_pixeepim:
        items = [pixeepim.row_error_json(each) for each in found.errors]
        return Answer(v1.page_json(items, total=found.count, page=asked.page, per_page=per_page))
    return Answer(productsmanager.errors_json(found.errors, total=found.count, page=asked.page, per_page=per_page))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/report",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    query=ReportQuery,
    answers=CSV,
    refusals={404: _NO_IMPORT},
)
def download_import_report(call: Call, import_id: str) -> Answer | File:
    """The bad rows of an import as a CSV that can be fixed and uploaded again. Its columns are the file's own, then
    error, row_number, line and job_id. A large one is answered with 303 and the address to fetch it from.
    """
    job = _named(call, import_id).job
    severity = call.asked(ReportQuery).severity
    return offered(report.bad_rows(call.services, call.caller.workspace_id, job.id, asked=severity))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/mapping",
    ["GET"],
    scope="read",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: ImportMapping},
    refusals={404: _NO_IMPORT},
)
def read_import_mapping(call: Call, import_id: str) -> Answer:
    """What was understood of a file and what was decided: columns, a sample, the suggested and the saved mapping."""
    named = _named(call, import_id)
    return Answer(pixeepim.mapping_json(named.job) | named.head)


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/save-mapping",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    body=MappingBody,
    answers={200: SavedImportMapping | ProductsManagerImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def save_import_mapping(call: Call, import_id: str) -> Answer:
    """Save what each column means, with rules and options; the import is ready then. Sent again it replaces all."""
    named = _named(call, import_id)
    body = call.parsed(MappingBody)
    said = SavedMapping(
        mapping=v1.engine_mapping(body.column_mapping),
        rules=v1.engine_rules(body.validation_rules or {}),
        options=body.import_options or {},
        transforms=body.transforms,
    )
    named = named.now(save_mapping(call.services, call.caller.workspace_id, named.job.id, said))
    # Also those that were not said and hold because the columns were confirmed with them before.
    steps = {"transforms": transforms_json(named.job)} if named.job.transforms else {}
    return named.answer({**pixeepim.head_json(named.job), "column_mapping": body.column_mapping, **steps})


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/dry-run",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: ImportDryRun},
    refusals={
        400: "The file of a pending import cannot be had or read; the import has failed.",
        404: _NO_IMPORT,
        409: _IN_THE_WAY,
        422: "The mapping cannot be; it says why.",
    },
)
def dry_run_import_job(call: Call, import_id: str) -> Answer:
    """Say what an import would do, row by row, and change nothing. Without a saved mapping by the suggested one; a
    pending import is analysed first.
    """
    named = _named(call, import_id)
    tried = dry_run(call.services, call.caller.workspace_id, named.job.id)
    return Answer(pixeepim.dry_run_json(tried, named.spelling.spell(named.job.uuid)))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/start-processing",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: StartedImport | ProductsManagerImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY, 422: "The mapping can no longer be; it says why."},
)
def start_import_job(call: Call, import_id: str) -> Answer:
    """Start an import that is ready. Its rows are imported in the background."""
    named = _named(call, import_id)
    named = named.now(start(call.services, call.caller.workspace_id, named.job.id))
    return named.answer({**pixeepim.head_json(named.job), "started_at": pixeepim.started_at(named.job)})


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/cancel",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: CancelledImport | ProductsManagerImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def cancel_import_job(call: Call, import_id: str) -> Answer:
    """Cancel an import that waits or runs. Rows that are in the catalogue already stay."""
    named = _named(call, import_id)
    named = named.now(control.cancel(call.services, call.caller.workspace_id, named.job.id))
    return named.answer(pixeepim.head_json(named.job))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/retry",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: RetriedImport | ProductsManagerImport},
    refusals={400: "Its file is gone: upload it again.", 404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def retry_import_job(call: Call, import_id: str) -> Answer:
    """Run an import that failed or was cancelled again, from the start, with the same file and mapping."""
    named = _named(call, import_id)
    named = named.now(control.retry(call.services, call.caller.workspace_id, named.job.id))
    return named.answer(pixeepim.head_json(named.job))


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/archive",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: ArchivedImport | ProductsManagerImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def archive_import_job(call: Call, import_id: str) -> Answer:
    """Hide an import that has ended from the default list."""
    return _archived(call, import_id, is_archived=True)


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/unarchive",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    answers={200: ArchivedImport | ProductsManagerImport},
    refusals={404: _NO_IMPORT, 409: _IN_THE_WAY},
)
def unarchive_import_job(call: Call, import_id: str) -> Answer:
    """Show an archived import in the default list again."""
    return _archived(call, import_id, is_archived=False)


@endpoint(
    blueprint,
    "/api/v1/imports/{import_id}/undo",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag=TAG,
    query=UndoQuery,
    answers={200: ImportUndoPreview, 201: PixeepimImport | ProductsManagerImport},
    refusals={
        400: "The body is not JSON; it may be left out.",
        404: _NO_IMPORT,
        409: "The import has not ended, was undone already, or ended too long ago.",
    },
)
def undo_import_job(call: Call, import_id: str) -> Answer:
    """Bring back what an import changed: products it made are removed, products it changed get their former values.
    What something newer has touched is left alone and told as a conflict. The answer is the job that does it.
    """
    named = _named(call, import_id)
    workspace_id = call.caller.workspace_id
    if _only_tries(call):
        preview = undo(call.services, workspace_id, named.job.id, dry_run=True)
        return Answer(pixeepim.undo_preview_json(preview, named.spelling.spell(named.job.uuid)))
    named = named.now(undo(call.services, workspace_id, named.job.id))
    return named.answer(_all_of(call, named.job), 201)


@dataclass(frozen=True, slots=True)
class _Named:
    """An import, and the spelling it was asked for by."""

    job: ImportJob
    spelling: Spelling

    @property
    def head(self) -> dict[str, Any]:
        """Its id and status in the asker's words."""
        if self.spelling is Spelling.PIXEEPIM:
            return pixeepim.head_json(self.job)
        return productsmanager.head_json(self.job)

    def now(self, job: ImportJob) -> "_Named":
        return _Named(job, self.spelling)

    def answer(self, in_pixeepims_words: Mapping[str, Any], code: int = 200) -> Answer:
        """What Pixeepim documents; for an ``imp_`` id the import as ProductsManager prints it."""
        if self.spelling is Spelling.PIXEEPIM:
            return Answer(in_pixeepims_words, code)
        return Answer(productsmanager.job_json(self.job), code)


def _named(call: Call, import_id: str) -> _Named:
    job_uuid, spelling = v1.read_import_id(import_id)
    return _Named(history.find(call.services, call.caller.workspace_id, job_uuid), spelling)


def _archived(call: Call, import_id: str, *, is_archived: bool) -> Answer:
    named = _named(call, import_id)
    workspace_id = call.caller.workspace_id
    named = named.now(control.archive(call.services, workspace_id, named.job.id, is_archived=is_archived))
    return named.answer({**pixeepim.head_json(named.job), "is_archived": named.job.is_archived})


def _all_of(call: Call, job: ImportJob) -> dict[str, Any]:
    return pixeepim.job_json(detail(call.services, job))


def _only_tries(call: Call) -> bool:
    """Whether the query or the body asks for a dry run."""
    return call.asked(UndoQuery).dry_run or (bool(call.body) and call.parsed(UndoBody).dry_run)


def _form_with_file(call: Call, kind: type[Form]) -> tuple[UploadedFile, Form]:
    """The file of a form and its fields; a blank one counts as not given. Raises BadRequest, TooLarge, InvalidValue."""
    content_type = call.request.headers.get("content-type", "")
    form = read_form(call.body, content_type, call.services.settings, large_files=_LARGE_FILES)
    if nul := next((name for name, text in form.fields.items() if "\0" in name + text), None):
        raise InvalidValue({nul.replace("\0", "") or "form": "holds a NUL character"})
    asked = checked(kind, {name: text for name, text in form.fields.items() if text != ""})
    file = form.files.get("file")
    if file is None:
        raise BadRequest("The form has no file: send it in a part named file, with a file name.")
    return file, asked


def _mapping_in(text: str | None) -> dict[str, str | None] | None:
    """Column to field, from a form's text in the engine's names; None when nothing is said. Raises InvalidValue."""
    if text is None:
        return None
    said = checked(MappingField, {"mapping": _object_in(text, "mapping", "column to field")}).mapping
    return v1.engine_mapping(said) if said else None


def _transforms_in(text: str | None) -> dict[str, Any] | None:
    """Column to steps, likewise."""
    if text is None:
        return None
    value = _object_in(text, "transforms", "column to a list of steps")
    return checked(TransformsField, {"transforms": value}).transforms


def _object_in(text: str, name: str, what: str) -> Any:
    """What a form's text is as JSON. Raises InvalidValue."""
    try:
        return json_value(text.encode(), name)
    except BadRequest as error:
        raise InvalidValue({name: f"must be a JSON object, {what}: {error}"}) from error
