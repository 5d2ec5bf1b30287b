"""Carry what a complete frame shows to the pixels of others that no frame shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.propagate import INVENTED, Sources, follow, starts
from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes

_TOLERANCE = 20.0  # pixels: nothing better is to be had for a pixel that no frame shows


class SourceMap:
    """For every pixel of one frame the place that shows it: at first itself, in frame `number`."""

    def __init__(self, number: int, size: tuple[int, ...]) -> None:
        rows, columns = np.indices(size, dtype=np.float32)
        self.fields = Sources(np.full(size, number, np.int32), rows, columns, np.zeros_like(rows))

    def set(self, where: NDArray[np.bool_], sources: Sources) -> None:
        """Set the pixels of a mask to their sources, in row order."""
        for mine, given in zip(self.fields, sources, strict=True):
            mine[where] = given

    def at(self, *place: NDArray[Any]) -> Sources:
        """Return the sources of the pixels of a mask, or of rows and columns."""
        return Sources(*(field[place] for field in self.fields))


def carry(
    forward: Flow,
    backward: Flow,
    holes: Holes,
    borrowed: Sequence[Sources],
    at: int,
    shown: SourceMap,
) -> list[Sources]:
    """Give pixels without a source what a complete frame has where their trajectory meets it.

    forward, backward: (T-1, H, W, 2) completed flow. borrowed: T Sources, of the pixels of each
    frame's hole. at: the number of the complete frame; shown: what its pixels show.
    """
    if not any((mine.frame < 0).any() for mine in borrowed):
        return list(borrowed)
    lost = np.zeros_like(holes)
    for mask, hole, mine in zip(lost, holes, borrowed, strict=True):
        mask[hole] = mine.frame < 0
    goal = np.zeros_like(holes)
    goal[at] = True
    steps, begin = (list(forward), list(backward)), starts(lost)

    def go(way: int) -> list[Sources]:
        return follow(*steps, begin, goal, towards=(-1, 1)[way], tolerance=_TOLERANCE)

    after, before = each_frame(go, 2)
    met = [*before[:at], None, *after[at + 1 :]]
    return [
        mine.or_else(shown.at(hole)) if there is None else _take_over(mine, there, shown)
        for mine, hole, there in zip(borrowed, holes, met, strict=True)
    ]


def _take_over(borrowed: Sources, met: Sources, shown: SourceMap) -> Sources:
    """Replace the sources that are none by what lies where they met the complete frame."""
    lost = borrowed.frame < 0
    if not lost.any():
        return borrowed
    row, column = np.rint(met.y).astype(np.intp), np.rint(met.x).astype(np.intp)
    there = shown.at(row, column)
    way = np.where(there.residual == INVENTED, 0, met.residual).astype(np.float32)
    there = Sources(
        there.frame, there.y + (met.y - row), there.x + (met.x - column), there.residual + way
    )
    given = there.where(met.frame >= 0)
    result: list[NDArray[Any]] = [part.copy() for part in borrowed]
    for mine, part in zip(result, given, strict=True):
        mine[lost] = part
    return Sources(*result)
