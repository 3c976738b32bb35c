"""Waiting until a family of processes rests, so that what one measurement left behind is not paid for by the next.

PostgreSQL vacuums and ClickHouse merges after an import has answered. Product and floor both start from rest.
"""

import time

import psutil

WINDOW_SECONDS = 0.5
BUSY_SHARE = 0.15
"""Of one core. An idle system polls its queues."""


def wait_until_quiet(process_id: int, *, at_most_seconds: float = 30.0) -> bool:
    """Wait until the process and its descendants use next to no CPU; False when they did not come to rest in time."""
    deadline = time.monotonic() + at_most_seconds
    while time.monotonic() < deadline:
        before = _cpu_seconds(process_id)
        time.sleep(WINDOW_SECONDS)
        after = _cpu_seconds(process_id)
        if sum(after[pid] - before.get(pid, 0.0) for pid in after) < BUSY_SHARE * WINDOW_SECONDS:
            return True
    return False


def _cpu_seconds(process_id: int) -> dict[int, float]:
    family = psutil.Process(process_id)
    seconds = {}
    for process in (family, *family.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds[process.pid] = times.user + times.system
    return seconds
