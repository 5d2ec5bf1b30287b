"""Clips of the machine's own that its operator lays out: one folder, and nothing beside it."""

from __future__ import annotations

import os
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.io import in_order
from cleanplate.io.images import SUFFIXES

FILES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".y4m")


class Shelf:
    """What lies in a folder: video files, and folders of pictures; no links that lead elsewhere.

    Raises BadInput for what is no folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BadInput(f"{folder} is no folder. Give one with clips in it.")
        self._folder = folder.resolve()

    def names(self) -> list[str]:
        """Return the names of the clips, in order."""
        found = [path for path in self._folder.iterdir() if self._is_clip(path)]
        return [path.name for path in in_order(found)]

    def path(self, name: str) -> Path:
        """Return where a clip lies; raises BadInput for a name that is not among them."""
        if name not in self.names():
            raise BadInput("there is no clip of this name. Choose one from the list.")
        return self._folder / name

    def _is_clip(self, path: Path) -> bool:
        if path.name.startswith(".") or not self._is_within(path):
            return False
        try:
            if path.is_file():
                return path.suffix.lower() in FILES
            return path.is_dir() and self._has_pictures(path)
        except OSError:  # not to be read by us
            return False

    def _has_pictures(self, folder: Path) -> bool:
        """Tell whether a folder holds pictures, and none that lies elsewhere."""
        pictures = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
        return bool(pictures) and all(self._is_within(path) for path in pictures)

    def _is_within(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._folder)  # links may go in circles
