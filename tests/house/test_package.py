"""The deployment package builds, lints, fits, and its template says what the system relies on."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chalicelib.settings import Settings
from tests.house.project import ROOT, files

pytestmark = [pytest.mark.house, pytest.mark.package]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    made = subprocess.run(
        [sys.executable, "-m", "scripts.package", "--stage", "dev", "--out", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def functions(package: Path) -> dict[str, Any]:
    template = json.loads((package / "sam.json").read_text())
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def queue_events(functions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, function in functions.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                yield name, event["Properties"]


def test_every_entry_point_is_a_function(functions: dict[str, Any]) -> None:
    assert set(functions) == {
        "APIHandler",
        "ImportChunks",
        "DeadChunks",
        "Arrivals",
        "DeadArrivals",
        "ComputeSegments",
        "DeadSegments",
        "Tick",
    }


def test_queues_take_partial_answers_and_carry_the_stage(functions: dict[str, Any]) -> None:
    events = dict(queue_events(functions))
    assert {name: event["Queue"]["Fn::Sub"].rsplit(":", 1)[-1] for name, event in events.items()} == {
        "ImportChunks": "skuloom-dev-chunks",
        "DeadChunks": "skuloom-dev-chunks-dead",
        "Arrivals": "skuloom-dev-arrivals",
        "DeadArrivals": "skuloom-dev-arrivals-dead",
        "ComputeSegments": "skuloom-dev-segments",
        "DeadSegments": "skuloom-dev-segments-dead",
    }
    assert all(event["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for event in events.values())


def test_chunk_function_has_its_time_and_a_bounded_concurrency(functions: dict[str, Any]) -> None:
    chunks = functions["ImportChunks"]
    assert chunks["Timeout"] == Settings.model_fields["chunk_timeout_seconds"].default
    assert dict(queue_events(functions))["ImportChunks"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_segment_function_has_its_time_and_a_bounded_concurrency(functions: dict[str, Any]) -> None:
    assert functions["ComputeSegments"]["Timeout"] == Settings.model_fields["segment_timeout_seconds"].default
    assert dict(queue_events(functions))["ComputeSegments"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_each_function_has_a_role_of_its_own(functions: dict[str, Any]) -> None:
    roles = [function["Role"]["Fn::GetAtt"][0] for function in functions.values()]
    assert len(set(roles)) == len(roles)


def test_policies_name_no_other_stage(package: Path) -> None:
    template = json.loads((package / "sam.json").read_text())
    assert template["Parameters"]["Stage"]["AllowedValues"] == ["dev"]
    roles = [each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    statements = [
        statement
        for role in roles
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert all("*" not in statement["Action"] and "*" not in statement["Resource"] for statement in statements)


@pytest.mark.parametrize(
    ("function", "action", "on"),
    [
        ("APIHandler", "s3:PutObject", "/*"),
        ("APIHandler", "s3:AbortMultipartUpload", "/*"),  # a download that could not be made
        ("APIHandler", "s3:DeleteObject", "/*"),  # an upload nobody can read is taken out again
        ("APIHandler", "sqs:SendMessage", "-chunks"),
        ("APIHandler", "sqs:SendMessage", "-arrivals"),
        ("ImportChunks", "s3:GetObject", "/*"),
        ("ImportChunks", "s3:DeleteObject", "/*"),
        ("ImportChunks", "sqs:SendMessage", "-chunks"),
        ("ImportChunks", "sqs:ChangeMessageVisibility", "-chunks"),  # a failure shortens the wait
        ("Arrivals", "s3:GetObject", "/*"),
        ("Arrivals", "sqs:ChangeMessageVisibility", "-arrivals"),
        ("Arrivals", "s3:PutObject", "/*"),  # what is fetched, and the canonical form of what is no CSV
        ("Arrivals", "s3:DeleteObject", "/*"),  # what nobody can read
        ("Arrivals", "s3:AbortMultipartUpload", "/*"),  # a file that broke off while it was fetched
        ("Arrivals", "sqs:SendMessage", "-chunks"),  # a job with a template may start by itself
        ("APIHandler", "s3:GetObject", "/*"),  # a dry run reads the rows
        ("DeadChunks", "sqs:ChangeMessageVisibility", "-chunks-dead"),
        ("DeadArrivals", "sqs:ChangeMessageVisibility", "-arrivals-dead"),
        ("APIHandler", "sqs:SendMessage", "-segments"),
        ("ImportChunks", "sqs:SendMessage", "-segments"),  # an import's end is a change of the catalogue
        ("ComputeSegments", "sqs:SendMessage", "-segments"),
        ("ComputeSegments", "sqs:ChangeMessageVisibility", "-segments"),
        ("DeadSegments", "sqs:ChangeMessageVisibility", "-segments-dead"),
        ("DeadChunks", "sqs:SendMessage", "-segments"),  # a failed import has changed the catalogue too
        ("Tick", "sqs:SendMessage", "-segments"),
        ("Tick", "s3:DeleteObject", "/*"),
        ("Tick", "sqs:SendMessage", "-chunks"),
        ("Tick", "sqs:SendMessage", "-arrivals"),
    ],
)
def test_function_may_do_what_it_does(
    package: Path, functions: dict[str, Any], function: str, action: str, on: str
) -> None:
    template = json.loads((package / "sam.json").read_text())
    role = template["Resources"][functions[function]["Role"]["Fn::GetAtt"][0]]
    allowed = [
        resource["Fn::Sub"]
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if action in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert any(resource.endswith(on) for resource in allowed)


def test_no_secret_is_in_the_template(package: Path, functions: dict[str, Any]) -> None:
    template = json.loads((package / "sam.json").read_text())
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    secrets = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    names = {f"PIM_{name}".upper() for name in secrets | {"jwt_jwks_url"}}
    assert {name: value for name, value in shared.items() if name in names and set(value) != {"Ref"}} == {}
    for function in functions.values():
        assert names.isdisjoint(function["Environment"]["Variables"])


def test_archive_holds_what_runs_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        names = set(archive.namelist())
    ours = {path.relative_to(ROOT).as_posix() for path in files(ROOT / "chalicelib")} | {"app.py"}
    assert ours <= names
    top = {name.split("/")[0] for name in names}
    assert top.isdisjoint(
        {"bench", "chdb", "django", "infra", "moto", "pgserver", "scripts", "tests", ".chalice", ".env"}
    )
    assert any(name.startswith("__pycache__/app.") for name in names)
