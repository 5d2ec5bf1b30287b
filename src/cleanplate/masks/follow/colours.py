"""What colours an object has and its surroundings have not, learned from frames."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled

Lab = NDArray[np.uint8]  # (h, w, 3) CIE L*a*b* as OpenCV stores it in 8 bits
Plane = NDArray[np.float32]  # (h, w)

BINS = 32  # a channel: lightness in steps of 8, colour in steps of 4 around grey
_UNSEEN = 2e-4  # of all pixels: what a colour is thought to have that was never seen
_SURE = 3.0  # logits: no colour alone says more
_BLUR = 4.0  # pixels: over which the second kind of colours is taken
_LEAST = 20.0  # pixels of object, and of surroundings, that are enough to learn from


def labs_of(picture: NDArray[np.uint8]) -> list[Lab]:
    """Return the colours of a picture (h, w, 3) RGB: pixel by pixel, and blurred."""
    lab = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.uint8)
    return [lab, np.asarray(cv2.GaussianBlur(lab, (0, 0), _BLUR), np.uint8)]


class Colours:
    """Two histograms of colours: of an object, and of what surrounds it.

    trust: 0 to 1, how well they tell the two apart where they were last learned.
    """

    def __init__(self) -> None:
        self._object = np.zeros((BINS, BINS, BINS), np.float32)
        self._around = np.zeros_like(self._object)
        self._table = np.zeros_like(self._object)
        self.trust = 0.0

    def learn(self, lab: Lab, soft: Plane, weight: Plane, *, rate: float) -> None:
        """Take in a picture; soft: (h, w) 0 to 1, the object's share of each pixel.

        weight: (h, w), how much a pixel counts. rate: 1 forgets all that was learned before.
        """
        new = np.zeros((2, BINS, BINS, BINS), np.float32)
        _count(lab, soft, weight, new)
        totals = new.sum(axis=(1, 2, 3))
        if totals.min() < _LEAST:
            return
        for kept, found, total in zip((self._object, self._around), new, totals, strict=True):
            kept += np.float32(rate) * (found / total - kept)
        ratio = (_blurred(self._object) + _UNSEEN) / (_blurred(self._around) + _UNSEEN)
        self._table = np.clip(np.log(ratio), -_SURE, _SURE).astype(np.float32)
        self.trust = self._told_apart(lab, soft > 0.5)

    def evidence(self, lab: Lab) -> Plane:
        """Return for each pixel (h, w) how its colour speaks for the object, in logits."""
        found = np.empty(lab.shape[:2], np.float32)
        _look_up(lab, self._table, found)
        return found

    def _told_apart(self, lab: Lab, inside: NDArray[np.bool_]) -> float:
        if inside.all() or not inside.any():
            return 0.0
        evidence = self.evidence(lab)
        right = float((evidence[inside] > 0).mean()) + float((evidence[~inside] < 0).mean())
        return max(0.0, right - 1)


@compiled(inline="always")
def _bin(value: Any) -> Any:
    """Bin of a colour channel, which is 128 for grey and hardly ever far from it."""
    return min(max((int(value) - 64) >> 2, 0), 31)


@compiled()
def _count(lab: Any, soft: Any, weight: Any, counts: Any) -> None:
    """Add the pixels of a picture to counts (2, bins, bins, bins): object, surroundings."""
    for y in range(lab.shape[0]):
        for x in range(lab.shape[1]):
            i, j, k = lab[y, x, 0] >> 3, _bin(lab[y, x, 1]), _bin(lab[y, x, 2])
            counts[0, i, j, k] += weight[y, x] * soft[y, x]
            counts[1, i, j, k] += weight[y, x] * (1 - soft[y, x])


@compiled()
def _look_up(lab: Any, table: Any, found: Any) -> None:
    for y in range(lab.shape[0]):
        for x in range(lab.shape[1]):
            found[y, x] = table[lab[y, x, 0] >> 3, _bin(lab[y, x, 1]), _bin(lab[y, x, 2])]


def _blurred(counts: Plane) -> Plane:
    for axis in range(counts.ndim):
        counts = blurred_along(counts, axis)
    return counts


def blurred_along(array: Plane, axis: int) -> Plane:
    """Blur an array along an axis by a quarter, a half, a quarter; nothing lies beyond its ends."""
    before, after = int(np.prod(array.shape[:axis])), int(np.prod(array.shape[axis + 1 :]))
    blurred = np.empty(array.shape, np.float32)
    sides = (before, array.shape[axis], after)
    _blur(np.ascontiguousarray(array).reshape(sides), blurred.reshape(sides))
    return blurred


@compiled()
def _blur(array: Any, blurred: Any) -> None:
    """Blur along the middle one of three axes."""
    half, quarter = np.float32(0.5), np.float32(0.25)
    last = array.shape[1] - 1
    for i in range(array.shape[0]):
        for j in range(array.shape[1]):
            for k in range(array.shape[2]):
                blurred[i, j, k] = half * array[i, j, k]
            if j > 0:
                for k in range(array.shape[2]):
                    blurred[i, j, k] += quarter * array[i, j - 1, k]
            if j < last:
                for k in range(array.shape[2]):
                    blurred[i, j, k] += quarter * array[i, j + 1, k]
