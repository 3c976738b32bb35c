"""Write what the offline suggester makes of a labelled set of files: ``python -m scripts.eval_mapping SET OUT``.

In: JSON lines with ``file_id``, ``headers`` and ``sample_rows`` (objects, header to text). Out: JSON lines with
``file_id``, ``mapping`` (header to field or null) and ``types`` (header to type), for a scorer to compare with its
labels. Only the sample rows are looked at; nothing is known of the rest of the file, and the labels are not read.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.fields import FIELD_TYPES, Parser, Unfit, column_habit
from chalicelib.model.outcomes import ColumnEvidence
from chalicelib.model.product_schema import ProductSchema
from chalicelib.suggest import suggest

_PRINTED_TYPES = {"multi_price": "multi-price"}


def predict(item: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction for one line of a set."""
    headers: list[str] = item["headers"]
    rows = [[str(row.get(header) or "") for header in headers] for row in item["sample_rows"]]
    columns = [evidence(header, position, rows) for position, header in enumerate(headers)]
    suggestion = suggest(columns, rows, learned={}, schema=ProductSchema(), row_count=len(rows))
    types = {each.name: each.type for each in suggestion.schema}
    fields = {each.column: each.field for each in suggestion.columns}
    return {
        "file_id": item["file_id"],
        "mapping": fields,
        "types": {
            header: _PRINTED_TYPES.get(types.get(field, "string"), types.get(field, "string"))
            for header, field in fields.items()
            if field
        },
    }


def evidence(header: str, position: int, rows: Sequence[Sequence[str]]) -> ColumnEvidence:
    """What a few rows tell of a column; whether it is unique over the whole file stays unknown."""
    filled = [cell for cell in (row[position].strip() for row in rows) if cell]
    habit = column_habit(filled, "en_US", "USD")
    fits = {name: _share(kind.parser(habit), filled) for name, kind in FIELD_TYPES.items()}
    return ColumnEvidence(
        header=header,
        position=position,
        sampled=len(rows),
        filled=len(filled),
        fits=fits,
        unique=None,
        blank_rows=None,
        examples=tuple(dict.fromkeys(filled))[:5],
    )


def _share(parse: Parser, cells: Sequence[str]) -> float:
    return sum(_parses(parse, cell) for cell in cells) / len(cells) if cells else 0.0


def _parses(parse: Parser, cell: str) -> bool:
    try:
        parse(cell)
    except Unfit:
        return False
    return True


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
