"""The product schema as a person reads it, and what no schema can be. ``segments.schema_use`` replaces it."""

import re
from collections.abc import Sequence

from chalicelib.errors import InvalidValue
from chalicelib.fields import FIELD_TYPES
from chalicelib.model.product_schema import ProductSchema, SchemaField, duplicates, refuse_field_name
from chalicelib.services import Services
from chalicelib.store import schemas

_CURRENCY = re.compile(r"[A-Z]{3}")
_LOCALE = re.compile(r"[a-z]{2,3}([_-]([A-Z]{2}|[0-9]{3}))?")


def read(services: Services, workspace_id: int) -> ProductSchema:
    """The workspace's schema; without fields when none was defined yet."""
    with services.database.workspace(workspace_id) as cursor:
        return schemas.read(cursor, workspace_id)


def check_fields(fields: Sequence[SchemaField], where: str) -> None:
    """Raise InvalidValue for names and types no schema can have; ``where`` is what the request calls the list."""
    problems: dict[str, str] = {}
    for position, field in enumerate(fields):
        if problem := refuse_field_name(field.name):
            problems[f"{where}[{position}].name"] = problem
        elif field.type not in FIELD_TYPES:
            problems[f"{where}[{position}].type"] = (
                f'"{field.type}" is no field type; there are {", ".join(FIELD_TYPES)}'
            )
    for name in duplicates(field.name for field in fields):
        problems[where] = f'the field "{name}" is there twice'
    if problems:
        raise InvalidValue(problems)


def check_size(fields: Sequence[SchemaField], where: str, *, most: int) -> None:
    """Raise InvalidValue for more fields than a schema may have: each is a question of its own to the mirror."""
    if len(fields) > most:
        raise InvalidValue({where: f"a schema may have {most} fields; these are {len(fields)}"})


def check_defaults(currency: str | None, locale: str | None) -> None:
    """Raise InvalidValue for what is no currency code or locale."""
    problems = {}
    if currency is not None and not _CURRENCY.fullmatch(currency):
        problems["default_currency"] = "a currency code of three capital letters, such as EUR"
    if locale is not None and not _LOCALE.fullmatch(locale):
        problems["default_locale"] = "a locale such as en_US"
    if problems:
        raise InvalidValue(problems)
