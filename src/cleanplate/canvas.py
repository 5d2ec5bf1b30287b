"""Between a stretch of frames of any size and what a network sees and paints."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.region import reduce_hole
from cleanplate.video import Frames, Holes

Pictures = NDArray[np.float32]  # (N, H, W, 3), 0 to 255


def fitting_size(size: tuple[int, int], largest: tuple[int, int], unit: int) -> tuple[int, int]:
    """Return (height, width) at which the network sees pictures of a size.

    Both are multiples of `unit`, the nearest to the picture's own; of a picture with more pixels
    than `largest`, to those of its shape that are as large as that.

    >>> fitting_size((240, 432), (240, 432), 48), fitting_size((1080, 1920), (240, 432), 48)
    ((240, 432), (240, 432))
    """
    scale = min(1.0, math.sqrt(largest[0] * largest[1] / (size[0] * size[1])))
    height, width = (max(1, round(side * scale / unit)) for side in size)
    return height * unit, width * unit


@dataclass(frozen=True)
class Clip:
    """A stretch of frames as a network sees it.

    frames: (T, H, W, 3) uint8 or uint16. holes: (T, H, W) bool. size: (height, width) of the
    network's pictures.
    """

    frames: Frames
    holes: Holes
    size: tuple[int, int]

    def hole(self, t: int) -> NDArray[np.bool_]:
        """Return the hole of frame t at the network's size: whatever has any share of it."""
        hole = reduce_hole(self.holes[t], _smaller(self.holes.shape[1:], self.size))
        if hole.shape == self.size:
            return hole
        return _resized(hole.astype(np.float32), self.size) > 0

    def picture(self, t: int, *, darkest: float = -1.0) -> NDArray[np.float32]:
        """Return frame t (h, w, 3) from the darkest to 1, with 0 in its hole."""
        top = np.iinfo(self.frames.dtype).max
        hidden = self.frames[t] * ~self.holes[t][..., None]
        small = _resized(hidden.astype(np.float32), self.size)
        scaled = small * ((1 - darkest) / top) + darkest
        return np.where(self.hole(t)[..., None], 0, scaled).astype(np.float32)


class Canvas:
    """Collects predictions and paints a frame's hole when the last one of it has come.

    frames: painted in place. running: each prediction, cut to whole levels, counts half, and all
    that came before it the other half, as the official code of STTN has it; else their weights say.
    """

    def __init__(self, frames: Frames, holes: Holes, *, running: bool = False) -> None:
        self._frames, self._holes, self._running = frames, holes, running
        self._held: dict[int, tuple[float, Any]] = {}

    def add(self, frames: Iterable[int], pictures: Pictures, weights: Iterable[float]) -> None:
        """Take predictions of frames, each with its weight; the running mean has no use for it.

        One that weighs nothing leaves a frame as it is.
        """
        for t, picture, weight in zip(frames, pictures, weights, strict=True):
            if self._running:
                self._halve(t, np.trunc(picture))
            elif weight:
                total, colours = self._held.get(t, (0.0, 0.0))
                self._held[t] = (total + weight, colours + np.float32(weight) * picture)

    def paint(self, before: int) -> None:
        """Paint the frames that come before one that no later step predicts."""
        for t in [t for t in self._held if t < before]:
            total, colours = self._held.pop(t)
            picture = np.asarray(colours / total, np.float32)
            paint(self._frames[t], self._holes[t], picture, cut=self._running)

    def _halve(self, t: int, picture: NDArray[np.float32]) -> None:
        mean = 0.5 * self._held[t][1] + 0.5 * picture if t in self._held else picture
        self._held[t] = (1.0, mean)


def paint(
    frame: Frames, hole: NDArray[np.bool_], picture: NDArray[np.float32], *, cut: bool = False
) -> None:
    """Paint a network's picture into the hole of a frame.

    frame: (H, W, 3) uint8 or uint16, painted in place. hole: (H, W) bool. picture: (h, w, 3) from 0
    to 255, of any size. cut: levels of 8 bits are cut, not rounded, as official codes do.
    """
    full = _resized(picture, hole.shape)[hole]
    if frame.dtype == np.uint16:
        frame[hole] = np.clip(np.rint(full * 257), 0, 65535)
    else:
        frame[hole] = np.clip(np.trunc(full) if cut else np.rint(full), 0, 255)


def correct(frame: Frames, hole: NDArray[np.bool_], change: NDArray[np.float32]) -> None:
    """Add what a network would change, (h, w, 3) in levels of 8 bits, to the hole of a frame.

    frame: (H, W, 3) uint8 or uint16, changed in place. hole: (H, W) bool. The change is brought to
    the frame's size by itself, so that what is there stays as sharp as it is.
    """
    top = np.iinfo(frame.dtype).max
    full = frame[hole] + _resized(change, hole.shape)[hole] * np.float32(top / 255)
    frame[hole] = np.clip(np.rint(full), 0, top)


def _resized(picture: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Bring a picture to a size (height, width): first averaged where smaller, then interpolated.

    Averages are those of `reduce_hole`, so that what a hole has no share in holds none of it.
    """
    for wanted, how in (
        (_smaller(picture.shape[:2], size), cv2.INTER_AREA),
        (tuple(size), cv2.INTER_LINEAR),
    ):
        if picture.shape[:2] != wanted:
            picture = np.asarray(cv2.resize(picture, wanted[::-1], interpolation=how), np.float32)
    return picture


def _smaller(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int]:
    """Return the smaller height and the smaller width of two sizes."""
    return min(one[0], other[0]), min(one[1], other[1])
