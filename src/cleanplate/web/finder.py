"""Who cuts an object out and follows it: the usual ways, or networks where those are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.masks.select import Box, Point, Selector
from cleanplate.states import has_torch
from cleanplate.tracking import load_selector
from cleanplate.video import Frames, Holes

USUAL, INTERNAL, SAM2 = "usual", "internal", "sam2"
WAYS = (USUAL, INTERNAL, SAM2)
_MISSING = {
    INTERNAL: "there is no PyTorch here, which that needs. Follow it in the usual way.",
    SAM2: "SAM 2 is not at hand here: the server was started without --sam2.",
}
_FEW = 16  # points of a line that SAM 2 is told: it has learned from clicks, a few at a time


class Finder:
    """Knows which ways there are, and holds what cuts objects out.

    sam2: the folder of its weights, if it is there. Raises BadInput for one that cannot be used:
    whoever runs the server is told of it, not who comes.
    """

    def __init__(self, sam2: Path | None = None) -> None:
        self._sam2 = sam2
        self._selectors: dict[str, Selector] = {USUAL: load_selector("cues")}
        if has_torch():  # it follows what was cut out in the usual way
            self._selectors[INTERNAL] = self._selectors[USUAL]
        if sam2 is not None:
            self._selectors[SAM2] = _of_few(load_selector("sam2", weights=sam2))

    @property
    def ways(self) -> tuple[str, ...]:
        """Names of the ways that there are."""
        return tuple(self._selectors)

    def selector(self, way: str) -> Selector:
        """Return what cuts an object out in one way; raises BadInput for one that is not there."""
        if way not in self._selectors:
            raise BadInput(_MISSING[way])
        return self._selectors[way]

    def tracking(self, way: str) -> dict[str, Any]:
        """Return what `load_tracker` is told for a way; raises BadInput, as `selector`."""
        self.selector(way)
        if way == SAM2:
            return {"name": "sam2", "weights": self._sam2}
        return {"name": "internal" if way == INTERNAL else "flow"}


def _of_few(selector: Selector) -> Selector:
    """Return a selector that tells another of a line no more than a few of its points."""

    def select(
        frame: Frames,
        box: Box | None = None,
        *,
        inside: Sequence[Point] = (),
        outside: Sequence[Point] = (),
        **more: Any,
    ) -> Holes:
        return selector(frame, box, inside=thinned(inside), outside=thinned(outside), **more)

    return select


def thinned(points: Sequence[Point], most: int = _FEW) -> Sequence[Point]:
    """Return so many points of a line at most, evenly along it, both ends among them.

    >>> thinned([(x, 0) for x in range(9)], 3)
    [(0, 0), (4, 0), (8, 0)]
    """
    if len(points) <= most:
        return points
    return [points[round(number * (len(points) - 1) / (most - 1))] for number in range(most)]
