"""Who cuts an object out and follows it: the usual ways, or SAM 2 where its weights are there."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from cleanplate.errors import BadInput
from cleanplate.masks.select import Selector
from cleanplate.tracking import load_selector, load_tracker

USUAL, SAM2 = "usual", "sam2"
WAYS = (USUAL, SAM2)


class Finder:
    """Knows which ways there are, and loads what cuts objects out once, when it is first needed.

    sam2: the folder of its weights, if it is there. Raises BadInput for one that cannot be used.
    """

    def __init__(self, sam2: Path | None = None) -> None:
        if sam2 is not None:
            load_tracker("sam2", weights=sam2)  # refused before anybody comes
        self._sam2, self._lock = sam2, Lock()
        self._loaded: Selector | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """Names of the ways that there are."""
        return WAYS if self._sam2 is not None else (USUAL,)

    def selector(self, way: str) -> Selector:
        """Return what cuts an object out in one way; raises BadInput for one that is not there."""
        weights = self.weights(way)
        if weights is None:
            return load_selector("cues")
        with self._lock:
            self._loaded = self._loaded or load_selector("sam2", weights=weights)
        return self._loaded

    def weights(self, way: str) -> Path | None:
        """Return the weights of a way, None for the usual one; raises BadInput."""
        if way == USUAL:
            return None
        if self._sam2 is None:
            raise BadInput("SAM 2 is not at hand here: the server was started without --sam2.")
        return self._sam2
