"""Give a file through untouched, where there is nothing to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from cleanplate.io.clip import means_folder
from cleanplate.io.encode import Encoding
from cleanplate.io.pipe import is_pipe
from cleanplate.io.place import refuse_same, whole_file
from cleanplate.io.reader import Reader


def obstacle(reader: Reader, out: str | Path, encoding: Encoding) -> str:
    """Say why the reader's file cannot be copied as the result, as far as is known by now.

    "" if it can: not a folder of pictures or into one, nor into a pipe, a clip that breaks off,
    another container, nor where an encoding is asked for.
    """
    if is_pipe(out):
        return "the result is a pipe"
    wanted = "a folder" if means_folder(Path(out)) else Path(out).suffix.lower()
    had = "a folder" if reader.path.is_dir() else reader.path.suffix.lower()
    if "a folder" in (had, wanted) or had != wanted:
        return f"the result is {wanted} and the video {had or 'has no extension'}"
    if encoding != Encoding():
        return "an encoding is asked for"
    return "not all of it could be decoded" if reader.problems else ""


def copy_file(reader: Reader, out: str | Path, encoding: Encoding) -> bool:
    """Copy the reader's file to `out` byte for byte; False, and nothing done, where that is not it.

    See `obstacle`. Raises BadOutput.
    """
    if obstacle(reader, out, encoding):
        return False
    source, out = reader.path, Path(out)
    refuse_same(source, out)
    with whole_file(out) as part:
        shutil.copyfile(source, part)
    return True


def unfilled(reader: Reader, out: str | Path, encoding: Encoding) -> str:
    """Say that there was no hole, and why a file that could have stayed as it is did not."""
    if reader.path.is_dir() or is_pipe(out) or Path(out).is_dir():  # pictures lose nothing
        return "No frame has a hole: nothing was filled."
    why = obstacle(reader, out, encoding)
    return f"No frame has a hole: nothing was filled, but the video is encoded again: {why}."
