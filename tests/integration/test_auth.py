"""Tokens signed by an identity provider, and what API keys may: against a real key server on the loopback."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.api.auth import authenticate
from chalicelib.errors import Forbidden, Unauthenticated, Unavailable
from chalicelib.store import workspaces
from chalicelib.workspaces import hash_key, make_key
from tests.walk import Walk

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def key_server() -> Iterator[str]:
    """Serves the public keys as a JWKS document."""
    document = json.dumps(
        {
            "keys": [
                {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
                {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
            ]
        }
    ).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/keys"
        server.shutdown()
        serving.join()


@pytest.fixture
def federated(walk: Walk, key_server: str) -> Walk:
    return walk.with_settings(jwt_jwks_url=key_server)


def signed(walk: Walk, key: object, algorithm: str, kid: str = "rsa", **changes: object) -> dict[str, str]:
    claims = {"iss": "skuloom", "aud": "skuloom", "exp": int(time.time()) + 60, "workspace": walk.name, **changes}
    return {"authorization": f"Bearer {jwt.encode(claims, key, algorithm, headers={'kid': kid})}"}


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec")])
def test_a_token_of_the_provider_opens_its_workspace(federated: Walk, key, algorithm, kid):
    caller = authenticate(federated.services, signed(federated, key, algorithm, kid))
    assert caller.workspace_id == federated.workspace_id
    caller.require("write")
    with pytest.raises(Forbidden):
        caller.require("admin")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (STRANGERS_KEY, "RS256", "rsa"),
        (RSA_KEY, "RS256", "unknown"),
        (RSA_KEY, "RS512", "rsa"),
        ("a shared secret that is long enough", "HS256", "rsa"),
    ],
)
def test_other_signatures_and_other_algorithms_are_refused(federated: Walk, key, algorithm, kid):
    with pytest.raises(Unauthenticated):
        authenticate(federated.services, signed(federated, key, algorithm, kid))


def test_a_key_server_that_is_away_is_no_fault_of_the_caller(walk: Walk):
    away = walk.with_settings(jwt_jwks_url="http://127.0.0.1:9/keys")
    with pytest.raises(Unavailable):
        authenticate(away.services, signed(away, RSA_KEY, "RS256"))


def test_a_deployment_with_a_provider_takes_no_shared_secret_tokens_and_still_takes_keys(federated: Walk):
    assert authenticate(federated.services, {"x-api-key": federated.api_key}).workspace_id == federated.workspace_id


def test_a_key_that_has_expired_opens_nothing_and_a_reading_key_writes_nothing(walk: Walk):
    now = walk.services.now()
    expired, reading = make_key(), make_key()
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        for key, expires_at in ((expired, now - timedelta(seconds=1)), (reading, now + timedelta(hours=1))):
            workspaces.add_key(
                cursor,
                walk.workspace_id,
                name="test",
                prefix=key[:11],
                key_hash=hash_key(key),
                scopes=("read",),
                expires_at=expires_at,
            )
    with pytest.raises(Unauthenticated, match="expired"):
        authenticate(walk.services, {"x-api-key": expired})
    caller = authenticate(walk.services, {"authorization": f"Bearer {reading}"})
    caller.require("read")
    with pytest.raises(Forbidden):
        caller.require("write")


def test_keys_are_stored_as_hashes_only(walk: Walk):
    with walk.services.database.workspace(walk.workspace_id) as cursor:
        cursor.execute("SELECT * FROM api_keys WHERE workspace_id = %s", [walk.workspace_id])
        stored = str(cursor.fetchall())
    assert walk.api_key not in stored
    assert walk.api_key[:11] in stored
