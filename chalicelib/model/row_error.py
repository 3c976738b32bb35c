"""What is wrong with a row, in the closed list of the shared spec, section 1 "error_type"."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum


class ErrorType(StrEnum):
    EAN_INVALID = "ean_invalid"
    MISSING_REQUIRED_FIELD = "missing_required_field"
    INVALID_TYPE = "invalid_type"
    OUT_OF_RANGE = "out_of_range"
    PATTERN_MISMATCH = "pattern_mismatch"
    NOT_IN_LIST = "not_in_list"
    NOT_UNIQUE = "not_unique"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    IDENTITY_CONFLICT = "identity_conflict"
    ALREADY_EXISTS = "already_exists"
    UNKNOWN_SUPPLIER = "unknown_supplier"
    ENCODING_ERROR = "encoding_error"
    MALFORMED_ROW = "malformed_row"
    COLUMN_NOT_FOUND = "column_not_found"
    SYSTEM_ERROR = "system_error"


class Severity(StrEnum):
    ERROR = "error"
    """The row was not imported."""
    WARNING = "warning"
    """The row was dealt with; a person should know this of it."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One finding about one row.

    ``row_number`` counts data rows from 1, ``line`` the file's lines from 1; ``field`` is the schema's name, ``column``
    the file's; ``raw_value`` is the cell as it stands in the file, cut at 500 characters.
    """

    row_number: int
    line: int
    severity: Severity
    error_type: ErrorType
    message: str
    field: str | None = None
    column: str | None = None
    raw_value: str | None = None
    created_at: datetime | None = dataclass_field(default=None, compare=False)
    """When it was written down; None before that."""
