"""Who cuts an object out and follows it: the usual ways, or SAM 2 where its weights are there."""

from __future__ import annotations

from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.masks.select import Selector
from cleanplate.tracking import load_selector

USUAL, SAM2 = "usual", "sam2"
WAYS = (USUAL, SAM2)


class Finder:
    """Knows which ways there are, and holds what cuts objects out.

    sam2: the folder of its weights, if it is there. Raises BadInput for one that cannot be used:
    whoever runs the server is told of it, not who comes.
    """

    def __init__(self, sam2: Path | None = None) -> None:
        self._sam2 = sam2
        self._selectors: dict[str, Selector] = {USUAL: load_selector("cues")}
        if sam2 is not None:
            self._selectors[SAM2] = load_selector("sam2", weights=sam2)

    @property
    def ways(self) -> tuple[str, ...]:
        """Names of the ways that there are."""
        return tuple(self._selectors)

    def selector(self, way: str) -> Selector:
        """Return what cuts an object out in one way; raises BadInput for one that is not there."""
        if way not in self._selectors:
            raise BadInput("SAM 2 is not at hand here: the server was started without --sam2.")
        return self._selectors[way]

    def weights(self, way: str) -> Path | None:
        """Return the weights of a way, None for the usual one; raises BadInput."""
        self.selector(way)
        return self._sam2 if way == SAM2 else None
