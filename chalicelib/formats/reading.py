"""How a file is to be read, and how much of it is taken.

In: what a caller says of a file (`Reading`), and what the settings allow (`FileLimits`). Shared by all formats.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """How the caller says a file is to be read; None: found out.

    Attributes:
        format: ``csv``, ``xlsx``, ``json`` or ``xml``; one that the bytes contradict is refused.
        encoding: of a CSV, JSON or XML file; a workbook has its own.
        delimiter: of a CSV; ``quotechar`` as well, empty for none.
        skip_header_rows: what stands before the header: lines of a CSV, rows of a sheet or of a JSON list of lists. 0
            says that nothing does. JSON objects and XML have no header, so there it says nothing, and a note says that.
        header: whether the table begins with a header; its columns are column_1 and so on where it has none.
        sheet: of a workbook, by its name, or by its number from 1.
        record_path: where the records are: the keys that lead to the list in JSON (``data.products``), the elements
            that lead to the record in XML (``channel/item``, ``rss/channel/item``).
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotechar: str | None = None
    skip_header_rows: int | None = None
    header: bool | None = None
    sheet: str | None = None
    record_path: str | None = None


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What is accepted; a file over one of these is refused with its name.

    ``inflated_bytes`` bounds what the parts of a workbook come to, ``inflated_ratio`` how many times their packed size
    that may be, ``canonical_bytes`` the CSV that a file of another format is rewritten into.
    """

    columns: int = 1_000
    cell_bytes: int = 1024 * 1024
    inflated_bytes: int = 300 * 1024 * 1024
    inflated_ratio: int = 100
    canonical_bytes: int = 400 * 1024 * 1024

    @property
    def record_bytes(self) -> int:
        """A record as a whole may be as long as four of the longest cells: it is held in memory."""
        return 4 * self.cell_bytes
