"""Workspaces and keys: making them, for operators and the local runner."""

import hashlib
import re
import secrets

from chalicelib.errors import InvalidValue
from chalicelib.services import Services
from chalicelib.store import workspaces

KEY_PREFIX = "sk_"
SCOPES = ("read", "write", "admin")
_PREFIX_LENGTH = 11
"""Characters of a key that are kept readable, to tell keys apart in lists and logs."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def hash_key(api_key: str) -> bytes:
    """What is stored of an API key."""
    return hashlib.sha256(api_key.encode(errors="replace")).digest()


def make_key() -> str:
    """A new API key: ``sk_`` and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def ensure_workspace(services: Services, name: str, *, api_key: str | None = None) -> str:
    """A key that opens the workspace of this name with all scopes; the workspace is made when there is none.

    ``api_key`` is the key to accept from now on, 20 characters at least; without it a new one is made.
    Raises InvalidValue for a name that is not lower-case letters, digits and hyphens.
    """
    if not _NAME.fullmatch(name):
        raise InvalidValue({"name": "lower-case letters, digits and hyphens, 63 characters at most"})
    if api_key is not None and len(api_key) < 20:
        raise InvalidValue({"api_key": "20 characters at least"})
    key = api_key or make_key()
    with services.database.workspace(0) as cursor:
        workspace_id = workspaces.make(cursor, name)
    with services.database.workspace(workspace_id) as cursor:
        workspaces.add_key(
            cursor, workspace_id, name="first key", prefix=key[:_PREFIX_LENGTH], key_hash=hash_key(key), scopes=SCOPES
        )
    return key
