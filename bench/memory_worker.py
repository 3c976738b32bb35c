"""The two processes of the memory bench: one makes a job and stores its file, a fresh one does the work of the queues.

Each gets its order as a JSON line on stdin and answers with its last line on stdout; ``memory`` starts them.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from chalicelib.ids import make_job_uuid
from chalicelib.imports.analyze import analyze_arrival
from chalicelib.imports.confirm import Confirmation, confirm
from chalicelib.imports.dispatch import dispatch
from chalicelib.imports.import_chunk import import_chunk
from chalicelib.model.import_job import JobState, MatchOn
from chalicelib.model.product_schema import SchemaField
from chalicelib.services import Services, container_services
from chalicelib.store import jobs


class WorkFailed(Exception):
    """The job did not go the way it must for its memory to mean something."""


def store(services: Services, order: Mapping[str, Any]) -> dict[str, Any]:
    """Make a job that waits for its file, and store the file."""
    boto3.client("sqs", region_name=services.settings.aws_region).create_queue(QueueName=services.settings.chunk_queue)
    job_uuid = make_job_uuid(int(services.now().timestamp() * 1000), services.random_bits())
    file = Path(order["file"])
    file_key = f"files/{order['workspace_id']}/{job_uuid}/{file.name}"
    with file.open("rb") as content:
        services.files.put(file_key, content, "text/csv")
    with services.database.workspace(order["workspace_id"]) as cursor:
        job_id = jobs.create(
            cursor,
            order["workspace_id"],
            jobs.NewJob(
                uuid=job_uuid,
                state=JobState.PENDING,
                import_type="push",
                file_name=file.name,
                file_type="csv",
                file_key=file_key,
                match_on=MatchOn.SKU,
            ),
        )
    return {"job_id": job_id}


def work(services: Services, order: Mapping[str, Any]) -> dict[str, Any]:
    """Analyse, confirm, dispatch and import every chunk of a stored job; the highest memory after the first and all."""
    workspace_id, job_id = order["workspace_id"], order["job_id"]
    with services.database.workspace(workspace_id) as cursor:
        waiting = jobs.read(cursor, workspace_id, job_id)
    if waiting is None:
        raise WorkFailed(f"job {job_id} was made and is not there")
    analyze_arrival(services, workspace_id, waiting.uuid)
    analyze_kib = status_kib("VmHWM")
    job = confirm(services, workspace_id, job_id, _confirmation(order["body"]))
    dispatch(services, workspace_id, job_id, job.run)
    for number in range(job.chunk_count):
        import_chunk(services, workspace_id, job_id, job.run, number)
    whole_kib = status_kib("VmHWM")
    with services.database.workspace(workspace_id) as cursor:
        ended = jobs.read(cursor, workspace_id, job_id)
    if ended is None or ended.state is not JobState.COMPLETED:
        raise WorkFailed(f"the memory bench's job did not complete: {ended}")
    return {"analyze_kib": analyze_kib, "whole_kib": whole_kib}


STEPS = {"store": store, "work": work}


def main(arguments: Sequence[str]) -> None:
    """One step in a process of its own: its order is a JSON line on stdin, its answer the last line on stdout."""
    parser = argparse.ArgumentParser(description="A step of the memory bench; started by it.")
    parser.add_argument("step", choices=STEPS)
    step = STEPS[parser.parse_args(arguments).step]
    start_kib = status_kib("VmRSS")
    answer = step(container_services(), json.loads(sys.stdin.readline()))
    print(json.dumps({"start_kib": start_kib, **answer}))


def _confirmation(body: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        mapping=body["mapping"],
        schema=tuple(SchemaField(**field) for field in body["schema"]),
        default_currency=body["default_currency"],
        default_locale=body["default_locale"],
    )


def status_kib(name: str) -> int:
    """A line of this process's memory account, in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise WorkFailed(f"this system does not tell {name}; the memory bench runs on Linux")


if __name__ == "__main__":
    main(sys.argv[1:])
