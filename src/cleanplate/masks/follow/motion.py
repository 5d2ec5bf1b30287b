"""How pixels move: as the object does, or as the camera has everything else move."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.carried import squared_lengths
from cleanplate.masks.follow.colours import Plane
from cleanplate.region import Region

Matrix = NDArray[np.float64]  # (2, 3), from positions (x, y, 1) to where they go

_NEAR = 1.0  # pixels; motions that differ by less tell nothing, and an error of so much is none
_NEAR_SHARE = 0.3  # of how far both motions are apart


class Moves(NamedTuple):
    """The motion of an object and of the camera, from one frame to the next."""

    object: Matrix
    camera: Matrix


def motion_evidence(back: NDArray[np.float32], part: Region, moves: Moves) -> Plane:
    """Return for each pixel (h, w) of a part whether it moves as the object, 1, or not, -1.

    back: (h, w, 2), the flow from there to the frame before. Where both motions are alike, or it
    moves as neither, 0.
    """
    of_object, of_camera = (_field(matrix, part) for matrix in moves)
    apart = np.sqrt(squared_lengths(of_object - of_camera))
    beside = np.sqrt(squared_lengths(back - of_camera)) - np.sqrt(squared_lengths(back - of_object))
    scale = np.maximum(np.float32(_NEAR), np.float32(_NEAR_SHARE) * apart)
    told = np.clip(beside / scale, -1, 1) * np.minimum(1, apart / np.float32(_NEAR))
    return np.asarray(told, np.float32)


def _field(matrix: Matrix, part: Region) -> NDArray[np.float32]:
    """Return the flow (h, w, 2) of a part back to where a motion came from."""
    inverse = cv2.invertAffineTransform(matrix)
    x = np.arange(part.left, part.right)
    y = np.arange(part.top, part.bottom)[:, None]
    field = np.empty((part.bottom - part.top, part.right - part.left, 2), np.float32)
    field[..., 0] = (inverse[0, 0] - 1) * x + inverse[0, 1] * y + inverse[0, 2]
    field[..., 1] = inverse[1, 0] * x + (inverse[1, 1] - 1) * y + inverse[1, 2]
    return field
