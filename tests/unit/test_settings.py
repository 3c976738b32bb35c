"""Settings refuse what a deployment must not have."""

import pytest
from pydantic import ValidationError

from chalicelib.settings import LOCAL_JWT_SECRET, Settings


def test_a_laptop_has_a_secret_for_tokens():
    assert Settings().jwt_shared_secret == LOCAL_JWT_SECRET


@pytest.mark.parametrize("secret", ["", "short", LOCAL_JWT_SECRET])
def test_a_deployment_refuses_a_placeholder_secret(secret):
    with pytest.raises(ValidationError, match="PIM_JWT_JWKS_URL"):
        Settings(stage="production", jwt_secret=secret)


def test_a_deployment_with_a_jwks_url_has_no_shared_secret():
    settings = Settings(stage="production", jwt_jwks_url="https://login.example/keys", jwt_secret="x" * 40)
    assert settings.jwt_shared_secret == ""


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().stage = "other"
