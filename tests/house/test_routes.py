"""Every endpoint the documents describe has a route."""

import pytest
from chalice import Chalice

pytestmark = pytest.mark.house

ENDPOINTS = [
    ("POST", "/api/pim/import/csv"),
    ("GET", "/api/pim/import/{job_id}"),
    ("POST", "/api/pim/import/{job_id}/confirm"),
    ("GET", "/api/pim/import"),
    ("GET", "/api/pim/schema"),
    ("PUT", "/api/pim/schema"),
    ("GET", "/api/pim/products"),
    ("GET", "/api/pim/products/{product_id}"),
    ("POST", "/api/v1/uploads"),
    ("GET", "/health"),
    ("GET", "/health/ready"),
]


@pytest.fixture(scope="module")
def app() -> Chalice:
    from app import app

    return app


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_endpoint_has_a_route(method: str, path: str, app: Chalice) -> None:
    assert method in app.routes.get(path, {})


def test_no_route_ends_in_a_slash(app: Chalice) -> None:
    assert [path for path in app.routes if path != "/" and path.endswith("/")] == []


def test_multipart_bodies_arrive_as_bytes(app: Chalice) -> None:
    assert "multipart/form-data" in app.api.binary_types


def test_text_answers_stay_text(app: Chalice) -> None:
    assert {"application/json", "text/csv", "text/html"}.isdisjoint(app.api.binary_types)
