"""The motion of the whole frame: one homography between neighbours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes

_GRID = 8  # every so manieth pixel votes
_LEAST_VOTES = 12
_TOLERANCE = 1.0  # pixels, of RANSAC


def camera_motion(flow: Flow, doubtful: Holes) -> Flow:
    """Return the flow (T-1, H, W, 2) of the homography that most trusted pixels of each pair obey.

    flow: (T-1, H, W, 2). doubtful: (T-1, H, W) bool, True where the flow must not vote. A pair
    without enough votes is taken to be at rest.
    """
    if not len(flow):
        return flow
    return np.stack(each_frame(lambda t: _homography_flow(flow[t], doubtful[t]), len(flow)))


def _homography_flow(flow: NDArray[np.float32], doubtful: NDArray[np.bool_]) -> NDArray[np.float32]:
    height, width = doubtful.shape
    matrix = _homography(flow, doubtful)
    if matrix is None:
        return np.zeros_like(flow)
    ys = np.arange(height, dtype=np.float32)[:, None]
    xs = np.arange(width, dtype=np.float32)[None, :]
    u, v, w = (row[0] * xs + row[1] * ys + row[2] for row in matrix.astype(np.float32))
    return np.stack([u / w - xs, v / w - ys], axis=-1)


def _homography(
    flow: NDArray[np.float32], doubtful: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    start = _GRID // 2
    rows, columns = np.nonzero(~doubtful[start::_GRID, start::_GRID])
    if len(rows) < _LEAST_VOTES:
        return None
    rows, columns = rows * _GRID + start, columns * _GRID + start
    here = np.stack([columns, rows], axis=1).astype(np.float32)
    matrix, _ = cv2.findHomography(here, here + flow[rows, columns], cv2.RANSAC, _TOLERANCE)
    if matrix is None or not _is_tame(matrix, doubtful.shape):
        return None
    return matrix


def _is_tame(matrix: NDArray[np.float64], size: tuple[int, ...]) -> bool:
    """Does the homography keep every corner of the picture in front of the camera?"""
    height, width = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return bool((corners @ matrix[2] > 0.2).all())
