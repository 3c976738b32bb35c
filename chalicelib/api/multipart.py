"""multipart/form-data: the bytes of an upload, without copying them more than once."""

import io
from dataclasses import dataclass

from multipart import MultipartError, MultipartParser, MultipartPart, parse_options_header

from chalicelib.errors import BadRequest, InvalidValue, TooLarge
from chalicelib.settings import MEBIBYTE, Settings


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file of a form: its name as the sender gave it, without folders, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The files and the text fields of a form, by name; of a repeated name the last."""

    files: dict[str, UploadedFile]
    fields: dict[str, str]


def read_form(body: bytes, content_type: str, settings: Settings, *, large_files: str = "POST /api/v1/uploads") -> Form:
    """The form in ``body``. Raises TooLarge naming the way for large files, BadRequest, and InvalidValue naming a field
    whose text cannot be read.
    """
    if len(body) > settings.multipart_limit_bytes:
        raise TooLarge(
            f"The upload has {len(body)} bytes; a form may have {settings.multipart_limit_bytes}."
            f" For a larger file ask {large_files} for an address and send the file there."
        )
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or "boundary" not in options:
        raise BadRequest("Send the file as multipart/form-data, in a part named file.")
    files: dict[str, UploadedFile] = {}
    fields: dict[str, str] = {}
    try:
        parser = MultipartParser(
            io.BytesIO(body),
            options["boundary"],
            len(body),
            buffer_size=MEBIBYTE,
            spool_limit=settings.multipart_limit_bytes,
            memory_limit=2 * settings.multipart_limit_bytes,
        )
        for part in parser:
            name = str(part.name)
            if part.filename is None:
                fields[name] = _text(part, name)
            else:
                files[name] = UploadedFile(_last_part(part.filename), part.raw)
            part.close()
    except MultipartError as error:
        raise BadRequest(f"The form cannot be read: {error.args[0] if error.args else 'it is broken'}.") from error
    return Form(files, fields)


def _text(part: MultipartPart, name: str) -> str:
    try:
        text: str = part.value
    except UnicodeDecodeError as error:
        raise InvalidValue({name: "is not UTF-8"}) from error
    except LookupError as error:
        raise InvalidValue({name: "is written in a charset that is not known here; send it as UTF-8"}) from error
    return text


def _last_part(file_name: str) -> str:
    return file_name.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()[:255]
