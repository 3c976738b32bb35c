"""Who is calling (shared spec, section 4): a Bearer JWT, a Bearer API key, or an ``X-API-Key``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import jwt

from chalicelib.errors import Forbidden, Unauthenticated, Unavailable
from chalicelib.services import Services
from chalicelib.settings import Settings
from chalicelib.store import workspaces
from chalicelib.workspaces import SCOPES, hash_key

_SHARED_SECRET_ALGORITHMS = ("HS256",)
_PUBLIC_KEY_ALGORITHMS = ("RS256", "ES256")
_HOW = "Send an API key as X-API-Key, or an API key or JWT as Authorization: Bearer."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request this is and what it may do."""

    workspace_id: int
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Raise Forbidden unless the caller has the scope; admin has all, write includes read."""
        held = self.scopes
        if scope in held or "admin" in held or (scope == "read" and "write" in held):
            return
        raise Forbidden(f'This key may not do that: it lacks the scope "{scope}".')


def authenticate(services: Services, headers: Mapping[str, str]) -> Caller:
    """The caller behind the request's headers (names in lower case). Raises Unauthenticated."""
    api_key = headers.get("x-api-key", "").strip()
    if api_key:
        return _by_key(services, api_key)
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(f"No credentials. {_HOW}")
    return _by_token(services, token) if token.count(".") == 2 else _by_key(services, token)


def _by_key(services: Services, api_key: str) -> Caller:
    record = workspaces.find_key(services.database, hash_key(api_key))
    if record is None:
        raise Unauthenticated(f"This API key is not known. {_HOW}")
    _refuse_expired(record.expires_at, services.now())
    return Caller(record.workspace_id, frozenset(record.scopes))


def _refuse_expired(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Unauthenticated("This API key has expired.")


def _by_token(services: Services, token: str) -> Caller:
    settings = services.settings
    try:
        claims = jwt.decode(
            token,
            _verification_key(settings, token),
            algorithms=list(_PUBLIC_KEY_ALGORITHMS if settings.jwt_jwks_url else _SHARED_SECRET_ALGORITHMS),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            options={"require": ["exp", "iss", "aud", settings.jwt_tenant_claim]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise Unavailable("The keys that tokens are signed with could not be fetched.") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthenticated(f"This token does not hold: {error}.") from error
    return _caller_of(services, claims)


def _caller_of(services: Services, claims: Mapping[str, Any]) -> Caller:
    name = claims[services.settings.jwt_tenant_claim]
    with services.database.workspace(0) as cursor:
        workspace_id = workspaces.find(cursor, name) if isinstance(name, str) else None
    if workspace_id is None:
        raise Unauthenticated("This token names no workspace that is known here.")
    granted = claims.get("scope", "read write")
    return Caller(workspace_id, frozenset(str(granted).split()) & frozenset(SCOPES))


def _verification_key(settings: Settings, token: str) -> Any:
    if settings.jwt_jwks_url:
        return _jwks_client(settings.jwt_jwks_url).get_signing_key_from_jwt(token).key
    return settings.jwt_shared_secret


@cache
def _jwks_client(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, cache_keys=True, lifespan=600, timeout=5)
