"""A process that does one piece of work after the other, and can be ended at any time.

What visitors bring is decoded there: where that ends in a crash, or takes too much memory, the
server goes on. It is started ahead of the work, for that takes seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from cleanplate.errors import CleanplateError
from cleanplate.memory import keep_no_large_blocks
from cleanplate.orphans import end_with_parent
from cleanplate.web.tell import Tell

Work = Callable[[Tell], Any]  # what can be pickled

_OFTEN = 0.1  # seconds between two reports, and between two looks whether to stop
_NICE = 5  # by how much it steps back, so that the page answers meanwhile
_GRACE = 3.0  # seconds that a process has to end


class Stopped(Exception):
    """The work was ended on demand."""


class Broken(Exception):
    """The work failed in a way that is no visitor's doing; its text is for the log."""


class Worker:
    """A process that waits for its piece of work.

    root: a folder in which it may leave what is temporary, until it ends.
    """

    def __init__(self, root: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=root))
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._folder), daemon=True)
        self._process.start()
        theirs.close()

    def lives(self) -> bool:
        """Whether it is there."""
        return not self._pipe.closed and self._process.is_alive()

    def run(self, work: Work, tell: Tell, stop: Event) -> Any:
        """Have it done, and return what it returns; then the process waits for more.

        tell: is called on the way. stop: when it is set, the work ends. Raises what it raises if
        that is a refusal; and Stopped and Broken, with which the process ends.
        """
        fine = False
        try:
            self._pipe.send(work)
            while not stop.is_set():
                if not self._pipe.poll(_OFTEN):
                    continue
                kind, value = self._pipe.recv()
                if kind == "told":
                    tell(*value)
                    continue
                fine = kind != "broken"
                if kind == "done":
                    return value
                raise value if kind == "refused" else Broken(value)
            raise Stopped
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise Broken("the process ended without a word, perhaps for lack of memory") from None
        finally:
            if not fine:
                self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._pipe.closed:
            return
        self._process.terminate()
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _serve(pipe: Connection, folder: Path) -> None:
    """Wait for work in a process of its own, do it, and send what comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this one
    end_with_parent()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    keep_no_large_blocks()
    tempfile.tempdir = str(folder)
    import cleanplate.web.work  # noqa: F401 - ahead of the work, which needs all of it

    with suppress(OSError, EOFError):  # the server has gone
        while True:
            pipe.send(_answer(pipe.recv(), pipe))


def _answer(work: Work, pipe: Connection) -> tuple[str, Any]:
    """Do a piece of work; return what came of it, "done", "refused" or "broken", and the value."""
    last = 0.0

    def tell(done: int, total: int | None, at: int | None = None) -> None:
        nonlocal last
        if monotonic() - last > _OFTEN or done == total:
            last = monotonic()
            pipe.send(("told", (done, total, at)))

    try:
        return "done", work(tell)
    except CleanplateError as refusal:
        return "refused", refusal
    except BaseException:
        return "broken", traceback.format_exc()
