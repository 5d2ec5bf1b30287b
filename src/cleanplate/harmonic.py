"""Fill a region as smoothly as its edge allows: Laplace's equation, coarse to fine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.region import bounding_box

Grid = NDArray[np.float32]  # (H, W, C)
Mask = NDArray[np.bool_]  # (H, W)

_OVER_RELAXATION = 1.6  # between Gauss-Seidel (1) and the unstable 2; the start is already close
_SMALLEST_SIDE = 4


def harmonic_fill(
    values: NDArray[Any],
    hole: Mask,
    *,
    sweeps: int = 12,
    coarse: bool = False,
    in_place: bool = False,
) -> Grid:
    """Return values with the hole filled by the solution of Laplace's equation.

    values: (H, W, C), any real type; what lies under the hole is never read. hole: (H, W) bool.
    Every hole pixel becomes the mean of its neighbours inside the picture, pixels outside the hole
    stay as they are. The solution is found coarse to fine with `sweeps` relaxations a level, which
    leaves an error of about one per cent of the contrast along the edge; with `coarse` the last
    level is interpolated from half the size instead, for a quarter of the time. A hole without an
    edge (the whole picture) is filled with 0. Returns (H, W, C) float32, a new array, or with
    `in_place` the very values if they are float32.

    Example: the hole of a constant picture becomes that constant.

    >>> picture = np.full((6, 6, 1), 7.0)
    >>> hole = np.zeros((6, 6), bool); hole[2:4, 2:4] = True
    >>> bool(np.allclose(harmonic_fill(picture, hole), 7.0))
    True
    """
    filled = (np.asarray if in_place else np.array)(values, dtype=np.float32, order="C")
    box = bounding_box(hole, margin=1)
    if box is None:
        return filled
    inner = np.ascontiguousarray(filled[box])
    inner_hole = np.ascontiguousarray(hole[box])
    inner[inner_hole] = 0
    _solve(inner, inner_hole, sweeps, coarse)
    filled[box] = inner
    return filled


def _solve(values: Grid, hole: Mask, sweeps: int, coarse: bool) -> None:
    """Fill values in the hole in place: start from the half-size solution, then relax."""
    if min(hole.shape) > _SMALLEST_SIDE and not hole.all():
        half, half_hole = _halve(values, hole)
        _solve(half, half_hole, sweeps, coarse=False)
        _double(half, values, hole)
        if not coarse:
            _relax(values, hole, sweeps, np.float32(_OVER_RELAXATION))
    elif not hole.all():
        values[hole] = values[~hole].mean(axis=0)
        _relax(values, hole, 4 * sweeps, np.float32(1.0))


@compiled()
def _halve(values: Grid, hole: Mask) -> tuple[Grid, Mask]:
    """Mean of the known pixels of every 2 x 2 block; a block of hole pixels alone is a hole."""
    height, width, channels = values.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    half = np.zeros((rows, columns, channels), np.float32)
    half_hole = np.zeros((rows, columns), np.bool_)
    for r in range(rows):
        for c in range(columns):
            known = 0
            for y in range(2 * r, min(2 * r + 2, height)):
                for x in range(2 * c, min(2 * c + 2, width)):
                    if not hole[y, x]:
                        known += 1
                        for k in range(channels):
                            half[r, c, k] += values[y, x, k]
            if known == 0:
                half_hole[r, c] = True
            else:
                for k in range(channels):
                    half[r, c, k] /= known
    return half, half_hole


@compiled()
def _double(half: Grid, values: Grid, hole: Mask) -> None:
    """Set the hole's pixels to the bilinear values of the half-size solution, in place."""
    height, width, channels = values.shape
    rows, columns = half.shape[0], half.shape[1]
    for y in range(height):
        above, below = (y - 1) // 2, (y - 1) // 2 + 1
        down = np.float32(0.75) if y % 2 == 0 else np.float32(0.25)
        above, below = max(above, 0), min(below, rows - 1)
        for x in range(width):
            if not hole[y, x]:
                continue
            left, right = max((x - 1) // 2, 0), min((x - 1) // 2 + 1, columns - 1)
            across = np.float32(0.75) if x % 2 == 0 else np.float32(0.25)
            for k in range(channels):
                top = half[above, left, k] + across * (half[above, right, k] - half[above, left, k])
                bottom = half[below, left, k] + across * (
                    half[below, right, k] - half[below, left, k]
                )
                values[y, x, k] = top + down * (bottom - top)


@compiled()
def _relax(values: Grid, hole: Mask, sweeps: int, factor: np.float32) -> None:
    """Over-relaxed Gauss-Seidel on the hole's pixels, in alternating scan order, in place."""
    channels = values.shape[2]
    ys, xs = np.nonzero(hole)
    count = len(ys)
    for sweep in range(sweeps):
        for i in range(count):
            j = i if sweep % 2 == 0 else count - 1 - i
            y, x = ys[j], xs[j]
            for k in range(channels):
                total, neighbours = add_neighbours(np.float32(0), 0, values, y, x, k)
                mean = total / np.float32(max(neighbours, 1))
                values[y, x, k] += factor * (mean - values[y, x, k])


@compiled(inline="always")
def add_neighbours(total: Any, weight: Any, values: Any, y: int, x: int, k: int) -> Any:
    """Add channel k of the four pixels around y, x to a sum, and 1 for each inside to its weight.

    values: (H, W, C). Returns the sum and its weight.
    """
    if y > 0:
        total, weight = total + values[y - 1, x, k], weight + 1
    if y < values.shape[0] - 1:
        total, weight = total + values[y + 1, x, k], weight + 1
    if x > 0:
        total, weight = total + values[y, x - 1, k], weight + 1
    if x < values.shape[1] - 1:
        total, weight = total + values[y, x + 1, k], weight + 1
    return total, weight
