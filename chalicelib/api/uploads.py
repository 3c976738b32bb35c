"""The way for large files (shared spec, section 1 "Large files"): ask for an address, send the file straight to S3."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.api.endpoint import Answer, Call, endpoint
from chalicelib.api.v1_bodies import Switch, TermsFields
from chalicelib.dialects import segops, v1
from chalicelib.imports.receive import expect_upload
from chalicelib.model.import_job import MatchOn

blueprint = Blueprint(__name__)


class UploadBody(TermsFields):
    """What is going to be uploaded, and on which terms it is imported."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={"examples": [{"name": "catalog.csv", "size": 52428800, "type": "text/csv"}]},
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)] = Field(
        description="The file's name, with its ending."
    )
    size: int = Field(ge=1, strict=True, description="In bytes.")
    type: str = Field(default="text/csv", min_length=1, max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")
    match_on: MatchOn = Field(
        default=MatchOn.SKU,
        description="Which key rows are matched to products by: sku as by the wizard, ean as by an upload to"
        " `/api/v1/imports`.",
    )
    auto_process: Switch = Field(default=False, description="With a template: start after the analysis.")


class ExpectedFile(BaseModel):
    """The import that waits for its file, and the form to send the file by: a POST of the fields, then the file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019df2a1-7c3e-7d4b-9a52-3f0c8e6b1d27",
                    "job_id": 42,
                    "status": "pending",
                    "url": "https://skuloom-files.s3.eu-west-3.amazonaws.com/",
                    "fields": {"key": "arrivals/1/019df2a1-7c3e-7d4b-9a52-3f0c8e6b1d27/catalog.csv"},
                    "expires_at": "2026-05-03T11:00:00Z",
                }
            ]
        }
    )

    id: UUID
    job_id: int = Field(description="The import, as `/api/pim/import/{job_id}/` knows it; `id` is it to `/api/v1`.")
    status: Literal["pending"]
    url: str
    fields: dict[str, str]
    expires_at: datetime


@endpoint(
    blueprint,
    "/api/v1/uploads",
    ["POST"],
    scope="write",
    errors=v1.error_answer,
    tag="Uploads",
    body=UploadBody,
    answers={201: ExpectedFile},
    refusals={404: "There is no such supplier or template in this workspace."},
)
def expect_file(call: Call) -> Answer:
    """A form to send one file to S3 by; its arrival starts the analysis."""
    body = call.parsed(UploadBody)
    expected = expect_upload(
        call.services,
        call.caller.workspace_id,
        file_name=body.name,
        size_bytes=body.size,
        content_type=body.type,
        terms=body.to_terms(import_type="push", auto_start=body.auto_process, match_on=body.match_on),
    )
    return Answer(
        {
            "id": str(expected.job.uuid),
            "job_id": expected.job.id,
            "status": segops.STATUS_OF_STATE[expected.job.state],
            "url": expected.form.url,
            "fields": dict(expected.form.fields),
            "expires_at": segops.time_json(expected.expires_at),
        },
        code=201,
    )
