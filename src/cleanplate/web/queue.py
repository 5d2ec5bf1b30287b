"""Jobs in lines, by how long they take: in each one after the other, in processes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any

from cleanplate.errors import BadInput, CleanplateError
from cleanplate.web.worker import Broken, Stopped, Work, Worker

LONGEST = "hours"
LANES = {
    "open": "seconds",
    "try": "seconds",
    "mask": "seconds",
    "check": "minutes",
    "mend": "minutes",
    "follow": "minutes",
    "static": "minutes",
    "subtitles": "minutes",
    "shadow": "minutes",
    "fill": LONGEST,
}
_MOST_IDLE = 2  # processes that wait for work
ENDED = ("done", "failed", "stopped")
FAILED = "Something went wrong here. Try it again; whoever runs this page finds why in its log."

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """A piece of work of a visitor.

    kind: one of LANES. clip: its id. at_end: is told the result, or None where there is none. out:
    the folder of what it makes that is looked at. long: it takes hours, though others of its kind
    do not.
    state: waiting, running, done, failed or stopped. done, total: how far it is. at: a frame that
    is worth a look. message: why it failed. began, ended: seconds of a clock. reads: whether what
    it was given may still be read.
    """

    kind: str
    clip: str
    work: Work
    at_end: Callable[[Job, Any], None]
    out: Path | None = None
    long: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = "waiting"
    done: int = 0
    total: int | None = None
    at: int | None = None
    message: str = ""
    result: Any = None
    began: float | None = None
    ended: float | None = None
    reads: bool = True
    stop: Event = field(default_factory=Event)

    @property
    def lane(self) -> str:
        """In which line it waits."""
        return LONGEST if self.long else LANES[self.kind]

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return 0.0 if self.began is None else (self.ended or monotonic()) - self.began

    @property
    def seconds_left(self) -> float | None:
        """How long it will go on, as far as can be told."""
        if self.state != "running" or not self.done or not self.total:
            return None
        return self.seconds * max(self.total - self.done, 0) / self.done


class Queue:
    """The line of jobs, and who does them: one thread a lane, one process a job.

    hire: starts a process that waits for work.
    """

    def __init__(self, hire: Callable[[], Worker]) -> None:
        self._hire = hire
        self._changed = Condition()
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._closed = False
        self._idle = [hire()]
        lanes = sorted(set(LANES.values()))
        self._threads = [Thread(target=self._serve, args=(lane,), daemon=True) for lane in lanes]
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Put a job at the end of its line. Raises BadInput when the server is about to end."""
        with self._changed:
            if self._closed:
                raise BadInput("this page is being closed. Nothing more is begun.")
            self._waiting.append(job)
            self._changed.notify_all()

    def place(self, job: Job) -> int:
        """Return how many jobs come before a job that is waiting."""
        with self._changed:
            before = [*self._running]
            if job in self._waiting:
                before += self._waiting[: self._waiting.index(job)]
            return sum(other.lane == job.lane for other in before)

    def stop(self, job: Job) -> None:
        """End a job, whether it is waiting or running."""
        with self._changed:
            job.stop.set()
            waiting = job in self._waiting
            if waiting:
                self._waiting.remove(job)
        if waiting:
            self._end(job, "stopped", None)

    def close(self) -> None:
        """End all jobs and processes."""
        with self._changed:
            self._closed = True
            jobs = [*self._waiting, *self._running]
            self._changed.notify_all()
        for job in jobs:
            self.stop(job)
        for thread in self._threads:
            thread.join()
        for worker in self._idle:
            worker.end()

    def _serve(self, lane: str) -> None:
        """Do the jobs of a lane, one after the other, until it is closed."""
        while (job := self._next(lane)) is not None:
            state, result = self._work(job, lane)
            with self._changed:
                self._running.remove(job)
            self._end(job, state, result)

    def _work(self, job: Job, lane: str) -> tuple[str, Any]:
        """Do a job; return how it ended, and its result."""
        worker = None
        try:
            worker = self._take_worker()
            return "done", worker.run(job.work, partial(_told, job), job.stop)
        except Stopped:
            return "stopped", None
        except CleanplateError as refusal:
            job.message = str(refusal)
        except Exception as error:
            shown = str(error) if isinstance(error, Broken) else repr(error)
            log.error("%s of clip %s failed: %s", job.kind, job.clip, shown)
            job.message = FAILED
        finally:
            if worker is not None:
                self._leave_worker(worker, lane)
        return "failed", None

    def _next(self, lane: str) -> Job | None:
        """Wait for a job of a lane; None when all is to end."""

        def due() -> Job | None:
            return next((job for job in self._waiting if job.lane == lane), None)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or due() is not None)
            job = None if self._closed else due()
            if job is not None:
                self._waiting.remove(job)
                self._running.append(job)
                job.state, job.began = "running", monotonic()
            return job

    def _take_worker(self) -> Worker:
        """Take a process that waits for work, or start one."""
        with self._changed:
            while self._idle:
                worker = self._idle.pop()
                if worker.lives():
                    return worker
                worker.end()  # somebody else did
        return self._hire()

    def _leave_worker(self, worker: Worker, lane: str) -> None:
        """Keep a process for the next job; one that took hours may hold much, and ends."""
        with self._changed:
            if lane == LONGEST or self._closed or len(self._idle) >= _MOST_IDLE:
                worker.end()
            elif worker.lives():
                self._idle.append(worker)
            if not self._idle and not self._closed:
                with suppress(OSError):  # then it is tried again when there is work
                    self._idle.append(self._hire())

    def _end(self, job: Job, state: str, result: Any) -> None:
        """Say what came of a job, and then that it has ended."""
        try:
            job.at_end(job, result)
            job.result = result
        except Exception:
            log.exception("%s of clip %s ended badly", job.kind, job.clip)
            state, job.message = "failed", FAILED
        job.ended = monotonic()
        job.state = state


def _told(job: Job, done: int, total: int | None, at: int | None = None) -> None:
    job.done, job.total = done, total
    job.at = job.at if at is None else at
