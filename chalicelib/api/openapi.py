"""The OpenAPI 3.1 document, made of what every route says of itself (``endpoint.ENDPOINTS``) and of its models.

Comes in: the endpoints. Goes out: the document as plain JSON values, the same for the same code. What follows from the
house and not from a route stands here: how credentials are sent, how a refusal reads in each dialect, what a header
says, how a path is printed.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from chalicelib import __version__
from chalicelib.api.endpoint import Endpoint, ErrorAnswer, Media, Shape
from chalicelib.dialects import segops, v1
from chalicelib.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidValue,
    NotFound,
    PreconditionFailed,
    SkuloomError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

Json = dict[str, Any]

TAGS = {
    "Import": "A CSV becomes products: upload, confirm what each column means, follow the job, read what was wrong.",
    "Imports": "A file of any format becomes products: upload, map, try, start, follow, take back. Two APIs over one "
    "engine: how an id is spelled says in whose words the answer is.",
    "Pending EANs": "EANs that imports met and no product has.",
    "Import Templates": "How files are imported, kept under a name: mapping, rules, options, how the file is read.",
    "Suppliers": "Whose files are imported.",
    "Uploads": "The way for files larger than a request carries: ask for an address and send the file straight there.",
    "Schema": "Which fields a product's data may hold, and of which type.",
    "Products": "The catalogue, product by product or up to 500 at a time.",
    "Facets": "The values that fields hold, for filters.",
    "Product Segments": "Sets of products by a definition: kept, previewed, computed, read.",
    "Health": "Is the system alive, and does each part it needs answer?",
    "Documentation": "This description, for machines and for people.",
}
"""What routes are grouped by, in the order of the contents."""

_DESCRIPTION = """\
Skuloom turns supplier files into a catalogue that can be queried and cut into segments.

Every path answers with and without a slash at its end; here each is printed as its API's documentation prints it. \
Times are UTC. A blank query parameter counts as not given.

A request needs an API key, as `X-API-Key` or as `Authorization: Bearer`, or a JWT as `Authorization: Bearer`. What \
belongs to another workspace is answered as if it were not there.

What is refused says why: `{"detail": "…"}`, or `{"field": ["…"]}` where a field is to blame; under `/api/v1` \
`{"error", "message", "details"}`."""

_SECURITY_SCHEMES: Json = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key of a workspace."},
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT or API key",
        "description": "A JWT that names its workspace in a claim, or an API key.",
    },
}

_SLASHED = ("/api/pim/", "/api/product-segments")
"""Where the documents print paths with a slash at their end."""

_NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_UUID: Json = {"type": "string", "format": "uuid"}
_IMPORT_ID: Json = {
    "type": "string",
    "pattern": "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|imp_[0-7][0-9A-HJKMNP-TV-Z]{25})$",
    "examples": ["550e8400-e29b-41d4-a716-446655440000", "imp_2N1T201RMV87AAE5J4CSAM8000"],
}
_PATH_PARAMETERS: dict[str, tuple[str, Json]] = {
    "job_id": ("The import's id.", _NUMBER),
    "product_id": ("The product's id.", _NUMBER),
    "segment_id": ("The segment's id.", _NUMBER),
    "import_id": ("The import's id: a UUID, or `imp_` and 26 letters and digits.", _IMPORT_ID),
    "resolution_id": ("The entry's id.", _UUID),
    "supplier_id": ("The supplier's id.", _UUID),
    "template_id": ("The template's id.", _UUID),
}
"""What the parts of a path mean, by their names."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header of requests or answers: what it says, an example, and the answers that carry it."""

    says: str
    example: str
    codes: frozenset[int] = frozenset()


_HEADERS = {
    "If-Match": Header("Go on only while the thing still has this ETag; otherwise 412.", '"17"'),
    "If-None-Match": Header("Send nothing if the thing still has this ETag: 304.", '"17"'),
    "ETag": Header("The version of the thing, for `If-Match` and `If-None-Match`.", '"17"', frozenset({200, 201, 304})),
    "Location": Header("Where to go on.", "https://example.org/file.csv", frozenset({303})),
    "WWW-Authenticate": Header("How to authenticate.", "Bearer", frozenset({401})),
    "Retry-After": Header("Seconds after which to try again.", "5", frozenset({503})),
}

_SAMPLES: tuple[SkuloomError, ...] = (
    BadRequest("The body must be a JSON object."),
    Unauthenticated("No credentials. Send an API key as X-API-Key, or an API key or JWT as Authorization: Bearer."),
    Forbidden('This key may not do that: it lacks the scope "write".'),
    NotFound("There is no import 42."),
    Conflict("This sku is taken.", {"sku": 'is taken: product 1 has the sku "SHOE-001"'}),
    PreconditionFailed("The product was changed since it was read."),
    TooLarge("The body has 2000000 bytes; a JSON body may have 1048576."),
    InvalidValue({"name": "Field required"}),
    Unavailable("PostgreSQL did not answer. Nothing was changed; try again."),
)
"""One error of each kind a caller can meet; the dialects say how it reads."""

_MEANINGS = {
    400: "The request cannot be read, or the state of things does not allow it.",
    401: "No credentials, or none that hold.",
    403: "The key lacks the scope this needs.",
    404: "There is no such thing in this workspace.",
    409: "It stands against something that is there.",
    412: "It was changed since it was read.",
    413: "Over a limit; the text names the limit and the way around it.",
    422: "A value is impossible; each is named, with what is wrong with it.",
    503: "A part that is needed does not answer. Nothing was changed; trying again is right.",
}


def document(endpoints: Iterable[Endpoint], *, server: str = "/") -> Json:
    """The OpenAPI document of these endpoints, reached under ``server``."""
    listed = sorted(endpoints, key=_place)
    shapes = _Shapes(listed)
    paths: dict[str, Json] = {}
    for each in listed:
        paths.setdefault(printed_path(each.path), {})[each.method.lower()] = _operation(each, shapes)
    dialects = [dialect for dialect in _DIALECTS if any(each.errors is dialect.answer for each in listed)]
    used = {each.tag for each in listed}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Skuloom",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "schemas": shapes.components | {name: shape for each in dialects for name, shape in each.schemas.items()},
            "responses": {
                dialect.response_name(code): dialect.response(code) for dialect in dialects for code in _MEANINGS
            },
        },
    }


def _place(endpoint: Endpoint) -> tuple[int, str, int]:
    """Where a person looks for it: by tag, then a thing after what it belongs to. The order of imports says nothing."""
    tags, methods = [*TAGS], ("GET", "POST", "PUT", "PATCH", "DELETE")
    tag = tags.index(endpoint.tag) if endpoint.tag in TAGS else len(tags)
    return tag, endpoint.path, methods.index(endpoint.method)


def printed_path(path: str) -> str:
    """A route's path as its API's documents print it."""
    slashed = path.startswith(_SLASHED) and "." not in path.rpartition("/")[2]
    return f"{path}/" if slashed else path


def _operation(endpoint: Endpoint, shapes: "_Shapes") -> Json:
    summary, text = _summary_and_text(endpoint)
    operation: Json = {"operationId": endpoint.name, "tags": [endpoint.tag], "summary": summary, "description": text}
    if parameters := [*_path_parameters(endpoint), *shapes.query_parameters(endpoint), *_request_headers(endpoint)]:
        operation["parameters"] = parameters
    body = endpoint.said.get("body")
    if body is not None:
        operation["requestBody"] = {"required": True, "content": shapes.content(body)}
    operation["responses"] = {
        **{str(code): _answer(endpoint, code, shape, shapes) for code, shape in _answers(endpoint).items()},
        **{str(code): _refusal(endpoint, code) for code in _refusal_codes(endpoint)},
    }
    if endpoint.scope is None:
        operation["security"] = []
    return operation


def _summary_and_text(endpoint: Endpoint) -> tuple[str, str]:
    text = prose(endpoint.description)
    summary = re.split(r"(?<=\w)[.:;](?:\s|$)", text, maxsplit=1)[0]
    if endpoint.scope is not None:
        text = f"{text}\n\nNeeds the scope `{endpoint.scope}`."
    return summary, text


def prose(text: str) -> str:
    """A docstring as Markdown: paragraphs of one line each."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(" ".join(each.split()) for each in paragraphs).replace("``", "`")


def _path_parameters(endpoint: Endpoint) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        says, schema = _PATH_PARAMETERS[name]
        yield {"name": name, "in": "path", "required": True, "description": says, "schema": schema}


def _request_headers(endpoint: Endpoint) -> Iterator[Json]:
    for name in endpoint.said.get("request_headers", ()):
        header = _HEADERS[name]
        schema = {"type": "string", "examples": [header.example]}
        yield {"name": name, "in": "header", "description": header.says, "schema": schema}


def _answers(endpoint: Endpoint) -> Mapping[int, Shape]:
    return endpoint.said.get("answers") or {}


def _answer(endpoint: Endpoint, code: int, shape: Shape, shapes: "_Shapes") -> Json:
    answer: Json = {"description": HTTPStatus(code).phrase}
    if headers := _answer_headers([*endpoint.said.get("answer_headers", ()), "Location"], code):
        answer["headers"] = headers
    if shape is not None:
        answer["content"] = shapes.content(shape, code)
    return answer


def _answer_headers(names: Iterable[str], code: int) -> Json:
    return {
        name: {
            "description": _HEADERS[name].says,
            "required": True,
            "schema": {"type": "string", "examples": [_HEADERS[name].example]},
        }
        for name in names
        if code in _HEADERS[name].codes
    }


def _refusal_codes(endpoint: Endpoint) -> list[int]:
    codes = set(endpoint.said.get("refusals", ()))
    if endpoint.scope is not None:
        codes |= {401, 403, 503}
    body = endpoint.said.get("body")
    if body is not None:
        codes |= {400, 413} if isinstance(body, Media) else {400, 413, 422}
    if endpoint.said.get("query") is not None:
        codes |= {413, 422}
    return sorted(codes - set(_answers(endpoint)))


def _refusal(endpoint: Endpoint, code: int) -> Json:
    dialect = next(dialect for dialect in _DIALECTS if dialect.answer is endpoint.errors)
    refusal: Json = {"$ref": f"#/components/responses/{dialect.response_name(code)}"}
    reasons = endpoint.said.get("refusals", ())
    if isinstance(reasons, Mapping) and code in reasons:
        refusal["description"] = prose(reasons[code])
    return refusal


class _AsWritten(GenerateJsonSchema):
    """Without a title for each field, which says no more than its name; examples in the order they are printed in."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        return False

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002 - pydantic's hook
        return value


class _Shapes:
    """The models of all routes as one set of components, each known by one name.

    Answers are described as they are checked (mode "validation"): a field with a default need not be there.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        models = dict.fromkeys(shape for each in endpoints for shape in _models(each))
        keyed: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
            (str(number), "validation", TypeAdapter(shape)) for number, shape in enumerate(models)
        ]
        places, definitions = TypeAdapter.json_schemas(
            keyed, ref_template="#/components/schemas/{model}", schema_generator=_AsWritten
        )
        self.components: Json = _readable(definitions.get("$defs", {}))
        self._schemas = {shape: _readable(places[str(number), "validation"]) for number, shape in enumerate(models)}

    def content(self, shape: Shape, code: int = 200) -> Json:
        """A body's content: its media type, schema and example; of several examples the last is of a refusal."""
        if isinstance(shape, Media):
            return {shape.media_type: {"schema": dict(shape.schema)}}
        schema = self._schemas[shape]
        content: Json = {"schema": schema}
        if (example := self._example(schema, -1 if code >= HTTPStatus.BAD_REQUEST else 0)) is not None:
            content["example"] = example
        return {"application/json": content}

    def query_parameters(self, endpoint: Endpoint) -> Iterator[Json]:
        """One parameter for each field of the query's model; one that takes all others, if the model does."""
        model = endpoint.said.get("query")
        if model is None:
            return
        schema = self._resolved(self._schemas[model])
        for name, given in schema.get("properties", {}).items():
            shape = _never_null(given)
            parameter = {"name": name, "in": "query", "schema": shape}
            if text := shape.pop("description", ""):
                parameter["description"] = text
            if name in schema.get("required", ()):
                parameter["required"] = True
            yield parameter
        if schema.get("additionalProperties"):
            yield {
                "name": "field_name",
                "in": "query",
                "description": "Any field of the schema by its name: products that hold exactly this value.",
                "style": "form",
                "explode": True,
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {"brand": "Nike"},
            }

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return schema if reference is None else self.components[reference.rpartition("/")[2]]

    def _example(self, schema: Json, which: int) -> Any:
        resolved = self._resolved(schema)
        if examples := resolved.get("examples"):
            return examples[which]
        if choices := resolved.get("anyOf"):
            return next(
                (each for each in (self._example(choice, which) for choice in choices) if each is not None), None
            )
        if resolved.get("type") == "array":
            item = self._example(resolved["items"], which)
            return None if item is None else [item]
        return None


def _models(endpoint: Endpoint) -> Iterator[Any]:
    """What the route's query and JSON bodies look like."""
    said = endpoint.said
    for shape in (said.get("query"), said.get("body"), *_answers(endpoint).values()):
        if shape is not None and not isinstance(shape, Media):
            yield shape


def _never_null(schema: Json) -> Json:
    """A query's parameter is there or not, it is never null."""
    shape = dict(schema)
    kinds = [kind for kind in shape.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del shape["anyOf"]
        return {**kinds[0], **shape}
    return {**shape, "anyOf": kinds} if kinds else shape


def _readable(schema: Any) -> Any:
    """The schema with its docstrings as prose, and without the default null: it says no more than that a field may be
    left out.
    """
    match schema:
        case {"examples": [*examples], **others}:
            return {**_readable(others), "examples": examples}
        case dict():
            return {
                name: prose(value) if name == "description" and isinstance(value, str) else _readable(value)
                for name, value in schema.items()
                if not (name == "default" and value is None)
            }
        case list():
            return [_readable(each) for each in schema]
        case _:
            return schema


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How refusals read in one dialect."""

    name: str
    answer: ErrorAnswer
    schemas: Json
    of_code: Mapping[int, str]
    otherwise: str

    def response_name(self, code: int) -> str:
        return f"{self.name}.{code}"

    def response(self, code: int) -> Json:
        response: Json = {"description": _MEANINGS[code]}
        if headers := _answer_headers(("WWW-Authenticate", "Retry-After"), code):
            response["headers"] = headers
        schema = {"$ref": f"#/components/schemas/{self.of_code.get(code, self.otherwise)}"}
        response["content"] = {"application/json": {"schema": schema, "example": self._example(code)}}
        return response

    def _example(self, code: int) -> Json:
        return next(body for answered, body in map(self.answer, _SAMPLES) if answered == code)


_DETAIL: Json = {
    "type": "object",
    "description": "Why it was refused.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
_FIELD_ERRORS: Json = {
    "type": "object",
    "description": "What is wrong with which field; nested ones by their path, such as `schema[0].type`.",
    "minProperties": 1,
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
}
_WRONG_ENCODING: Json = {
    "type": "object",
    "description": "The file is no UTF-8: where that shows, what it is, and what to send with it to have it converted.",
    "properties": {
        "file": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "likely_encoding": {"type": ["string", "null"]},
        "byte_offset": {"type": "integer"},
        "line": {"type": "integer"},
        "retry_with": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["file", "byte_offset"],
    "additionalProperties": False,
}
_V1_ERROR: Json = {
    "type": "object",
    "description": "Why it was refused: a word for machines, a sentence for people, and which field is to blame.",
    "properties": {
        "error": {"type": "string"},
        "message": {"type": "string"},
        "details": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
    },
    "required": ["error", "message", "details"],
}
_EITHER = {
    "description": "A reason, or what is wrong with which field.",
    "anyOf": [{"$ref": f"#/components/schemas/segops.{name}"} for name in ("Detail", "FieldErrors", "WrongEncoding")],
}

_DIALECTS = (
    _Dialect(
        "segops",
        segops.error_answer,
        {
            "segops.Detail": _DETAIL,
            "segops.FieldErrors": _FIELD_ERRORS,
            "segops.WrongEncoding": _WRONG_ENCODING,
            "segops.Refusal": _EITHER,
        },
        {400: "segops.Refusal", 409: "segops.Refusal", 422: "segops.FieldErrors"},
        otherwise="segops.Detail",
    ),
    _Dialect("v1", v1.error_answer, {"v1.Error": _V1_ERROR}, {}, otherwise="v1.Error"),
)
