"""How much memory the work of an import takes: a worker alone in a fresh process, above what it holds once started.

A catalogue of any size comes in, megabytes come out. One process makes a job and stores its file, as an upload does; a
fresh one then does what the queue functions do, through the same steps of the engine: analyse, confirm, dispatch, every
chunk. S3, SQS and PostgreSQL are the running system's, with a queue of its own so that its workers take nothing away.
ClickHouse is ``clickhouse_door``: the engine's memory is a server's and not a worker's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.system import SystemFailed, Workspace, without_parts
from chalicelib.store.mirror import create_mirror

QUEUE = "bench-memory-chunks"
KIBIBYTES_A_MEGABYTE = 1_000_000 / 1_024


@dataclass(frozen=True, slots=True)
class PeakMegabytes:
    """Above the worker's start: the highest point while it analysed, and of the whole work."""

    analyze: float
    whole: float


def measure(workspace: Workspace, file: Path, body: Mapping[str, Any], clickhouse_folder: Path) -> PeakMegabytes:
    """The memory of one worker that imports the file for the workspace; ``body`` is the confirmation."""
    with _door(clickhouse_folder) as clickhouse_url:
        environment = _environment(workspace, clickhouse_url)
        order = {"workspace_id": workspace.id, "file": str(file), "body": body}
        made = _ask("store", order, environment)
        done = _ask("work", order | made, environment)
    above_start = (done[peak] - done["start_kib"] for peak in ("analyze_kib", "whole_kib"))
    return PeakMegabytes(*(kibibytes / KIBIBYTES_A_MEGABYTE for kibibytes in above_start))


def _ask(step: str, order: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory_worker", step],
        input=json.dumps(order) + "\n",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemFailed(f"the memory bench could not {step}: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _environment(workspace: Workspace, clickhouse_url: str) -> dict[str, str]:
    parts = workspace.system.parts
    return without_parts() | {
        "PIM_DATABASE_URL": parts["database_url"],
        "PIM_CLICKHOUSE_URL": clickhouse_url,
        "PIM_CHUNK_QUEUE": QUEUE,
        "AWS_ENDPOINT_URL": parts["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",  # the emulator looks at neither
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def _door(folder: Path) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.clickhouse_door", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise SystemFailed("ClickHouse's door did not open; what it said stands above")
            create_mirror(url)
            yield url
        finally:
            process.terminate()
