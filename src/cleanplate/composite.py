"""Put a fill into its hole and nowhere else, in the planes of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.region import halve_hole

Mask = NDArray[np.bool_]


def chroma_hole(hole: Mask, log2_w: int, log2_h: int) -> Mask:
    """Return the hole at the size of a chroma plane: inside where any of its luma pixels is.

    hole: (H, W) bool. log2_w, log2_h: how often chroma is halved across and down. Returns
    (ceil(H / 2**log2_h), ceil(W / 2**log2_w)) bool; the last sample of an odd size covers less.

    >>> chroma_hole(np.array([[False, False, True]]), 1, 1).tolist()
    [[False, True]]
    """
    for axis, times in ((0, log2_h), (1, log2_w)):
        for _ in range(times):
            hole = halve_hole(hole, axis)
    return hole


def clouded(hole: Mask, log2_w: int, log2_h: int) -> Mask:
    """Return the pixels whose RGB mixes in a chroma sample of the hole; the hole is among them.

    hole: (H, W) bool. log2_w, log2_h: how often chroma is halved across and down. Where it is not,
    that is the hole itself; else all that its chroma samples reach when they are interpolated: they
    lie on the left pixel of their group across and in its middle down. Nothing may be read there,
    though only the hole is to change.

    >>> clouded(np.array([[False, False, False, False, True, False]]), 1, 0).astype(int).tolist()
    [[0, 0, 0, 1, 1, 1]]
    """
    if not (log2_w or log2_h):
        return hole
    across, down = 1 << log2_w, 1 << log2_h
    cells = chroma_hole(hole, log2_w, log2_h).repeat(down, axis=0).repeat(across, axis=1)
    reach = np.ones((2 * (down // 2) + 1, across), np.uint8)
    mixed = cv2.dilate(cells.astype(np.uint8), reach, anchor=(0, down // 2))
    return mixed[: hole.shape[0], : hole.shape[1]].astype(np.bool_)


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
