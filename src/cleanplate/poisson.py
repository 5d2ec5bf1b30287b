"""Fill a region by the steps that are wanted there from pixel to pixel: Poisson's equation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Field = NDArray[np.float32]  # (H, W, C)
Steps = tuple[NDArray[Any], NDArray[Any]]  # across and down, each counted at the first pixel

_TOLERANCE = 1e-5  # of the right-hand side's size
_MOST_ROUNDS = 4000


def steps_of(values: NDArray[Any]) -> Steps:
    """Return the steps from each pixel to the next, across and down; 0 from the last one."""
    return (
        np.diff(values, axis=1, append=values[:, -1:]),
        np.diff(values, axis=0, append=values[-1:]),
    )


def poisson_fill(
    values: NDArray[Any], hole: NDArray[np.bool_], wanted: Steps, weights: Steps | None = None
) -> Field:
    """Return values with the hole filled so that its steps come closest to those that are wanted.

    values: (H, W, C), any real type; what lies under the hole is where the search starts. hole:
    (H, W) bool; of a whole picture the values themselves come back, as nothing tells its level.
    wanted: (H, W, C) each. weights: (H, W) each, above 0: how much a step counts. Least squares, by
    conjugate gradients. Returns (H, W, C) float32, a new array.

    >>> ramp = np.tile(np.arange(6.0), (6, 1))[..., None]
    >>> hole = np.zeros((6, 6), bool); hole[1:5, 1:5] = True
    >>> bool(np.allclose(poisson_fill(np.where(hole[..., None], 0, ramp), hole, steps_of(ramp)),
    ...                  ramp, atol=1e-3))
    True
    """
    filled: Field = np.array(values, np.float32)
    if hole.all() or not hole.any():
        return filled
    known = np.where(hole[..., None], 0, filled).astype(np.float64)
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(hole.sum())
    rows = []
    for axis, steps in zip((1, 0), wanted, strict=True):
        weight = None if weights is None else weights[1 - axis]
        rows.append(_equations(known, number, np.asarray(steps, np.float64), weight, axis))
    matrix = _stacked([row[0] for row in rows], int(hole.sum()))
    right = matrix.T @ np.concatenate([row[1] for row in rows])
    filled[hole] = _solved((matrix.T @ matrix).tocsr(), right, filled[hole].astype(np.float64))
    return filled


def _solved(
    square: csr_matrix, right: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve for (N, C) by conjugate gradients, scaled by the diagonal.

    Not SciPy's: its sums are BLAS's, which on a busy machine is slower by an order of magnitude
    with several threads than with one, and rounds otherwise with each number of them.
    """
    scale = 1 / square.diagonal()[:, None]
    found, rest = start, right - square @ start
    enough = _TOLERANCE**2 * np.maximum((right * right * scale).sum(axis=0), 1e-12)
    way, before = np.zeros_like(rest), np.ones(rest.shape[1])
    for _ in range(_MOST_ROUNDS):
        scaled = scale * rest
        size = (rest * scaled).sum(axis=0)
        if (size <= enough).all():
            break
        way = scaled + size / np.maximum(before, 1e-30) * way
        turned = square @ way
        step = size / np.maximum((way * turned).sum(axis=0), 1e-30)
        found, rest, before = found + step * way, rest - step * turned, size
    return found


def _equations(
    known: NDArray[np.float64],
    number: NDArray[np.int64],
    steps: NDArray[np.float64],
    weight: NDArray[Any] | None,
    axis: int,
) -> tuple[tuple[NDArray[Any], ...], NDArray[np.float64]]:
    """Return for each step along an axis that touches the hole: next less this is what is wanted.

    number: (H, W), of each hole pixel, -1 elsewhere. Returns the numbers of both pixels and a
    weight, (N,) each, and the right-hand sides (N, C): known pixels stand there.
    """
    whole, first, last = slice(None), slice(None, -1), slice(1, None)
    here, there = ((whole, first), (whole, last)) if axis else ((first, whole), (last, whole))
    touched = (number[here] >= 0) | (number[there] >= 0)
    root = np.ones(touched.sum()) if weight is None else np.sqrt(weight[here][touched])
    right = steps[here][touched] + known[here][touched] - known[there][touched]
    return (number[here][touched], number[there][touched], root), root[:, None] * right


def _stacked(parts: list[tuple[NDArray[Any], ...]], count: int) -> csr_matrix:
    """Return the matrix (N, count) of all equations."""
    one, other, root = (np.concatenate(column) for column in zip(*parts, strict=True))
    row = np.arange(len(one))
    inside = [(row[p >= 0], p[p >= 0], sign * root[p >= 0]) for p, sign in ((one, -1), (other, 1))]
    rows, columns, values = (np.concatenate(column) for column in zip(*inside, strict=True))
    return csr_matrix((values, (rows, columns)), shape=(len(one), count))
