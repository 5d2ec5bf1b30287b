"""How pixels move: as the object does, or as the camera has everything else move."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.carried import squared_lengths
from cleanplate.masks.follow.colours import Plane
from cleanplate.region import Region
from cleanplate.video import Holes

Matrix = NDArray[np.float64]  # (2, 3), from positions (x, y, 1) to where they go

_NEAR = 1.0  # pixels; motions that differ by less tell nothing, and an error of so much is none,
_NOISE = 2.0  # nor of so many times what the surroundings are off by beside the camera's motion,
_NEAR_SHARE = 0.3  # nor of such a share of how far both motions are apart


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
    return _told(
        back, _field(_inverse(moves.object), part), _field(_inverse(moves.camera), part), around
    )


def onward_evidence(
    towards: NDArray[np.float32], part: Region, moves: Moves, around: Holes
) -> Plane:
    """Return the same of how pixels go on; towards: (h, w, 2), the flow to the next frame."""
    return _told(towards, _field(moves.object, part), _field(moves.camera, part), around)


def _told(
    flow: NDArray[np.float32],
    of_object: NDArray[np.float32],
    of_camera: NDArray[np.float32],
    around: Holes,
) -> Plane:
    apart = np.sqrt(squared_lengths(of_object - of_camera))
    off = np.sqrt(squared_lengths(flow - of_camera))
    noise = float(np.median(off[around])) if around.any() else 0.0
    near = np.float32(_NEAR + _NOISE * noise)
    scale = np.maximum(near, np.float32(_NEAR_SHARE) * apart)
    beside = off - np.sqrt(squared_lengths(flow - of_object))
    return np.asarray(np.clip(beside / scale, -1, 1) * np.minimum(1, apart / near), np.float32)


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _field(matrix: Matrix, part: Region) -> NDArray[np.float32]:
    """Return the flow (h, w, 2) of a part to where a motion takes it."""
    x = np.arange(part.left, part.right)
    y = np.arange(part.top, part.bottom)[:, None]
    field = np.empty((part.bottom - part.top, part.right - part.left, 2), np.float32)
    field[..., 0] = (matrix[0, 0] - 1) * x + matrix[0, 1] * y + matrix[0, 2]
    field[..., 1] = matrix[1, 0] * x + (matrix[1, 1] - 1) * y + matrix[1, 2]
    return field
