"""The way for large files (shared spec, section 1 "Large files"): ask for an address, send the file straight to S3."""

from chalice.app import Blueprint
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.api.endpoint import Answer, Call, endpoint
from chalicelib.dialects import segops, v1
from chalicelib.errors import InvalidValue
from chalicelib.imports.receive import expect_upload
from chalicelib.model.import_job import MatchOn

blueprint = Blueprint(__name__)


class UploadBody(BaseModel):
    """What is going to be uploaded."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1, max_length=255)
    size: int
    type: str = Field(default="text/csv", min_length=1, max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")


@endpoint(blueprint, "/api/v1/uploads", ["POST"], scope="write", errors=v1.error_answer)
def expect_file(call: Call) -> Answer:
    """A form to send one file to S3 by; its arrival starts the analysis."""
    try:
        body = UploadBody.model_validate(call.json_object())
    except ValidationError as error:
        raise InvalidValue({str(each["loc"][0]): each["msg"] for each in error.errors()}) from error
    expected = expect_upload(
        call.services,
        call.caller.workspace_id,
        file_name=body.name,
        size_bytes=body.size,
        content_type=body.type,
        match_on=MatchOn.SKU,
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
