"""A file of JSON lines that grows while the work goes on, and is whole after any interruption."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from cleanplate.errors import BadOutput
from cleanplate.io.refuse import reading, writing

Line = dict[str, Any]


def read_journal(path: Path) -> list[Any]:
    """Return the lines of a journal, none if there is none yet.

    A last line without an end is what an interrupted run was writing: it is left out; another that
    is no JSON is None. Raises BadInput where it cannot be read.
    """
    if not path.exists():
        return []
    with reading(path):
        text = path.read_text("utf-8")
    return [_parsed(line) for line in text.split("\n")[:-1]]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def finite(value: Any) -> Any:
    """Replace what JSON cannot say, infinity and no number, by the words."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


class Journal:
    """The file that lines are added to, each complete before the next."""

    def __init__(self, path: Path) -> None:
        self.path, folder = path, path.parent
        if folder.exists() and not folder.is_dir():
            raise BadOutput(f"{folder} is a file. Give the name of a folder.")
        with writing(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab+")
            self._drop_what_was_torn()

    def add(self, line: Line) -> None:
        """Write a line; when this returns it is on the disk."""
        text = json.dumps(finite(line), allow_nan=False) + "\n"
        with writing(self.path):
            self._file.write(text.encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _drop_what_was_torn(self) -> None:
        self._file.seek(0)
        self._file.truncate(self._file.read().rfind(b"\n") + 1)
        self._file.seek(0, os.SEEK_END)
