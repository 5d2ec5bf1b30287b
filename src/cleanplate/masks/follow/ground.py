"""What stands behind an object, as frames before have shown it: what differs from it is no ground.

A picture that the camera moves is kept of all that was not the object, as a plate is subtracted
where a camera stands still.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.colours import Plane
from cleanplate.masks.follow.motion import Matrix

_SMALLER = 2  # times: pictures are compared at that size
_BLUR = 0.6  # of their pixels
_AROUND = 3  # of them around an object: not learned as ground
_FIRST, _MORE, _LESS = 0.5, 0.25, 0.97  # how known it is: when marked, per frame seen and hidden
_RATE = 0.15  # share of a frame in what is known already
_KNOWN = 0.05  # less known than that it is learned anew
_FREE, _SURE = 0.1, 0.4  # of a mask, and of what is known: ground by which the noise is measured
_SLACK = 2.0  # steps of colour that tell nothing, and times the noise
_ALIKE = 1.5  # of the slack: more is different, less is alike
_NOISIEST = 32.0  # steps of colour: more than that allows for no more
_UNUSUAL = 8.0  # steps of colour: of noise like that the ground tells half as much


class Ground:
    """The ground in the last frame, as far as it is known.

    now: (h, w, 3) float32 Lab, the last picture at the size at which it is compared. noise: how far
    the ground usually is from what is known of it, in steps of colour.
    """

    def __init__(self, picture: NDArray[np.uint8], mark: Plane) -> None:
        self._size = (max(1, mark.shape[0] // _SMALLER), max(1, mark.shape[1] // _SMALLER))
        self._plate = self.now = _levels(picture, self._size)
        self.noise = 0.0
        self._known = np.float32(_FIRST) * ~self._touched(mark)

    def compare(self, picture: NDArray[np.uint8], camera: Matrix, thought: Plane) -> Plane:
        """Move on as the camera, and return what tells pixels (h, w) from ground: -1 is like it.

        thought: (h, w), where the object is thought to be. 0 where the ground is not known.
        """
        small = _reduced(camera, thought.shape, self._size)
        self._plate, self._known = (
            np.asarray(cv2.warpAffine(plane, small, self._size[::-1]), np.float32)
            for plane in (self._plate, self._known)
        )
        self.now = _levels(picture, self._size)
        off = distances(self.now, self._plate)
        free = ~self._touched(thought) & (self._known > _SURE)
        self.noise = float(np.median(off[free])) if free.any() else np.inf
        told = np.clip(off / self.slack(self._plate) / np.float32(_ALIKE) - 1, -1, 1) * self._known
        told *= self.clear
        return np.asarray(cv2.resize(told, thought.shape[::-1]), np.float32)

    @property
    def clear(self) -> np.float32:
        """How much what looks alike, or different, tells where all is as noisy as that, 0 to 1."""
        return np.float32(1 / (1 + np.square(self.noise / _UNUSUAL)))

    def slack(self, plate: NDArray[np.float32]) -> Plane:
        """Return by how much a picture (h, w, 3) like this may differ and be the same."""
        return np.float32(_SLACK * (1 + min(self.noise, _NOISIEST))) + _steepness(plate)

    def learn(self, soft: Plane) -> None:
        """Learn what is seen around the object, (h, w), of the picture that was compared."""
        seen = ~self._touched(soft)
        rate = np.where(self._known > _KNOWN, np.float32(_RATE), np.float32(1)) * seen
        self._plate = self._plate + rate[..., None] * (self.now - self._plate)
        more, less = self._known + np.float32(_MORE), self._known * np.float32(_LESS)
        self._known = np.asarray(np.where(seen, np.minimum(1, more), less), np.float32)

    def _touched(self, soft: Plane) -> NDArray[np.bool_]:
        """Return where a mask (h, w) is, or is near."""
        there = cv2.resize(soft, self._size[::-1], interpolation=cv2.INTER_AREA) > _FREE
        near = cv2.dilate(there.astype(np.uint8), np.ones((_AROUND, _AROUND), np.uint8))
        return np.asarray(near > 0, np.bool_)


def _levels(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), _BLUR), np.float32)


def _reduced(matrix: Matrix, size: tuple[int, ...], small: tuple[int, int]) -> Matrix:
    """Return a motion of pictures of a size as that of smaller ones; edges meet edges."""
    scale = np.array([size[1] / small[1], size[0] / small[0]])
    shift = (scale - 1) / 2
    moved = matrix[:, :2] @ shift + matrix[:, 2] - shift
    return np.column_stack([matrix[:, :2] * scale / scale[:, None], moved / scale])


def distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> Plane:
    """Return how far colours are apart, (h, w); lightness counts half."""
    apart = np.square(one - other)
    return np.asarray(np.sqrt(0.5 * apart[..., 0] + apart[..., 1] + apart[..., 2]), np.float32)


def _steepness(plate: NDArray[np.float32]) -> Plane:
    """Return by how much lightness changes over a pixel of the video: so much its error makes."""
    light = np.ascontiguousarray(plate[..., 0])
    across, down = (cv2.Sobel(light, cv2.CV_32F, dx, 1 - dx) / 8 for dx in (1, 0))
    return np.asarray((np.abs(across) + np.abs(down)) / _SMALLER, np.float32)
