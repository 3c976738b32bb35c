"""Files that go out: the report of bad rows (``/api/pim/import/{job_id}/errors.csv``) and the members of a segment
(``/api/product-segments/{segment_id}/members.csv``).

Small files are the answer itself; for a large one the answer is 303 and an address at S3 that can be fetched for a
while, since a function's answer ends at 6 MB.
"""

from typing import Literal

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import Answer, Call, File, Media, endpoint, number_of
from chalicelib.dialects import segops
from chalicelib.formats.csv_writer import CSV_MEDIA_TYPE
from chalicelib.imports import report
from chalicelib.segments.members_csv import members_csv
from chalicelib.store.files import Download

blueprint = Blueprint(__name__)

CSV = {200: Media("text/csv"), 303: None}
"""What a route that offers a CSV answers."""


class ReportQuery(BaseModel):
    """Which rows are reported."""

    model_config = ConfigDict(extra="ignore")

    severity: Literal["error", "warning", "all"] = Field(
        default="error", description="Rows that were not imported, rows that were imported with a warning, or both."
    )


@endpoint(
    blueprint,
    "/api/pim/import/{job_id}/errors.csv",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Import",
    query=ReportQuery,
    answers=CSV,
    refusals={404: "There is no such import in this workspace."},
)
def download_bad_rows(call: Call, job_id: str) -> Answer | File:
    """The bad rows of an import as a CSV that can be fixed and uploaded again. Its columns are the file's own, then
    error, row_number, line and job_id. A large one is answered with 303 and the address to fetch it from.
    """
    severity = call.asked(ReportQuery).severity
    return offered(
        report.bad_rows(call.services, call.caller.workspace_id, number_of(job_id, "import"), asked=severity)
    )


@endpoint(
    blueprint,
    "/api/product-segments/{segment_id}/members.csv",
    ["GET"],
    scope="read",
    errors=segops.error_answer,
    tag="Product Segments",
    answers=CSV,
    refusals={404: "There is no such segment in this workspace."},
)
def download_members(call: Call, segment_id: str) -> Answer | File:
    """The members of a segment as a CSV: sku, name, and the schema's fields. A large one is answered with 303 and the
    address to fetch it from.
    """
    return offered(members_csv(call.services, call.caller.workspace_id, number_of(segment_id, "segment")))


def offered(download: Download) -> Answer | File:
    """The file itself, or 303 and where it can be fetched."""
    if download.url:
        return Answer(None, 303, {"Location": download.url})
    return File(download.content, CSV_MEDIA_TYPE, download.name)
