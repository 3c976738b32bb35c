"""A key that may only read changes nothing through the v1 APIs, and reads everything."""

import re

import pytest

from chalicelib.api.endpoint import ENDPOINTS
from chalicelib.store import workspaces
from chalicelib.workspaces import hash_key, make_key

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def reader(api, walk):
    """The same workspace, with a key that may only read."""
    key = make_key()
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        workspaces.add_key(
            cursor,
            walk.workspace_id,
            name="reads",
            prefix=key[:11],
            key_hash=hash_key(key),
            scopes=("read",),
            expires_at=None,
        )
    return type(api)(api.client, key, api.drain)


def test_a_reading_key_is_refused_where_something_changes(reader):
    changing = [each for each in ENDPOINTS if each.path.startswith("/api/v1/") and each.method != "GET"]
    assert len(changing) >= 14
    for each in changing:
        code, refused = reader.request(each.method, re.sub(r"{\w+}", NOBODY, each.path), {})
        assert (code, refused["error"], set(refused)) == (403, "forbidden", {"error", "message", "details"}), each


def test_a_reading_key_reads(reader):
    for path in ("", "/recent", "/stats", "/ean-pending"):
        assert reader.request("GET", f"/api/v1/imports{path}")[0] == 200
    for path in ("", "/errors", "/report", "/mapping"):
        assert reader.request("GET", f"/api/v1/imports/{NOBODY}{path}")[0] == 404
