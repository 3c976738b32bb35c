"""``import_options``: what an import may do to the catalogue (shared spec, section 1 "Update rules").

Saved with the mapping, kept in templates, frozen into the plan of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.errors import InvalidValue
from chalicelib.model.import_job import ErrorPolicy, ImportJob, MatchOn


class BlankCells(StrEnum):
    """What a blank cell of a mapped column does to a product's value."""

    CLEAR = "clear"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Attributes:
    overwrite_existing: False leaves existing products as they are; their rows get the warning already_exists.
    create_missing: False makes no new products.
    match_on: which key rows are matched by; None: the API's own.
    """

    overwrite_existing: bool = True
    create_missing: bool = True
    blank_cells: BlankCells = BlankCells.CLEAR
    error_policy: ErrorPolicy = ErrorPolicy.SKIP
    match_on: MatchOn | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "overwrite_existing": self.overwrite_existing,
            "create_missing": self.create_missing,
            "blank_cells": self.blank_cells.value,
            "error_policy": self.error_policy.value,
            "match_on": self.match_on.value if self.match_on else None,
        }


_SWITCHES = ("overwrite_existing", "create_missing")
_WORDS: dict[str, type[StrEnum]] = {"blank_cells": BlankCells, "error_policy": ErrorPolicy, "match_on": MatchOn}


def read_options(given: Mapping[str, Any], *, at: str = "import_options") -> ImportOptions:
    """The options a caller sent or we stored; what is left out or null is the default. Raises InvalidValue."""
    problems: dict[str, str] = {}
    said: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _SWITCHES and name not in _WORDS:
            problems[f"{at}.{name}"] = f"is no option; the options are {', '.join([*_SWITCHES, *_WORDS])}"
        elif value is None:
            continue
        elif name in _SWITCHES:
            if isinstance(value, bool):
                said[name] = value
            else:
                problems[f"{at}.{name}"] = "must be true or false"
        else:
            words = [each.value for each in _WORDS[name]]
            if isinstance(value, str) and value in words:
                said[name] = _WORDS[name](value)
            else:
                problems[f"{at}.{name}"] = f"must be one of {', '.join(words)}"
    if problems:
        raise InvalidValue(problems)
    return ImportOptions(**said)


def match_on_of(job: ImportJob, options: ImportOptions) -> MatchOn:
    """What the rows of a job are matched by: as its options say, else as its API has it."""
    return options.match_on or job.match_on
