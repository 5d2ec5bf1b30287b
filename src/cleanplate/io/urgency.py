"""Keep encoders from putting their threads before everything else on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def no_more_urgent() -> Iterator[None]:
    """Take back the real-time scheduling that threads of this process are given inside.

    SVT-AV1, where root runs it, makes the thread that opens it and all its own real-time ones, of
    the highest priority, and leaves them so: whatever else wants to run waits, some of it for ever.
    """
    before = _urgent()
    try:
        yield
    finally:
        for thread in _urgent() - before:
            with suppress(OSError):  # it has ended, or it may not be changed
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _urgent() -> set[int]:
    """Return the threads of this process that are real-time ones; none where that is not told."""
    found = set()
    with suppress(OSError, AttributeError):
        for thread in (int(task.name) for task in Path("/proc/self/task").iterdir()):
            with suppress(ProcessLookupError):
                if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
                    found.add(thread)
    return found
