"""Let lone sources follow their neighbours, so that a fill shows no specks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.propagate import Sources, moved
from cleanplate.region import pixels_of

_REACH = 1  # pixels around a pixel that are asked, 8 in all where all have a source
ALIKE = 2.0  # pixels between displacements that belong to one motion
_LONE = 0.2  # share of those around that a source has to be like, not to be lone


def leaders(sources: Sources, hole: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[Any]:
    """Return for each of the hole's N pixels the place of the one whose source it is to take.

    sources: (N,), a place without one is left alone. known: (T, H, W) bool, what may be taken.
    Mostly that is the pixel itself. One whose source lies in another frame, or elsewhere, than
    nearly all of those around it takes the source that the most of them agree on, if these are
    more than agree with it.
    """
    index = np.full(hole.shape, -1, np.int32)
    index[hole] = np.arange(len(sources.frame), dtype=np.int32)
    rows, columns = pixels_of(hole)
    leader = np.arange(len(rows))
    _vote(rows, columns, index, *sources[:3], known, leader)
    return leader


def led(sources: Sources, leader: NDArray[Any], hole: NDArray[np.bool_]) -> Sources:
    """Return the sources of the leaders, moved to the pixels that follow them.

    None where that leads off the picture.
    """
    own = leader == np.arange(len(leader))
    return sources.where(own).or_else(moved(sources, hole, leader, pixels_of(hole)))


@compiled()
def _vote(
    rows: Any, columns: Any, index: Any, frame: Any, y: Any, x: Any, known: Any, leader: Any
) -> None:
    """Change the leaders of lone pixels, in place."""
    near = np.empty((2 * _REACH + 1) ** 2, np.int32)
    for i in range(len(rows)):
        if frame[i] < 0:
            continue
        count = _around(rows[i], columns[i], index, frame, near)
        own = _followers(i, near, count, rows, columns, frame, y, x)
        if own >= _LONE * count:
            continue
        most = own + 1  # itself among them
        for k in range(count):
            j = near[k]
            votes = _followers(j, near, count, rows, columns, frame, y, x)
            if votes > most:
                row = int(np.floor(y[j] + (rows[i] - rows[j]) + 0.5))
                column = int(np.floor(x[j] + (columns[i] - columns[j]) + 0.5))
                inside = 0 <= row < known.shape[1] and 0 <= column < known.shape[2]
                if inside and known[frame[j], row, column]:
                    leader[i], most = j, votes


@compiled(inline="always")
def _around(row: int, column: int, index: Any, frame: Any, near: Any) -> Any:
    """List the pixels around one that have a source; returns how many."""
    count = 0
    for r in range(max(row - _REACH, 0), min(row + _REACH + 1, index.shape[0])):
        for c in range(max(column - _REACH, 0), min(column + _REACH + 1, index.shape[1])):
            j = index[r, c]
            if j >= 0 and frame[j] >= 0 and not (r == row and c == column):
                near[count] = j
                count += 1
    return count


@compiled(inline="always")
def _followers(
    i: int, near: Any, count: int, rows: Any, columns: Any, frame: Any, y: Any, x: Any
) -> Any:
    """Count the pixels listed whose source lies in the same frame by a like displacement."""
    votes = 0
    for k in range(count):
        votes += alike(i, near[k], rows, columns, frame, y, x)
    return votes


@compiled(inline="always")
def alike(i: int, j: int, rows: Any, columns: Any, frame: Any, y: Any, x: Any) -> Any:
    """Tell whether two pixels' sources lie in the same frame by like displacements.

    i, j: their places in the lists; frame, y, x: of their sources.
    """
    if frame[i] != frame[j]:
        return False
    apart_y = (y[j] - rows[j]) - (y[i] - rows[i])
    apart_x = (x[j] - columns[j]) - (x[i] - columns[i])
    return abs(apart_y) < ALIKE and abs(apart_x) < ALIKE
