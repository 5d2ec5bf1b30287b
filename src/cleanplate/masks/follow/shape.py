"""The shape of an object, remembered where it is hidden, and moved as the object moves."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.camera import camera_motion
from cleanplate.masks.follow.colours import Plane
from cleanplate.masks.follow.motion import Matrix, Moves

SURE = 0.5  # a soft mask from here on is the object
_RATE = 0.12  # share of what is seen in what is remembered, a frame
_PLAIN, _LOST = 0.9, 0.6  # of the shape in sight: its motion is believed, and is not
_SEEN = 0.8  # of the shape: less in sight, and less is learned
_STEADY = 0.5  # of the motion beside the camera's that is kept from the frames before
_VOTES, _LEAST_VOTES = 400, 12  # pixels that vote on how the object moves
_TOLERANCE = 2.0  # pixels, of RANSAC
_GROWTH = 1.15  # a frame: what an object grows or shrinks by at most
_RIM = np.ones((15, 15), np.uint8)  # around the object: it does not vote on the camera's motion


class Shape:
    """What an object looks like as a whole: soft, (h, w) float32, in the last frame."""

    def __init__(self, soft: Plane) -> None:
        self.soft = soft.copy()
        self._beside = np.zeros(2)  # (x, y) pixels a frame, beside the camera's

    def moves(self, seen: Plane, towards: NDArray[np.float32]) -> Moves:
        """Return how it moves on, as what was seen of the object does.

        seen: (h, w), its mask in the frame before. towards: (h, w, 2), the flow from there on.
        What is hidden goes on as it went; what is half hidden, partly.
        """
        camera, middle = _camera(seen, towards), _middle(self.soft)
        found = _motion(np.minimum(seen, self.soft), towards)
        sight, beside = 0.0, self._beside
        if found is not None:
            sight = min(1.0, max(0.0, (self.share(seen) - _LOST) / (_PLAIN - _LOST)))
            new = _at(found, middle) - _at(camera, middle)
            beside = beside + (1 - _STEADY) * sight * (new - beside)
        going = camera.copy()
        going[:, 2] += beside
        if found is not None:
            going = sight * found + (1 - sight) * going
        return Moves(going, camera, beside)

    def go(self, moves: Moves) -> None:
        """Move on."""
        height, width = self.soft.shape
        self._beside = moves.beside
        self.soft = np.asarray(cv2.warpAffine(self.soft, moves.object, (width, height)), np.float32)

    def learn(self, seen: Plane) -> None:
        """Take in what is seen (h, w); the less, the less of the shape is in sight."""
        rate = np.float32(_RATE * min(1.0, self.share(seen) / _SEEN))
        self.soft += rate * (seen - self.soft)

    def share(self, seen: Plane) -> float:
        """Return how much of the shape is in sight, 0 to 1."""
        whole = self.soft > SURE
        return float((seen > SURE)[whole].mean()) if whole.any() else 1.0


def _camera(seen: Plane, towards: NDArray[np.float32]) -> Matrix:
    """Return the camera's motion, as far as that is affine."""
    around = cv2.dilate((seen > 0).astype(np.uint8), _RIM) > 0
    height, width = seen.shape
    rows, columns = np.array([0, 0, height - 1]), np.array([0, width - 1, 0])
    start = np.stack([columns, rows], axis=1).astype(np.float32)
    motion = camera_motion(towards[None], around[None]).at(0, rows, columns)
    return np.asarray(cv2.getAffineTransform(start, start + motion), np.float64)


def _motion(seen: Plane, towards: NDArray[np.float32]) -> Matrix | None:
    """Return how most of the object moves: shifted, turned, scaled; None where too little votes."""
    inside = np.flatnonzero(seen > SURE)
    inside = inside[:: max(1, len(inside) // _VOTES)]
    if len(inside) < _LEAST_VOTES:
        return None
    rows, columns = np.divmod(inside, seen.shape[1])
    start = np.stack([columns, rows], axis=1).astype(np.float32)
    end = start + towards[rows, columns]
    found: Any = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=_TOLERANCE)[0]
    if found is None:
        return None
    scale = float(np.hypot(found[0, 0], found[1, 0]))
    return np.asarray(found, np.float64) if 1 / _GROWTH <= scale <= _GROWTH else None


def _middle(soft: Plane) -> NDArray[np.float64]:
    """Return the centre of a mask as (x, y)."""
    facts = cv2.moments(soft)
    mass = max(facts["m00"], 1e-6)
    return np.array([facts["m10"] / mass, facts["m01"] / mass])


def _at(matrix: Matrix, place: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(matrix[:, :2] @ place + matrix[:, 2])
