"""Somebody asks a run to stop: the step is finished and kept first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ASKING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Give what tells whether this process was asked to stop, by Ctrl-C or by SIGTERM.

    What was asked is obeyed where the context ends, a second time at once. In other threads than
    the main one, which never hear of it, nothing changes.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.getsignal(number) for number in ASKING}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        restore()

    for number in ASKING:
        if before[number] not in (signal.SIG_IGN, None):
            signal.signal(number, note)
    try:
        yield lambda: bool(asked)
    finally:
        restore()
    if asked:
        signal.raise_signal(asked[0])
