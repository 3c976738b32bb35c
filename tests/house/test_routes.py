"""Every endpoint the documents describe has a route, and every route a contract test that asks it."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

import pytest
from chalice import Chalice

from tests.house.project import modules

pytestmark = pytest.mark.house

DOCUMENTED = [
    # segops-pim-api
    ("GET", "/api/pim/schema"),
    ("PUT", "/api/pim/schema"),
    ("GET", "/api/pim/products"),
    ("POST", "/api/pim/products"),
    ("GET", "/api/pim/products/{product_id}"),
    ("PATCH", "/api/pim/products/{product_id}"),
    ("DELETE", "/api/pim/products/{product_id}"),
    ("POST", "/api/pim/products/bulk"),
    ("GET", "/api/pim/facets"),
    ("POST", "/api/pim/import/csv"),
    ("GET", "/api/pim/import/{job_id}"),
    ("POST", "/api/pim/import/{job_id}/confirm"),
    ("GET", "/api/product-segments"),
    ("POST", "/api/product-segments"),
    ("GET", "/api/product-segments/{segment_id}"),
    ("PATCH", "/api/product-segments/{segment_id}"),
    ("DELETE", "/api/product-segments/{segment_id}"),
    ("POST", "/api/product-segments/preview"),
    ("POST", "/api/product-segments/{segment_id}/compute"),
    ("GET", "/api/product-segments/{segment_id}/members"),
    # The imports of pixeepim-imports-api
    ("POST", "/api/v1/imports/upload"),
    ("POST", "/api/v1/imports/upload-from-url"),
    ("GET", "/api/v1/imports"),
    ("GET", "/api/v1/imports/{import_id}"),
    ("GET", "/api/v1/imports/{import_id}/errors"),
    ("GET", "/api/v1/imports/{import_id}/report"),
    ("POST", "/api/v1/imports/{import_id}/dry-run"),
    ("POST", "/api/v1/imports/{import_id}/save-mapping"),
    ("POST", "/api/v1/imports/{import_id}/start-processing"),
    ("POST", "/api/v1/imports/{import_id}/cancel"),
    ("POST", "/api/v1/imports/{import_id}/retry"),
    ("POST", "/api/v1/imports/{import_id}/archive"),
    ("POST", "/api/v1/imports/{import_id}/unarchive"),
    ("DELETE", "/api/v1/imports/{import_id}"),
    ("GET", "/api/v1/imports/recent"),
    ("GET", "/api/v1/imports/stats"),
    ("GET", "/api/v1/imports/ean-pending"),
    ("DELETE", "/api/v1/imports/ean-pending/{resolution_id}"),
    ("POST", "/api/v1/imports/ean-pending/bulk-delete"),
    # The imports of productsmanager-imports-api
    ("POST", "/api/v1/imports"),
    # Ours, beside it
    ("GET", "/api/v1/imports/{import_id}/mapping"),
    ("POST", "/api/v1/imports/{import_id}/undo"),
    ("GET", "/api/pim/import"),
    ("POST", "/api/pim/import/{job_id}/preview"),
    ("GET", "/api/pim/import/{job_id}/errors"),
    ("GET", "/api/pim/import/{job_id}/errors.csv"),
    ("GET", "/api/pim/products/{product_id}/segments"),
    ("GET", "/api/product-segments/{segment_id}/members.csv"),
    ("GET", "/api/product-segments/{segment_id}/explain"),
    ("GET", "/api/v1/suppliers"),
    ("POST", "/api/v1/suppliers"),
    ("GET", "/api/v1/suppliers/{supplier_id}"),
    ("PATCH", "/api/v1/suppliers/{supplier_id}"),
    ("DELETE", "/api/v1/suppliers/{supplier_id}"),
    ("GET", "/api/v1/import-templates"),
    ("POST", "/api/v1/import-templates"),
    ("GET", "/api/v1/import-templates/{template_id}"),
    ("PATCH", "/api/v1/import-templates/{template_id}"),
    ("DELETE", "/api/v1/import-templates/{template_id}"),
    ("POST", "/api/v1/uploads"),
    ("GET", "/health"),
    ("GET", "/health/ready"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
]

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
UNKNOWN = "…"
"""Stands for what only the running test knows: an id, a cursor."""

Asked = tuple[str, str]
"""A method and a path without its query, as far as the text of a test tells."""


@pytest.fixture(scope="module")
def app() -> Chalice:
    from app import app

    return app


@pytest.mark.parametrize(("method", "path"), DOCUMENTED)
def test_endpoint_has_a_route(method: str, path: str, app: Chalice) -> None:
    assert method in app.routes.get(path, {})


def test_every_route_is_asked_by_a_contract_test(app: Chalice) -> None:
    asked = {each for path in modules("tests/contract") for each in asked_by(path.read_text())}
    routes = {(method, path) for path, methods in app.routes.items() for method in methods} | set(DOCUMENTED)
    assert [f"{method} {path}" for method, path in sorted(routes) if not covered(method, path, asked)] == []


def test_no_route_ends_in_a_slash(app: Chalice) -> None:
    assert [path for path in app.routes if path != "/" and path.endswith("/")] == []


def test_multipart_bodies_arrive_as_bytes(app: Chalice) -> None:
    assert "multipart/form-data" in app.api.binary_types


def test_text_answers_stay_text(app: Chalice) -> None:
    assert {"application/json", "text/csv", "text/html"}.isdisjoint(app.api.binary_types)


def covered(method: str, route: str, asked: Iterable[Asked]) -> bool:
    """Whether one of the requests reaches the route. A parameter is reached by what is unknown, or by a number."""
    steps = route.split("/")

    def reaches(path: str) -> bool:
        given = path.rstrip("/").split("/")
        return len(given) == len(steps) and all(map(fits, steps, given))

    return any(asked_method == method and reaches(path) for asked_method, path in asked)


def fits(step: str, given: str) -> bool:
    return given == UNKNOWN or given.isdigit() if step.startswith("{") else given == step


def asked_by(source: str) -> Iterator[Asked]:
    """What the tests of a module ask for: calls with a method and a path, in tests that assert something."""
    module = ast.parse(source)
    known = texts(module.body, {})
    for test in ast.walk(module):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_") and asserts(test):
            yield from requests(test, texts(ast.walk(test), known) | parameters(test))


def asserts(test: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(test))


def requests(test: ast.FunctionDef, known: Mapping[str, str]) -> Iterator[Asked]:
    for call in ast.walk(test):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Attribute) and call.func.attr == "upload":
            yield "POST", "/api/pim/import/csv"
        if isinstance(call.func, ast.Attribute) and call.func.attr.upper() in METHODS and call.args:
            yield call.func.attr.upper(), without_query(text(call.args[0], known))
        for method, path in zip(call.args, call.args[1:], strict=False):
            if isinstance(method, ast.Constant) and method.value in METHODS:
                yield method.value, without_query(text(path, known))


def texts(nodes: Iterable[ast.AST], known: Mapping[str, str]) -> dict[str, str]:
    """Names that are given a text, and the text; functions that return one under their name and ()."""
    found = dict(known)
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = text(value, found)
            case ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as value)]):
                found[f"{name}()"] = text(value, found)
            case _:
                pass
    return found


def parameters(test: ast.FunctionDef) -> dict[str, str]:
    """The first text of each parameter of ``pytest.mark.parametrize`` that is one name."""
    found = {}
    for decorator in test.decorator_list:
        match decorator:
            case ast.Call(args=[ast.Constant(value=str(name)), ast.List(elts=[first, *_])]):
                found[name] = text(first, {})
            case _:
                pass
    return found


def text(node: ast.AST, known: Mapping[str, str]) -> str:
    """The text of an expression, with … for what is not known before it runs."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id=name):
            return known.get(name, UNKNOWN)
        case ast.Call(func=ast.Name(id=name)):
            return known.get(f"{name}()", UNKNOWN)
        case ast.JoinedStr(values=pieces):
            return "".join(text(piece, known) for piece in pieces)
        case ast.FormattedValue(value=value):
            return text(value, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text(left, known) + text(right, known)
        case _:
            return UNKNOWN


def without_query(path: str) -> str:
    return re.split(r"[?#]", path, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('assert api.request("GET", f"/things/{thing}/")', [("GET", "/things/…/")]),
        (
            'path = f"/things/{made()}/"\n    assert api.request("POST", f"{path}go/?a=1", {})',
            [("POST", "/things/…/go/")],
        ),
        ('assert api.request("PUT", THINGS + "7/")', [("PUT", "/things/7/")]),
        ('assert api.request("GET", at(thing))', [("GET", "/things/…")]),
        ('assert client.http.get("/docs")', [("GET", "/docs")]),
        ('api.request("GET", "/things/")', []),
        ("assert True", []),
    ],
)
def test_what_a_test_asks_is_read_from_its_text(body: str, asked: list[Asked]) -> None:
    source = (
        f'THINGS = "/things/"\n\ndef at(thing):\n    return f"/things/{{thing.id}}"\n\ndef test_it(api):\n    {body}\n'
    )
    assert [each for each in asked_by(source) if each[1].startswith("/")] == asked


def test_only_a_request_that_reaches_the_route_covers_it() -> None:
    asked = [("GET", "/things/…/parts/"), ("GET", "/things/bulk")]
    assert covered("GET", "/things/{thing_id}/parts", asked)
    assert not covered("POST", "/things/{thing_id}/parts", asked)
    assert not covered("GET", "/things/{thing_id}", asked)
    assert covered("GET", "/things/bulk", asked)
