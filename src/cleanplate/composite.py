"""Put a fill into its hole and nowhere else; blend overlapping fills in any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.video import Frames, Holes

Mask = NDArray[np.bool_]


def paste(frames: Frames, fill: Frames, holes: Holes) -> Frames:
    """Return frames with the fill inside the holes: a new array, other samples untouched.

    frames, fill: (T, H, W, 3), one dtype. holes: (T, H, W) bool. Raises BadInput where they differ.

    >>> black, white = np.zeros((1, 1, 2, 3), np.uint8), np.full((1, 1, 2, 3), 255, np.uint8)
    >>> paste(black, white, np.array([[[False, True]]]))[0, 0, :, 0].tolist()
    [0, 255]
    """
    if frames.shape != fill.shape or frames.dtype != fill.dtype:
        raise BadInput(
            f"fill is {fill.dtype} {fill.shape}, frames are {frames.dtype} {frames.shape}. "
            "Give a fill of the same kind."
        )
    if holes.shape != frames.shape[:3]:
        raise BadInput(f"holes have shape {holes.shape}, frames {frames.shape}. Give (T, H, W).")
    return np.where(holes[..., None], fill, frames)


def chroma_hole(hole: Mask, log2_w: int, log2_h: int) -> Mask:
    """Return the hole at the size of a chroma plane: inside where any of its luma pixels is.

    hole: (H, W) bool. log2_w, log2_h: how often chroma is halved across and down. Returns
    (ceil(H / 2**log2_h), ceil(W / 2**log2_w)) bool; the last sample of an odd size covers less.

    >>> chroma_hole(np.array([[False, False, True]]), 1, 1).tolist()
    [[False, True]]
    """
    for axis, times in ((0, log2_h), (1, log2_w)):
        for _ in range(times):
            hole = _halved(hole, axis)
    return hole


def _halved(hole: Mask, axis: int) -> Mask:
    """Join neighbours along an axis: either one of a pair counts."""
    first, second = ((hole[0::2], hole[1::2]), (hole[:, 0::2], hole[:, 1::2]))[axis]
    joined = first.copy()
    pairs = joined[: len(second)] if axis == 0 else joined[:, : second.shape[1]]
    pairs |= second
    return joined


def paste_planes(
    planes: Sequence[NDArray[Any]],
    fill: Sequence[NDArray[Any]],
    hole: Mask,
    subsampling: tuple[int, int],
) -> tuple[NDArray[Any], ...]:
    """Return planes with the fill's inside the hole; planes beyond the fill's (alpha) as they are.

    planes: (h, w) each, luma first, chroma second and third. fill: the same shapes and dtypes, as
    many or fewer. hole: (H, W) bool of luma. subsampling: (log2_w, log2_h) of chroma, (0, 0) where
    there is none. New arrays where the fill has a plane, else the very same ones.
    """
    chroma = chroma_hole(hole, *subsampling)
    done = []
    for index, plane in enumerate(planes):
        if index >= len(fill):
            done.append(plane)
            continue
        pasted = plane.copy()
        np.copyto(pasted, fill[index], where=chroma if index in (1, 2) else hole)
        done.append(pasted)
    return tuple(done)


class Blend:
    """A weighted sum of parts divided by the sum of the weights: the order never matters.

    Sums are kept in float64, so that another order of the same parts rounds to the same levels.

    >>> blend = Blend((1, 2, 3))
    >>> blend.add(np.full((1, 2, 3), 100, np.uint8), np.array([[1.0, 1.0]]))
    >>> blend.add(np.full((1, 2, 3), 200, np.uint8), np.array([[0.0, 3.0]]))
    >>> blend.result(np.uint8)[0, :, 0].tolist()
    [100, 175]
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sum = np.zeros(shape, np.float64)
        self._weight = np.zeros(shape[:-1], np.float64)

    def add(self, part: NDArray[Any], weight: NDArray[Any] | float) -> None:
        """Add a part. part: (..., C) as the blend. weight: (...) of it, or a number, from 0 up."""
        weight = np.broadcast_to(np.asarray(weight, np.float64), self._weight.shape)
        self._sum += part * weight[..., None]
        self._weight += weight

    @property
    def covered(self) -> Mask:
        """(...) bool, where a part of weight above 0 was added."""
        return self._weight > 0

    def result(self, dtype: Any) -> NDArray[Any]:
        """Return the mean as dtype, integers rounded and clamped; 0 where nothing was added."""
        safe = np.where(self._weight > 0, self._weight, 1.0)
        mean = self._sum / safe[..., None]
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            mean = np.clip(np.rint(mean), limits.min, limits.max)
        return mean.astype(dtype)
