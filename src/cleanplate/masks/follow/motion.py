"""How pixels move: as the object does, or as the camera has everything else move."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.masks.follow.carried import squared_lengths
from cleanplate.masks.follow.colours import Plane
from cleanplate.region import Region
from cleanplate.video import Holes

Matrix = NDArray[np.float64]  # (2, 3), from positions (x, y, 1) to where they go

_NEAR = 1.0  # pixels; motions that differ by less tell nothing, and an error of so much is none,
_NOISE = 2.0  # nor of so many times what the surroundings are off by beside the camera's motion,
_NEAR_SHARE = 0.3  # nor of such a share of how far both motions are apart
_GRID = 4  # every so manieth pixel says how far the surroundings are off
_STILL = np.eye(2, 3)


class Moves(NamedTuple):
    """The motion of an object and of the camera, from one frame to the next.

    beside: (x, y) pixels that the object usually goes by beside the camera, as known by then.
    """

    object: Matrix
    camera: Matrix
    beside: NDArray[np.float64]


def motion_evidence(back: NDArray[np.float32], part: Region, moves: Moves, around: Holes) -> Plane:
    """Return for each pixel (h, w) of a part whether it moved as the object, 1, or not, -1.

    back: (h, w, 2), the flow from there to the frame before. around: (h, w), what is not the
    object: the worse it keeps to the camera's motion, the less motion tells. Where both motions are
    alike, or a pixel moves as neither, 0.
    """
    return _told(back, part, _inverse(moves.object), _inverse(moves.camera), around)


def onward_evidence(
    towards: NDArray[np.float32], part: Region, moves: Moves, around: Holes
) -> Plane:
    """Return the same of how pixels go on; towards: (h, w, 2), the flow to the next frame."""
    return _told(towards, part, moves.object, moves.camera, around)


def _told(
    flow: NDArray[np.float32], part: Region, as_object: Matrix, as_camera: Matrix, around: Holes
) -> Plane:
    """Tell pixels (h, w) that go as the object would from those that go as the camera has it."""
    some = slice(None, None, _GRID)
    off = np.sqrt(squared_lengths(flow[some, some] - _field(as_camera, part)))[around[some, some]]
    near = _NEAR + _NOISE * (float(np.median(off)) if len(off) else 0.0)
    told = np.empty(flow.shape[:2], np.float32)
    goes = np.stack([as_object, as_camera]) - _STILL
    _tell(flow, part.top, part.left, goes.astype(np.float32), np.float32(near), told)
    return told


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _field(matrix: Matrix, part: Region) -> NDArray[np.float32]:
    """Return the flow (h, w, 2) of every so manieth pixel of a part to where a motion takes it."""
    x = np.arange(part.left, part.right, _GRID)
    y = np.arange(part.top, part.bottom, _GRID)[:, None]
    goes = matrix - _STILL
    return np.stack([row[0] * x + row[1] * y + row[2] for row in goes], -1).astype(np.float32)


@compiled()
def _tell(flow: Any, top: int, left: int, goes: Any, near: Any, told: Any) -> None:
    """Write what each pixel tells; goes: (2, 2, 3), the flow of the object, and of the camera."""
    one, share = np.float32(1), np.float32(_NEAR_SHARE)
    as_object, as_camera = goes[0], goes[1]
    for row in range(told.shape[0]):
        y = np.float32(top + row)
        for column in range(told.shape[1]):
            x = np.float32(left + column)
            u = as_object[0, 0] * x + as_object[0, 1] * y + as_object[0, 2]
            v = as_object[1, 0] * x + as_object[1, 1] * y + as_object[1, 2]
            p = as_camera[0, 0] * x + as_camera[0, 1] * y + as_camera[0, 2]
            q = as_camera[1, 0] * x + as_camera[1, 1] * y + as_camera[1, 2]
            dx, dy = flow[row, column, 0], flow[row, column, 1]
            apart = np.sqrt((u - p) * (u - p) + (v - q) * (v - q))
            beside = np.sqrt((dx - p) * (dx - p) + (dy - q) * (dy - q))
            beside -= np.sqrt((dx - u) * (dx - u) + (dy - v) * (dy - v))
            tells = min(max(beside / max(near, share * apart), -one), one)
            told[row, column] = tells * min(one, apart / near)
