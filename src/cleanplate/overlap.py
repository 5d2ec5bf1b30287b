"""Join windows where they overlap: a weighted sum divided by the weights, in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.video import UNSEEN, Patch


class Overlap:
    """Holds the patches that a later window may still add to."""

    def __init__(self) -> None:
        self._held: list[list[tuple[np.float32, Patch]]] = []

    def held(self) -> list[Patch]:
        """Return what is there so far of the frames that a later window adds to, in order."""
        return [_strongest(parts)[1] for parts in self._held]

    def add(self, patches: list[Patch], weights: NDArray[np.float32], ready: int) -> list[Patch]:
        """Add a window's patches; return the first `ready` frames', which are complete.

        patches, weights: one for each frame of the window, which starts at the first frame that
        is still held.
        """
        for index, pair in enumerate(zip(weights, patches, strict=True)):
            if index == len(self._held):
                self._held.append([])
            self._held[index].append(pair)
        complete, self._held = self._held[:ready], self._held[ready:]
        return [_mean(parts) for parts in complete]


def _strongest(parts: list[tuple[np.float32, Patch]]) -> tuple[np.float32, Patch]:
    """Return the part that weighs most; of two equal ones that with fewer unseen pixels."""
    return max(parts, key=lambda part: (part[0], -int((part[1].source == UNSEEN).sum())))


def _mean(parts: list[tuple[np.float32, Patch]]) -> Patch:
    """Weighted mean of colours; provenance of the part that weighs most."""
    if len(parts) == 1:
        return parts[0][1]
    _, strongest = _strongest(parts)
    total = np.sum([weight for weight, _ in parts])
    colours = np.sum([weight * patch.colours for weight, patch in parts], axis=0) / total
    return Patch(
        np.rint(colours).astype(strongest.colours.dtype),
        strongest.source,
        strongest.inconsistency,
    )
