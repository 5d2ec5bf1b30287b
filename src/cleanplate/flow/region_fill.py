"""Fill the hole of a field exactly as smoothly as its edge allows: Laplace's equation, solved."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from cleanplate.errors import BadInput

Field = NDArray[np.float64]  # (H, W, C)
Mask = NDArray[np.bool_]  # (H, W)


def region_fill(values: NDArray[Any], hole: Mask, *, shrink: float = 1.0) -> Field:
    """Return values with the hole filled by the exact solution of Laplace's equation.

    values: (H, W, C), any real type; what lies under the hole is never read. hole: (H, W) bool.
    Every hole pixel becomes the mean of its neighbours inside the picture. shrink: share of the
    sides, above 0 and at most 1, at which that is solved; the hole there is whatever has any part
    of it, and the solution is interpolated back. A hole without an edge is filled with 0. Returns
    (H, W, C) float64, a new array. Raises BadInput for another shrink. Source: the initial flow of
    Xu et al., CVPR 2019, as the official code finds it.

    >>> ramp = np.arange(5.0)[None, :, None] + np.zeros((5, 1, 1))
    >>> hole = np.zeros((5, 5), bool); hole[1:4, 1:4] = True
    >>> bool(np.allclose(region_fill(ramp, hole), ramp))
    True
    """
    # Not `harmonic.harmonic_fill`: that relaxes to within a per cent of the contrast, which is
    # enough where the result is only looked at. A network has learned from the exact solution.
    if not 0 < shrink <= 1:
        raise BadInput(f"shrink is {shrink}. Give more than 0, and at most 1.")
    filled: Field = np.array(values, np.float64)
    filled[hole] = 0
    if not hole.any():
        return filled
    small, small_hole = filled, hole
    if shrink < 1:
        size = tuple(max(1, round(shrink * side)) for side in hole.shape)
        small, small_hole = (
            _resized(filled, size),
            _resized(hole.astype(np.float64), size)[..., 0] > 0,
        )
    solved = _solved(small, small_hole)
    filled[hole] = _resized(solved, hole.shape)[hole]
    return filled


def _solved(values: Field, hole: Mask) -> Field:
    """Return values with the hole solved for, directly."""
    solved = values.copy()
    if hole.all():
        solved[:] = 0  # nothing is known: the equations would have no one solution
    elif hole.any():
        matrix, right = _equations(values, hole)
        solved[hole] = splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(right)
    return solved


def _equations(values: Field, hole: Mask) -> tuple[csc_matrix, Field]:
    """Return the matrix (N, N) and the right-hand sides (N, C) for the N hole pixels in row order.

    Row by row: the number of neighbours inside the picture times the pixel, less the neighbours in
    the hole, is the sum of the other neighbours.
    """
    count = int(hole.sum())
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(count)
    neighbours, right = np.zeros(count), np.zeros((count, values.shape[2]))
    rows, columns = [], []
    for here, there in _adjacent():
        unknown = hole[here]
        pixel, other = number[here][unknown], number[there][unknown]
        joined = other >= 0
        neighbours[pixel] += 1
        right[pixel[~joined]] += values[there][unknown][~joined]
        rows.append(pixel[joined])
        columns.append(other[joined])
    diagonal = np.arange(count)
    place = np.concatenate([diagonal, *rows]), np.concatenate([diagonal, *columns])
    weights = np.concatenate([neighbours, *(np.full(len(row), -1.0) for row in rows)])
    return coo_matrix((weights, place), shape=(count, count)).tocsc(), right


def _adjacent() -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Return views of all pixels that have a neighbour on one of the four sides, and of these."""
    whole, first, last = slice(None), slice(None, -1), slice(1, None)
    across, down = ((whole, first), (whole, last)), ((first, whole), (last, whole))
    return [across, across[::-1], down, down[::-1]]


def _resized(values: Field, size: tuple[int, ...]) -> Field:
    """Return (height, width, C) for a size (height, width), interpolated bilinearly."""
    resized = cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float64).reshape(*size, -1)
