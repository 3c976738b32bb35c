"""The description of the API: a valid OpenAPI 3.1 document of every route and nothing else, and true."""

import importlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from chalice.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from chalicelib.api.docs_page import page
from chalicelib.api.endpoint import ENDPOINTS
from chalicelib.api.openapi import TAGS, document, printed_path

NO_NUMBER = 987_654_321


@pytest.fixture(scope="module")
def app():
    return importlib.import_module("app").app


@pytest.fixture(scope="module")
def spec(app) -> dict[str, Any]:
    return document(ENDPOINTS)


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def responses(spec: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for code, response in operation["responses"].items():
        name = response.get("$ref", "").rpartition("/")[2]
        yield int(code), spec["components"]["responses"][name] if name else response


def problems(spec: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What a JSON Schema validator finds wrong with the value."""
    root = {"components": spec["components"], **schema}
    checker = Draft202012Validator.FORMAT_CHECKER
    return [str(each.message) for each in Draft202012Validator(root, format_checker=checker).iter_errors(value)]


def test_a_validator_has_nothing_to_say(spec):
    validate(spec)


def test_it_holds_every_route_and_nothing_else(app, spec):
    routes = {(method, printed_path(path)) for path, methods in app.routes.items() for method in methods}
    assert {(method, path) for method, path, _ in operations(spec)} == routes


def test_it_is_always_the_same(spec):
    assert json.dumps(document(ENDPOINTS)) == json.dumps(spec)


def test_every_operation_says_what_it_is(spec):
    names = [operation["operationId"] for _, _, operation in operations(spec)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(spec):
        [tag] = operation["tags"]
        assert tag in TAGS, (method, path)
        assert 5 <= len(operation["summary"]) <= 100, (method, path, operation["summary"])
        assert operation["description"]


def test_every_operation_has_an_answer_with_a_shape(spec):
    for method, path, operation in operations(spec):
        good = {code: response for code, response in responses(spec, operation) if code < 300}
        assert good, (method, path)
        for code, response in good.items():
            assert code == 204 or all(each["schema"] for each in response["content"].values()), (method, path)
            assert code == 204 or response["content"], (method, path)


def test_every_operation_tells_how_it_refuses(spec):
    for method, path, operation in operations(spec):
        codes = {code for code, _ in responses(spec, operation)}
        if operation.get("security") == []:
            continue
        assert codes >= {401, 403, 503}, (method, path)
        if "{" in path:
            assert 404 in codes, (method, path)
        if "requestBody" in operation:
            assert codes >= {400, 413}, (method, path)


def test_every_json_body_has_an_example_of_its_own_shape(spec):
    for method, path, operation in operations(spec):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [response for _, response in responses(spec, operation)]
        for body in bodies:
            content = body.get("content", {}).get("application/json")
            if content is None or path == "/openapi.json":
                continue
            assert "example" in content, (method, path)
            assert problems(spec, content["schema"], content["example"]) == [], (method, path)


def test_every_shape_holds_its_own_examples(spec):
    for name, schema in spec["components"]["schemas"].items():
        for example in schema.get("examples", []):
            assert problems(spec, schema, example) == [], name


def test_every_parameter_of_a_path_is_described(spec):
    for method, path, operation in operations(spec):
        told = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert told == set(re.findall(r"{(\w+)}", path)), (method, path)


def test_refusals_have_the_shape_they_are_said_to_have(api, spec):
    """No key, and a thing that is not there."""
    for method, path, operation in operations(spec):
        if operation.get("security") == []:
            continue
        shapes = dict(responses(spec, operation))
        for key, code in ((None, 401), (api.key, 404)):
            if code == 404 and not (method == "GET" and "{" in path):
                continue
            answer = api.client.http.request(
                method, nobodys(path, operation), headers={"X-API-Key": key} if key else {}
            )
            assert answer.status_code == code, (method, path, answer.body)
            schema = shapes[code]["content"]["application/json"]["schema"]
            assert problems(spec, schema, answer.json_body) == [], (method, path)
            for name in shapes[code].get("headers", {}):
                assert answer.headers[name]


def nobodys(path: str, operation: dict[str, Any]) -> str:
    """The address of a thing that is not there, with what its query must hold."""
    needed = [
        each["name"] for each in operation.get("parameters", []) if each["in"] == "query" and each.get("required")
    ]
    return re.sub(r"{\w+}", str(NO_NUMBER), path) + "?" + "&".join(f"{name}=x" for name in needed)


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.json/"])
def test_the_document_is_served_to_anyone(app, spec, path):
    with Client(app) as client:
        answer = client.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json_body == spec


def test_behind_a_stage_the_document_names_it(spec):
    assert document(ENDPOINTS, server="/api")["servers"] == [{"url": "/api"}]


class Reader(HTMLParser):
    """A page's elements, checked to be closed in order; its ids and the places it points to."""

    ALONE = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            assert name != "style"
            if name == "id":
                self.ids.append(value or "")
            elif name in {"href", "src"}:
                self.targets.add(value or "")
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_tells_of_every_operation_and_points_nowhere_else(app, spec, path):
    with Client(app) as client:
        answer = client.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    text = answer.body.decode()
    read = Reader(text)
    assert {operation["operationId"] for _, _, operation in operations(spec)} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    assert not read.tags & {"script", "iframe", "img", "link", "form"}
    assert {each for each in read.targets if not each.startswith("#")} == {"/openapi.json"}
    assert {each[1:] for each in read.targets if each.startswith("#")} <= set(read.ids)
    for code in ("401", "404", "422"):
        assert f"<code>{code}</code>" in text


def test_every_value_on_the_page_is_escaped(spec):
    hostile = "<script>alert('1')</script>\" onload=x"

    def poisoned(value: Any, name: str = "") -> Any:
        match value:
            case dict():
                return {key: poisoned(each, key) for key, each in value.items()}
            case list():
                return [poisoned(each, name) for each in value]
            case str() if name in {
                "description",
                "summary",
                "title",
                "version",
                "pattern",
                "default",
                "detail",
                "enum",
            }:
                return value + hostile
            case _:
                return value

    text = page(poisoned(spec), document_url="/" + hostile)
    assert "<script" not in text
    Reader(text)
