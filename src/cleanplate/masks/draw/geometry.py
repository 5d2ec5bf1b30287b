"""Directions and filled shapes, the same to the last bit on every machine.

Only sums, products, quotients and roots are used, which IEEE 754 rounds in one way; the sine of a
system library, and fills of a drawing library, differ between machines and versions.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Holes

Points = NDArray[np.float64]  # (..., 2), (x, y) in pixels, pixel centres at integers

TERMS = 32  # of the exponential series: the first one left out is below 1e-18


def direction(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in radians, by their series.

    >>> [round(value, 12) for value in direction(math.pi / 6)]
    [0.866025403784, 0.5]
    """
    x, term, total = math.remainder(angle, math.tau), 1.0, [1.0, 0.0]
    for power in range(1, TERMS):
        term *= x / power
        total[power % 2] += term if power % 4 < 2 else -term
    return total[0], total[1]


def fill_polygon(corners: Points, size: tuple[int, int]) -> Holes:
    """Fill a closed polygon: (H, W) bool of ``size``, the pixels whose centre lies inside.

    corners: (N, 2), of any order and outside the picture too; inside is where it winds at all.
    """
    steps = _no_steps(size)
    _enter_edges(steps, corners, np.roll(corners, -1, axis=0))
    return _filled(steps)


def fill_strokes(starts: Points, ends: Points, radii: Points, size: tuple[int, int]) -> Holes:
    """Fill thick lines with round ends: (H, W) bool, the pixels within the radius of a line.

    starts, ends: (N, 2). radii: (N,), pixels, above 0.
    """
    steps = _no_steps(size)
    along = ends - starts
    length = np.sqrt(along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1])
    share = radii / np.where(length > 0, length, 1)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * share[:, None]
    corners = np.stack([starts + side, ends + side, ends - side, starts - side])
    following = np.roll(corners, -1, axis=0)
    _enter_edges(steps, corners.reshape(-1, 2), following.reshape(-1, 2))
    _enter_discs(steps, np.concatenate([starts, ends]), np.concatenate([radii, radii]))
    return _filled(steps)


def _no_steps(size: tuple[int, int]) -> NDArray[np.int32]:
    """(H, W + 1), by how much the winding number changes at the left of each pixel."""
    return np.zeros((size[0], size[1] + 1), np.int32)


def _filled(steps: NDArray[np.int32]) -> Holes:
    return np.asarray(np.cumsum(steps[:, :-1], axis=1, dtype=np.int32) != 0, np.bool_)


def _enter_edges(steps: NDArray[np.int32], starts: Points, ends: Points) -> None:
    rows = np.arange(len(steps))
    crossed = (starts[:, 1:] <= rows) != (ends[:, 1:] <= rows)
    edge, row = np.nonzero(crossed)
    (x0, y0), (x1, y1) = starts[edge].T, ends[edge].T
    x = x0 + (row - y0) * (x1 - x0) / (y1 - y0)
    _enter(steps, row, np.ceil(x), np.where(y1 > y0, 1, -1))


def _enter_discs(steps: NDArray[np.int32], centres: Points, radii: Points) -> None:
    rows = np.arange(len(steps))
    down = rows - centres[:, 1:]
    square = (radii * radii)[:, None] - down * down
    disc, row = np.nonzero(square >= 0)
    half, x = np.sqrt(square[disc, row]), centres[disc, 0]
    _enter(steps, row, np.ceil(x - half), np.ones(len(row), int))
    _enter(steps, row, np.floor(x + half) + 1, np.full(len(row), -1))


def _enter(
    steps: NDArray[np.int32], row: NDArray[np.intp], x: Points, change: NDArray[np.int_]
) -> None:
    column = np.clip(x, 0, steps.shape[1] - 1).astype(np.intp)
    np.add.at(steps, (row, column), change)
