"""The motion of the whole frame: one homography between neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes

_GRID = 8  # every so manieth pixel votes
_LEAST_VOTES = 12
_TOLERANCE = 1.0  # pixels, of RANSAC


class CameraMotion(Sequence[NDArray[np.float32]]):
    """The flow (H, W, 2) of a homography between each two neighbours, drawn when asked for.

    matrices: (T-1, 3, 3), from positions (x, y, 1) to where they go. size: (height, width). rests:
    (T-1,) bool, between which frames it is known not to move at all; nowhere if not given.
    """

    def __init__(
        self,
        matrices: NDArray[np.float32],
        size: tuple[int, int],
        rests: NDArray[np.bool_] | None = None,
    ) -> None:
        self.matrices, self._size = matrices, size
        self.rests = np.zeros(len(matrices), np.bool_) if rests is None else rests

    def __len__(self) -> int:
        return len(self.matrices)

    def __getitem__(self, t: Any) -> Any:
        return _field(self.matrices[t], *self._size)

    def at(self, t: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Any:
        """(N, 2) float32, the flow between frames t and t+1 at N pixels."""
        return _places(self.matrices[t], rows, columns)

    def resized(self, size: tuple[int, int]) -> CameraMotion:
        """Return the same motion for pictures of another size (height, width)."""
        to = resizing(self._size, size)
        matrices = to @ self.matrices @ np.linalg.inv(to)
        return CameraMotion(matrices.astype(np.float32), size, self.rests)


def resizing(size: tuple[int, int], new: tuple[int, int]) -> NDArray[np.float64]:
    """Return where positions in a picture go, (3, 3), when it is resized: corners meet corners.

    >>> (resizing((2, 2), (4, 6)) @ [0, 0, 1]).tolist()
    [1.0, 0.5, 1.0]
    """
    down, across = (after / before for after, before in zip(new, size, strict=True))
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


@compiled()
def _places(matrix: NDArray[np.float32], rows: Any, columns: Any) -> Any:
    out = np.empty((len(rows), 2), np.float32)
    for i in range(len(rows)):
        out[i, 0], out[i, 1] = _shift(matrix, np.float32(rows[i]), np.float32(columns[i]))
    return out


@compiled()
def _field(matrix: NDArray[np.float32], height: int, width: int) -> Any:
    out = np.empty((height, width, 2), np.float32)
    for row in range(height):
        y = np.float32(row)
        for column in range(width):
            out[row, column, 0], out[row, column, 1] = _shift(matrix, y, np.float32(column))
    return out


@compiled(inline="always")
def _shift(matrix: Any, y: Any, x: Any) -> Any:
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    dx = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w - x
    dy = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / w - y
    return dx, dy


def camera_motion(
    flow: Flow, doubtful: Holes, rests: NDArray[np.bool_] | None = None
) -> CameraMotion:
    """Return the homographies that most trusted pixels of each pair of frames obey.

    flow: (T-1, H, W, 2). doubtful: (T-1, H, W) bool, True where the flow must not vote. rests:
    (T-1,) bool, where the camera is known to rest. A pair without enough votes stays as it is, too.
    """

    def fit(t: int) -> NDArray[np.float32]:
        matrix = None if rests is not None and rests[t] else _homography(flow[t], doubtful[t])
        return np.eye(3, dtype=np.float32) if matrix is None else matrix.astype(np.float32)

    matrices = np.array(each_frame(fit, len(flow)), np.float32).reshape(-1, 3, 3)
    return CameraMotion(matrices, (flow.shape[1], flow.shape[2]), rests)


def _homography(
    flow: NDArray[np.float32], doubtful: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    start = _GRID // 2
    rows, columns = np.nonzero(~doubtful[start::_GRID, start::_GRID])
    if len(rows) < _LEAST_VOTES:
        return None
    rows, columns = rows * _GRID + start, columns * _GRID + start
    here = np.stack([columns, rows], axis=1).astype(np.float32)
    there = here + flow[rows, columns]
    matrix: Any = cv2.findHomography(here, there, cv2.RANSAC, _TOLERANCE)[0]
    return matrix if matrix is not None and _is_tame(matrix, doubtful.shape) else None


def _is_tame(matrix: NDArray[np.float64], size: tuple[int, ...]) -> bool:
    """Tell whether the homography keeps every corner of the picture in front of the camera."""
    height, width = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return bool((corners @ matrix[2] > 0.2).all())
