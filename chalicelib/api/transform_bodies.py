"""How requests and answers speak of transforms, the steps of columns (``docs/transforms.md``)."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.model.transform import STEPS, STEPS_PER_COLUMN

_SHAPE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "maxItems": STEPS_PER_COLUMN,
        "items": {
            "type": "object",
            "properties": {"step": {"type": "string", "enum": list(STEPS)}},
            "required": ["step"],
        },
    },
}

EXAMPLE: dict[str, Any] = {
    "Marque": [{"step": "trim", "collapse": True}],
    "Prix HT": [{"step": "number", "decimal": ",", "multiply": "1.2", "round": 2}],
}

_Steps = Annotated[dict[str, Any], Field(json_schema_extra=_SHAPE)]

SaidTransforms = Annotated[
    _Steps | None,
    Field(
        description=(
            "Column to the steps its cells go through, in order, before they are read. Left out: as the columns were"
            " confirmed before, where they are mapped to the same field; {}: none."
        ),
    ),
]
"""What a caller says of them; the steps are checked by ``model.transform``, which names what cannot be."""

Transforms = Annotated[_Steps, Field(description="Column to the steps its cells go through.")]
"""What is kept of them."""
