"""Settings refuse what a deployment must not have."""

import json
from pathlib import Path

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


def test_a_job_may_stay_silent_for_longer_than_any_function_runs():
    """Else the tick takes over work that is still being done."""
    config = json.loads((Path(__file__).parents[2] / ".chalice" / "config.json").read_text(encoding="utf-8"))
    timeouts = [config["lambda_timeout"], *(each["lambda_timeout"] for each in config["lambda_functions"].values())]
    settings = Settings()
    assert max(timeouts) < settings.lease_seconds
    assert config["lambda_functions"]["import_chunks"]["lambda_timeout"] == settings.chunk_timeout_seconds
    assert settings.fetch_seconds < config["lambda_functions"]["arrivals"]["lambda_timeout"]


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().stage = "other"


def test_a_model_is_asked_only_with_a_key_and_a_budget():
    assert not Settings().asks_claude
    assert Settings(anthropic_api_key="sk-test").asks_claude
    assert not Settings(anthropic_api_key="sk-test", claude_monthly_tokens=0).asks_claude


def test_a_question_is_over_before_its_upload_must_be_answered():
    assert Settings().claude_seconds < Settings().claude_upload_seconds < 3


@pytest.mark.parametrize("address", ["ftp://models.example", "models.example", "https://models example"])
def test_a_models_address_is_one_of_the_web(address):
    with pytest.raises(ValidationError):
        Settings(claude_base_url=address)
    assert Settings(claude_base_url="http://127.0.0.1:8080").claude_base_url


def test_the_key_is_not_shown():
    assert "sk-test" not in repr(Settings(anthropic_api_key="sk-test"))
