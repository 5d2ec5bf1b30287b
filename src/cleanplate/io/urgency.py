"""Keep encoders from putting their threads before everything else on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def no_more_urgent() -> Iterator[None]:
    """Leave this thread's scheduling as it was, and new threads without a real-time one.

    SVT-AV1, where root runs it, makes the thread that opens it and all its own real-time ones, of
    the highest priority, and leaves them so: whatever else wants to run waits, some of it for ever.
    """
    if not hasattr(os, "sched_setscheduler"):  # nor can an encoder do so there
        yield
        return
    policy, told, before = os.sched_getscheduler(0), os.sched_getparam(0), _threads()
    try:
        yield
    finally:
        _schedule(0, policy, told)
        for thread in _threads() - before:
            _schedule(thread, policy, told)


def _schedule(thread: int, policy: int, told: os.sched_param) -> None:
    """Schedule a thread, 0 for this one, if it has become a real-time one."""
    with suppress(OSError):  # it has ended, or it may not be changed
        if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
            os.sched_setscheduler(thread, policy, told)


def _threads() -> set[int]:
    """Return the threads of this process; none where the system does not tell."""
    with suppress(OSError):
        return {int(task.name) for task in Path("/proc/self/task").iterdir()}
    return set()
