"""What a chunk's time goes by with: milliseconds by word, for the receipt.

The words are those of ``model.outcomes.Waits``. The job adds them up with the chunk's own counters; what it takes to
tell ClickHouse is known after the commit only, and comes from there (``catalog.mirror``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from chalicelib.model.import_job import ImportJob
from chalicelib.services import Services
from chalicelib.store.postgres import Cursor, waited_seconds


class Spent:
    """The time of one chunk, from its making on. What is neither read nor waited for was spent converting."""

    def __init__(self, services: Services, job: ImportJob) -> None:
        self._clock = services.clock
        self._job_started_at = job.started_at
        self._queue = 0.0
        self._reading = 0.0
        self._began = self._first_attempt = self._attempt = self._clock()
        self._waited_before = 0.0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around what fetches the chunk's part of the file."""
        began = self._clock()
        try:
            yield
        finally:
            self._reading += self._clock() - began

    def attempt(self, cursor: Cursor, now: datetime) -> None:
        """The chunk's transaction begins, or begins anew because another one stood in its way."""
        self._waited_before = waited_seconds(cursor)
        is_first = self._attempt == self._began
        self._attempt = self._clock()
        if is_first:
            self._first_attempt = self._attempt
            since_dispatch = (now - (self._job_started_at or now)).total_seconds()
            self._queue = max(since_dispatch - (self._attempt - self._began), 0.0)

    def so_far(self, cursor: Cursor) -> dict[str, int]:
        """Milliseconds until now. Attempts that came to nothing were waiting for PostgreSQL, too."""
        waited = waited_seconds(cursor) - self._waited_before
        working = self._clock() - self._attempt - waited
        parsing = self._first_attempt - self._began - self._reading
        seconds = {
            "queue": self._queue,
            "reading": self._reading,
            "converting": parsing + working,
            "postgres": waited + self._attempt - self._first_attempt,
        }
        return {word: max(round(1000 * each), 0) for word, each in seconds.items()}
