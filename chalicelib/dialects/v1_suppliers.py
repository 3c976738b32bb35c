"""How suppliers and import templates print under ``/api/v1`` (shared spec, section 1 "Suppliers and templates")."""

from dataclasses import asdict
from typing import Any

from chalicelib.dialects.segops import time_json
from chalicelib.dialects.v1 import edge_mapping, edge_rules
from chalicelib.formats.csv_parser import NO_QUOTES
from chalicelib.formats.reading import Reading
from chalicelib.model.import_template import ListedTemplate, Template
from chalicelib.model.supplier import Supplier


def supplier_json(supplier: Supplier) -> dict[str, Any]:
    """A supplier."""
    return {
        "id": str(supplier.id),
        "code": supplier.code,
        "name": supplier.name,
        "is_stub": supplier.is_stub,
        "created_at": time_json(supplier.created_at),
        "updated_at": time_json(supplier.updated_at),
    }


def listed_template_json(template: ListedTemplate) -> dict[str, Any]:
    """A template in a list: without what it says."""
    return {
        "id": str(template.id),
        "name": template.name,
        "supplier_id": str(template.supplier_id) if template.supplier_id else None,
        "supplier_code": template.supplier_code,
        "version": template.version,
        "created_at": time_json(template.created_at),
        "updated_at": time_json(template.updated_at),
    }


def template_json(template: Template) -> dict[str, Any]:
    """A template at one of its versions, its fields in the v1 words."""
    content = template.content
    return {
        "id": str(template.id),
        "name": template.name,
        "supplier_id": str(template.supplier_id) if template.supplier_id else None,
        "supplier_code": template.supplier_code,
        "version": template.version,
        "latest_version": template.latest_version,
        "column_mapping": edge_mapping(content.mapping),
        "validation_rules": edge_rules(content.rules),
        "import_options": dict(content.options),
        "transforms": dict(content.transforms),
        **_reading_json(Reading(**content.reading)),
        "created_at": time_json(template.created_at),
        "updated_at": time_json(template.updated_at),
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {**asdict(reading), "quotechar": "none" if reading.quotechar == NO_QUOTES else reading.quotechar}
