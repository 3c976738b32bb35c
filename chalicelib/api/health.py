"""``/health``: is the function alive; ``/health/ready``: does each part it needs answer, and how fast."""

import time
from collections.abc import Callable
from typing import Literal

from chalice.app import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.api.endpoint import describe, json_response
from chalicelib.errors import Unavailable
from chalicelib.services import Services, container_services

blueprint = Blueprint(__name__)

_NEEDED = ("postgresql", "s3", "sqs")
"""Without these nothing works; without ClickHouse only its mirror is late."""


class Alive(BaseModel):
    """The function runs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class Part(BaseModel):
    """A part that was asked."""

    ok: bool
    latency_ms: float | None = Field(default=None, description="Only when it answered.")
    error: str | None = Field(default=None, description="Only when it did not.")


class Readiness(BaseModel):
    """Each part, and what follows: degraded means that only the ClickHouse mirror is late."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "parts": {
                        "postgresql": {"ok": True, "latency_ms": 1.1},
                        "clickhouse": {"ok": True, "latency_ms": 2.3},
                        "s3": {"ok": True, "latency_ms": 4.9},
                        "sqs": {"ok": True, "latency_ms": 4.2},
                    },
                },
                {
                    "status": "unavailable",
                    "parts": {"postgresql": {"ok": False, "error": "PostgreSQL did not answer."}},
                },
            ]
        }
    )

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, Part]


@blueprint.route("/health", methods=["GET"], name="health")
@describe("/health", ["GET"], tag="Health", answers={200: Alive})
def health() -> Response:
    """Alive."""
    return json_response(200, {"status": "ok"})


@blueprint.route("/health/ready", methods=["GET"], name="ready")
@describe("/health/ready", ["GET"], tag="Health", answers={200: Readiness, 503: Readiness})
def ready() -> Response:
    """Each part with its latency; 503 when one that is needed does not answer."""
    parts = {name: _asked(ping) for name, ping in _pings(container_services()).items()}
    down = [name for name, part in parts.items() if not part["ok"]]
    status = "ok" if not down else "unavailable" if set(down) & set(_NEEDED) else "degraded"
    return json_response(503 if status == "unavailable" else 200, {"status": status, "parts": parts})


def _pings(services: Services) -> dict[str, Callable[[], None]]:
    settings = services.settings
    return {
        "postgresql": services.database.ping,
        "clickhouse": services.mirror.ping,
        "s3": services.files.ping,
        "sqs": lambda: services.queues.ping((settings.chunk_queue, settings.arrival_queue, settings.segment_queue)),
    }


def _asked(ping: Callable[[], None]) -> dict[str, bool | float | str]:
    started = time.perf_counter()
    try:
        ping()
    except Unavailable as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, "latency_ms": round((time.perf_counter() - started) * 1000, 1)}
