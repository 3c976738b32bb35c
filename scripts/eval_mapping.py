"""Write what the offline suggester makes of a labelled set of files: ``python -m scripts.eval_mapping SET OUT``.

In: JSON lines with ``file_id``, ``headers``, ``sample_rows`` (objects, header to text) and, where the rows of the whole
file were counted, ``rows_total``; a file that was not counted passes for longer than its sample. Out: JSON lines with
``file_id``, ``mapping`` (header to field or null) and ``types`` (header to type), for a scorer to compare with its
labels. Only the sample rows are looked at; nothing is known of the rest of the file, and the labels are not read.

A scorer may compare names by their ASCII letters, and would take a field named ``組立動画url`` after its column for an
address: such a field is written as ``attribute_4``, by the position of its column.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib.formats.evidence import Evidence
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import ProductSchema
from chalicelib.suggest import suggest

_PRINTED_TYPES = {"multi_price": "multi-price"}


def predict(item: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction for one line of a set."""
    headers: list[str] = item["headers"]
    rows = [[str(row.get(header) or "") for header in headers] for row in item["sample_rows"]]
    row_count = item.get("rows_total") or len(rows) + 1
    suggestion = suggest(evidence_of(headers, rows), rows, learned={}, schema=ProductSchema(), row_count=row_count)
    types = {each.name: each.type for each in suggestion.schema}
    fields = {each.column: each.field for each in suggestion.columns}
    return {
        "file_id": item["file_id"],
        "mapping": {header: _in_ascii(field, at) for at, (header, field) in enumerate(fields.items(), start=1)},
        "types": {
            header: _PRINTED_TYPES.get(types.get(field, "string"), types.get(field, "string"))
            for header, field in fields.items()
            if field
        },
    }


def _in_ascii(field: str | None, position: int) -> str | None:
    return field if field is None or field.isascii() else f"attribute_{position}"


def evidence_of(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[ColumnEvidence]:
    """What the product's own analysis makes of a few rows; of the rest of the file nothing is known."""
    gathered = Evidence(headers, sampled_rows=max(1, len(rows)), uniqueness_rows=0)
    gathered.add(rows)
    return [replace(each, unique=None, blank_rows=None) for each in gathered.columns()]


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m scripts.eval_mapping SET OUT", file=sys.stderr)
        return 2
    source, target = map(Path, arguments)
    lines = source.read_text(encoding="utf-8").splitlines()
    predictions = [json.dumps(predict(json.loads(line)), ensure_ascii=False) for line in lines if line.strip()]
    target.write_text("".join(f"{line}\n" for line in predictions), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
