"""What comes from stdin, kept in a temporary file for as long as it is needed."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.io.locks import temporary_folder
from cleanplate.io.pipe import is_pipe
from cleanplate.io.refuse import writing

STDIN = 0  # what the system calls it
END = ".stdin"  # of the folder's name
_CHUNK = 1 << 20  # bytes
_LOOK_UP = 0.5  # seconds between two looks at what else there is


@contextmanager
def spooled(video: str | Path) -> Iterator[str | Path]:
    """Give the video itself, or of stdin a temporary file that holds all that comes from there.

    A stream cannot be read twice, and a fill looks ahead and back: so it lies in the system's
    folder for temporary files, until the context ends. Raises BadInput where nothing comes,
    BadOutput where it does not fit there.
    """
    if not is_pipe(video):
        yield video
        return
    if sys.__stdin__ is None or os.isatty(STDIN):  # closed: another file may have its number
        raise BadInput("- reads from stdin, and nothing is sent there. Send a video, or name one.")
    with temporary_folder(END) as folder:
        whole = folder / "stdin.y4m"
        with writing(whole), whole.open("wb") as file:
            while chunk := _next():
                file.write(chunk)
        if whole.stat().st_size == 0:
            raise BadInput(
                "stdin is empty. Send a video, such as ffmpeg -i in.mp4 -f yuv4mpegpipe -."
            )
        yield whole


def _next() -> bytes:
    """Wait for what comes from stdin, and return it; nothing at its end."""
    # A signal that arrives on the way into a read is seen only after it, and nothing may ever come.
    while os.name == "posix" and not select.select([STDIN], [], [], _LOOK_UP)[0]:
        continue
    return os.read(STDIN, _CHUNK)
