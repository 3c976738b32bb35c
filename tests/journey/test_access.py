"""Who gets in, and to what."""

import time

import httpx
import jwt
import pytest

from chalicelib.settings import LOCAL_JWT_SECRET
from tests.running import System

ROUTES = [
    ("POST", "/api/pim/import/csv"),
    ("GET", "/api/pim/import"),
    ("GET", "/api/pim/import/1"),
    ("POST", "/api/pim/import/1/confirm"),
    ("GET", "/api/pim/import/1/errors"),
    ("GET", "/api/pim/schema"),
    ("PUT", "/api/pim/schema"),
    ("GET", "/api/pim/products"),
    ("GET", "/api/pim/products/1"),
    ("POST", "/api/v1/uploads"),
]


def token(secret: str = LOCAL_JWT_SECRET, algorithm: str = "HS256", **changes: object) -> str:
    claims = {"iss": "skuloom", "aud": "skuloom", "exp": int(time.time()) + 60, "workspace": "demo", **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key(system: System, method, path):
    answer = httpx.request(method, system.url + path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()


def test_a_key_comes_as_x_api_key_or_as_bearer_and_so_does_a_token(system: System):
    for headers in (
        {"X-API-Key": system.key},
        {"x-api-key": system.key},
        {"Authorization": f"Bearer {system.key}"},
        {"Authorization": f"bearer {token()}"},
    ):
        assert httpx.get(f"{system.url}/api/pim/schema/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "made",
    [
        lambda: token(secret="another secret that is long enough to pass"),
        lambda: token(exp=int(time.time()) - 10),
        lambda: token(exp=None),
        lambda: token(iss="somebody"),
        lambda: token(aud="something"),
        lambda: token(workspace=None),
        lambda: token(workspace="nobody-knows"),
        lambda: token(workspace=7),
        lambda: token(algorithm="HS384"),
        lambda: jwt.encode({"workspace": "demo"}, "", "none"),
        lambda: "a.b.c",
        lambda: "sk_" + "x" * 43,
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_what_does_not_hold_is_refused(system: System, made):
    answer = httpx.get(f"{system.url}/api/pim/schema", headers={"Authorization": f"Bearer {made()}"})
    assert answer.status_code == 401, answer.text


def test_a_token_that_may_only_read_cannot_write(system: System):
    headers = {"Authorization": f"Bearer {token(scope='read')}"}
    assert httpx.get(f"{system.url}/api/pim/schema", headers=headers).status_code == 200
    refused = httpx.put(f"{system.url}/api/pim/schema", headers=headers, json={"fields": []})
    assert refused.status_code == 403
    assert "write" in refused.json()["detail"]
