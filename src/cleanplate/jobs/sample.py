"""A few frames filled and written on trial, for how long all of them will take."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from cleanplate.io import Encoding, Reader, writing_seconds
from cleanplate.methods import Method
from cleanplate.region import Region
from cleanplate.stream import Shown, fill_window, region_of
from cleanplate.windows import SHORTEST, Window

WARMING = 2  # frames that are filled before anything counts: code is compiled, networks are loaded
# What does not grow with the crop, in pixels of it: flow and paths are found at a working size.
SAME_FOR_ALL = 200_000


class Sample:
    """The first frames of a clip that are to be filled, as many as the shortest window has."""

    def __init__(self) -> None:
        self._held: list[Shown] = []
        self._complete = False

    def see(self, shown: Shown) -> None:
        """Look at the next frame of the clip, and keep it while frames are wanted."""
        if self._complete or not (self._held or shown.marked.any()):
            return
        parted = self._held and (shown.starts_shot or shown.apart)
        self._complete = bool(parted) or len(self._held) == SHORTEST
        if not self._complete:
            self._held.append(shown)

    def filling_seconds(self, method: Method, crops: Iterable[tuple[int, Region]]) -> float:
        """Return how long filling will take; crops: so many frames each, and their crop."""
        if not self._held:
            return 0.0
        fill_window(self._window(WARMING), [], method, None)
        began = time.perf_counter()
        fill_window(self._window(SHORTEST), [], method, None)
        took = time.perf_counter() - began
        work = _work(len(self._held), region_of(self._held, method))
        return took * sum(_work(*crop) for crop in crops) / work

    def writing_seconds(
        self, frames: int, like: Reader, out: str | Path, encoding: Encoding
    ) -> float:
        """Return how long so many frames will take to be written."""
        if not self._held:
            return 0.0
        pictures = [shown.more[0] for shown in self._held]
        return writing_seconds(pictures, like, out, encoding) * frames / len(pictures)

    def _window(self, frames: int) -> Window[Shown]:
        return Window(0, self._held[:frames], 0, 0)


def _work(frames: int, crop: Region) -> float:
    """Return how much work frames of a crop are, in pixels."""
    return frames * ((crop.bottom - crop.top) * (crop.right - crop.left) + SAME_FOR_ALL)
