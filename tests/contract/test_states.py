"""The table of states: how each dialect prints each state of a job, and which verbs each state allows.

Shared spec, section 1 "States". Every state is one that a job was really driven to.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.errors import NotFound
from chalicelib.imports.analyze import analyze_arrival
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.history import find
from chalicelib.model.import_job import ImportJob, JobState
from tests.walk import Walk

IMPORTS = "/api/v1/imports"
GOOD = b"EAN,Titre,Prix\n3760000000017,Chaise,29.99\n"
BAD = GOOD + b"3760000000024,Table,free\n"
MAPPING = {"EAN": "ean", "Titre": "title", "Prix": "price"}
CONFIRM = {
    "mapping": {"EAN": "ean", "Titre": "name", "Prix": "price"},
    "schema": [{"name": "ean", "type": "string"}, {"name": "price", "type": "price"}],
}

WORDS = {
    "pending": ("pending", "pending", "pending"),
    "analyzing": ("pending", "analyzing", "pending"),
    "awaiting_mapping": ("mapping", "awaiting_mapping", "pending"),
    "ready": ("mapping", "ready", "pending"),
    "queued": ("pending", "processing", "pending"),
    "queued again": ("pending", "pending", "pending"),
    "processing": ("importing", "processing", "processing"),
    "completed": ("done", "completed", "completed"),
    "completed_with_errors": ("done", "completed", "completed_with_errors"),
    "failed": ("failed", "failed", "failed"),
    "cancelled": ("failed", "cancelled", "failed"),
}
"""What SegOps, Pixeepim and ProductsManager print; "queued again" is queued after a retry."""

OVER = {"completed", "completed_with_errors", "failed", "cancelled"}
ALLOWED = {
    "save-mapping": {"awaiting_mapping", "ready"},
    "dry-run": {"pending", "awaiting_mapping", "ready"},
    "start-processing": {"ready"},
    "cancel": {"pending", "queued", "queued again", "processing"},
    "retry": {"failed", "cancelled"},
    "archive": OVER,
    "unarchive": OVER,
    "undo": OVER,
    "delete": OVER | {"pending", "awaiting_mapping", "ready"},
}
BODIES = {"save-mapping": {"column_mapping": MAPPING}}
CONFIRMABLE = {"awaiting_mapping", "ready"}


@dataclass(frozen=True, slots=True)
class Driver:
    """Brings a job to a state by what callers, queues and workers do."""

    api: Any
    walk: Walk
    s3: Any

    def to(self, state: str) -> ImportJob:
        """A job in this state."""
        match state:
            case "pending" | "analyzing":
                job = self._expected(arrives=state == "pending")
            case "awaiting_mapping":
                job = self._uploaded(GOOD)
            case "ready":
                job = self._ready(GOOD)
            case "queued":
                job = self._started(GOOD)
            case "queued again":
                job = self._asked(self._asked(self._started(GOOD), "cancel"), "retry")
            case "processing":
                job = self._started(GOOD)
                dispatch(self.walk.services, self.walk.workspace_id, job.id, job.run)
            case "completed":
                job = self._drained(self._started(GOOD))
            case "completed_with_errors":
                job = self._drained(self._started(BAD))
            case "failed":
                job = self._drained(self._started(BAD, {"error_policy": "stop"}))
            case "cancelled":
                job = self._asked(self._started(GOOD), "cancel")
            case _:
                raise KeyError(state)
        return self.job(job)

    def job(self, job: ImportJob) -> ImportJob:
        return find(self.walk.services, self.walk.workspace_id, job.uuid)

    def _expected(self, *, arrives: bool) -> ImportJob:
        """A job that waits for a file, which came and was not told of yet, or was told of and is not there."""
        code, expected = self.api.request("POST", "/api/v1/uploads", {"name": "catalog.csv", "size": len(GOOD)})
        assert code == 201
        job = self.walk.job(expected["job_id"])
        if arrives:
            self.s3.put_object(Bucket=self.walk.services.settings.bucket, Key=expected["fields"]["key"], Body=GOOD)
        else:
            with pytest.raises(NotFound):
                analyze_arrival(self.walk.services, self.walk.workspace_id, job.uuid)
        return job

    def _uploaded(self, content: bytes) -> ImportJob:
        code, made = self.api.send_form("POST", f"{IMPORTS}/upload", content)
        assert code == 201
        return self.walk.job(self.api.request("GET", f"{IMPORTS}/{made['id']}")[1]["ids"]["job_id"])

    def _ready(self, content: bytes, options: dict[str, Any] | None = None) -> ImportJob:
        body = {"column_mapping": MAPPING, "import_options": options or {}}
        return self._asked(self._uploaded(content), "save-mapping", body)

    def _started(self, content: bytes, options: dict[str, Any] | None = None) -> ImportJob:
        return self._asked(self._ready(content, options), "start-processing")

    def _asked(self, job: ImportJob, verb: str, body: Any = None) -> ImportJob:
        code, answer = self.api.request("POST", f"{IMPORTS}/{job.uuid}/{verb}", body)
        assert code == 200, answer
        return self.job(job)

    def _drained(self, job: ImportJob) -> ImportJob:
        self.api.drain()
        return job


@pytest.fixture
def driver(api, walk, embedded) -> Driver:
    return Driver(api, walk, embedded.s3)


def spellings(api, job: ImportJob) -> tuple[str, str]:
    """The UUID and the imp_ id."""
    _, read = api.request("GET", f"{IMPORTS}/{job.uuid}")
    return read["ids"]["uuid"], read["ids"]["imp_id"]


@pytest.mark.parametrize("state", WORDS)
def test_each_dialect_has_its_word_for_the_state(api, driver, state):
    job = driver.to(state)
    assert job.state is JobState("queued" if state == "queued again" else state)
    uuid, imp = spellings(api, job)
    printed = (
        api.request("GET", f"/api/pim/import/{job.id}/")[1]["status"],
        api.request("GET", f"{IMPORTS}/{uuid}")[1]["status"],
        api.request("GET", f"{IMPORTS}/{imp}")[1]["status"],
    )
    assert printed == WORDS[state]
    assert [each["id"] for each in api.request("GET", f"{IMPORTS}?status={printed[1]}")[1]["items"]] == [uuid]
    for path in (f"{IMPORTS}/{uuid}/errors", f"{IMPORTS}/{imp}/errors", f"{IMPORTS}/{uuid}/mapping"):
        assert api.request("GET", path)[0] == 200
    assert api.send("GET", f"{IMPORTS}/{uuid}/report").status_code == 200


def ask(api, path: str, verb: str) -> tuple[int, Any]:
    if verb == "delete":
        return api.request("DELETE", path)
    return api.request("POST", f"{path}/{verb}", BODIES.get(verb))


@pytest.mark.parametrize("spelling", ["pixeepim", "productsmanager"])
@pytest.mark.parametrize(
    ("state", "verb"), [(state, verb) for state in WORDS for verb, states in ALLOWED.items() if state in states]
)
def test_a_verb_is_allowed_in_the_states_that_are_documented(api, driver, state, verb, spelling):
    uuid, imp = spellings(api, driver.to(state))
    code, answer = ask(api, f"{IMPORTS}/{uuid if spelling == 'pixeepim' else imp}", verb)
    assert code == (201 if verb == "undo" else 200), answer


@pytest.mark.parametrize("state", WORDS)
def test_any_other_verb_is_refused_and_changes_nothing(api, driver, state):
    job = driver.to(state)
    for spelled in spellings(api, job):
        for verb in [verb for verb, states in ALLOWED.items() if state not in states]:
            code, answer = ask(api, f"{IMPORTS}/{spelled}", verb)
            assert (code, answer["error"]) == (409, "conflict"), (verb, answer)
            assert answer["details"] == {"status": "processing" if state == "queued again" else WORDS[state][1]}
            assert driver.job(job) == job


@pytest.mark.parametrize("state", WORDS)
def test_segops_confirms_what_awaits_its_mapping(api, driver, state):
    job = driver.to(state)
    code, answer = api.request("POST", f"/api/pim/import/{job.id}/confirm/", CONFIRM)
    if state in CONFIRMABLE:
        assert (code, answer["status"]) == (200, "pending")
    else:
        assert (code, list(answer)) == (400, ["detail"])
        assert driver.job(job) == job
