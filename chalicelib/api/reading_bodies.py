"""How a file is to be read, as requests say it, and how it was read, as answers print it (``docs/reading.md``)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chalicelib.formats.csv_parser import NO_QUOTES
from chalicelib.formats.reading import Reading

FileFormat = Literal["csv", "xlsx", "json", "xml"]

DETECTED_CSV: dict[str, Any] = {
    "format": "csv",
    "encoding": "utf-8",
    "bom": False,
    "delimiter": ",",
    "quotechar": '"',
    "escapechar": None,
    "header": True,
    "header_line": 1,
    "sheet": None,
    "record_path": None,
}


def _spelled_out(text: Any) -> Any:
    return "\t" if text in ("tab", "\\t") else text


def _without_quotes(text: str | None) -> str | None:
    return NO_QUOTES if text == "none" else text


class CsvReading(BaseModel):
    """How a CSV is to be read; what is left out is found out."""

    skip_header_rows: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="What stands before the header: lines of a CSV, rows of a sheet; 0: the header comes first."
        " Left out: found out.",
    )
    header: bool | None = Field(
        default=None,
        description="Whether the table begins with a header; without one its columns are column_1 and so on."
        " Left out: found out.",
    )
    encoding: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][\w.:+-]{0,39}$",
        description="Of the text, by any name of it, such as windows-1252 or shift_jis.",
    )
    delimiter: Annotated[str | None, BeforeValidator(_spelled_out)] = Field(
        default=None, pattern=r'^([^\r\n"\x00]|tab)$', description="Of a CSV: one character, or tab."
    )
    quotechar: Annotated[str | None, AfterValidator(_without_quotes)] = Field(
        default=None,
        pattern=r"^([^\w\s\x00]|none)$",
        description="What cells of a CSV stand in where they must: one character, or none.",
    )

    def to_reading(self) -> Reading:
        return Reading(
            encoding=self.encoding,
            delimiter=self.delimiter,
            quotechar=self.quotechar,
            skip_header_rows=self.skip_header_rows,
            header=self.header,
        )


class Detected(BaseModel):
    """How a file was read; null for what files of its format do not have. Each can be said instead."""

    format: FileFormat
    encoding: str | None = Field(description="Of its text, as `encoding` takes it.")
    bom: bool | None = Field(description="It begins with a byte order mark.")
    delimiter: str | None
    quotechar: str | None = Field(description="none: a quote is a sign like any other.")
    escapechar: str | None = Field(description="What keeps a quote from ending its cell, where the file has that.")
    header: bool | None = Field(description="false: the table begins with a row, and its columns have numbers.")
    header_line: int | None = Field(description="Line of a CSV or row of a sheet that the header is in, from 1.")
    sheet: str | None
    record_path: str | None
