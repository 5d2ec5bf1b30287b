"""Which pixel of a neighbouring frame a pixel shows, where both flows agree that it does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.region import pixels_of
from cleanplate.warp import sample_vector

NOWHERE = -1  # the link of a pixel that the neighbour does not show


class Links(NamedTuple):
    """Which pixel of a neighbouring frame shows each of N pixels.

    pixel: (N,) int32, row * W + column, or NOWHERE. residual: (N,) float32, pixels by which the way
    there and back ends beside its start; 0 where it leads nowhere.
    """

    pixel: NDArray[np.int32]
    residual: NDArray[np.float32]


def links(
    hole: NDArray[np.bool_],
    towards: NDArray[np.float32],
    back: NDArray[np.float32],
    *,
    epsilon: float,
) -> Links:
    """Return for each of a hole's N pixels, by rows, the neighbour's pixel that shows it.

    hole: (H, W) bool. towards, back: (H, W, 2) flow to the neighbour and back from it. epsilon:
    pixels that the way there and back may end beside its start, not included. Both flows tell
    where a pixel lies in the neighbour; their mean is taken, rounded to the nearest pixel (half to
    even). Source: Xu et al., CVPR 2019, section 3.3; the mean and the nearest pixel are the
    official code's.
    """
    rows, columns = pixels_of(hole)
    found = Links(np.full(len(rows), NOWHERE, np.int32), np.zeros(len(rows), np.float32))
    _link(rows, columns, towards, back, float(epsilon), *found)
    return found


@compiled()
def _link(
    rows: Any,
    columns: Any,
    towards: Any,
    back: Any,
    epsilon: float,
    pixel: NDArray[np.int32],
    residual: NDArray[np.float32],
) -> None:
    """Set the links of those pixels whose flows agree, in place."""
    bottom, right = towards.shape[0] - 1, towards.shape[1] - 1
    for i in range(len(rows)):
        y, x = rows[i], columns[i]
        dx, dy = towards[y, x, 0], towards[y, x, 1]
        if not _between_pixels(y + dy, x + dx, bottom, right):
            continue
        back_x, back_y = sample_vector(back, y + dy, x + dx)
        error = np.sqrt((dx + back_x) ** 2 + (dy + back_y) ** 2)
        if not error < epsilon:
            continue
        row, column = y + (dy - back_y) / 2, x + (dx - back_x) / 2
        if _between_pixels(row, column, bottom, right):
            pixel[i] = int(np.rint(row)) * (right + 1) + int(np.rint(column))
            residual[i] = error


@compiled(inline="always")
def _between_pixels(y: float, x: float, bottom: int, right: int) -> Any:
    """Tell whether four pixels of the picture lie around a place; no number lies nowhere."""
    return 0 <= y < bottom and 0 <= x < right
