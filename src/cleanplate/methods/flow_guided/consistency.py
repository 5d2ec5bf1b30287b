"""Which pixel of a neighbouring frame a pixel shows, where both flows agree that it does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.region import pixels_of
from cleanplate.warp import sample_vector

NOWHERE = -1  # the link of a pixel that the neighbour does not show


def links(
    hole: NDArray[np.bool_],
    towards: NDArray[np.float32],
    back: NDArray[np.float32],
    *,
    epsilon: float,
) -> NDArray[np.int32]:
    """Return for each of a hole's N pixels the neighbour's pixel that shows it, or NOWHERE.

    hole: (H, W) bool. towards, back: (H, W, 2) flow to the neighbour and back from it. epsilon:
    pixels that the way there and back may end beside its start, not included. Both flows tell
    where a pixel lies in the neighbour; their mean is taken, rounded to the nearest pixel (half to
    even). Returns (N,) int32, row * W + column, by rows of the hole. Source: Xu et al., CVPR 2019,
    section 3.3; the mean and the nearest pixel are the official code's.
    """
    rows, columns = pixels_of(hole)
    found = np.full(len(rows), NOWHERE, np.int32)
    _link(rows, columns, towards, back, float(epsilon), found)
    return found


@compiled()
def _link(
    rows: Any, columns: Any, towards: Any, back: Any, epsilon: float, found: NDArray[np.int32]
) -> None:
    """Set the links of those pixels whose flows agree, in place."""
    bottom, right = towards.shape[0] - 1, towards.shape[1] - 1
    for i in range(len(rows)):
        y, x = rows[i], columns[i]
        dx, dy = towards[y, x, 0], towards[y, x, 1]
        if not _between_pixels(y + dy, x + dx, bottom, right):
            continue
        back_x, back_y = sample_vector(back, y + dy, x + dx)
        if not np.sqrt((dx + back_x) ** 2 + (dy + back_y) ** 2) < epsilon:
            continue
        row, column = y + (dy - back_y) / 2, x + (dx - back_x) / 2
        if _between_pixels(row, column, bottom, right):
            found[i] = int(np.rint(row)) * (right + 1) + int(np.rint(column))


@compiled(inline="always")
def _between_pixels(y: float, x: float, bottom: int, right: int) -> Any:
    """Tell whether four pixels of the picture lie around a place; no number lies nowhere."""
    return 0 <= y < bottom and 0 <= x < right
