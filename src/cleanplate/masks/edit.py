"""Change holes: grow them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from cleanplate.errors import BadInput
from cleanplate.region import bounding_box
from cleanplate.video import Holes, whole

LARGEST_DISC = 32  # pixels; the work of a disc grows with its area, and a huge one fits nowhere


def grow(holes: Holes, pixels: int = 4) -> Holes:
    """Grow every hole by a disc: a pixel within ``pixels`` of a hole pixel becomes hole.

    holes: (H, W) or (T, H, W) bool; a new array of the same shape comes back. pixels: 0 or more,
    measured between pixel centres. Raises BadInput.

    >>> grow(np.eye(1, 5, 2, dtype=bool), pixels=1).astype(int)
    array([[0, 1, 1, 1, 0]])
    """
    check_pixels(pixels)
    pixels, holes = int(pixels), np.asarray(holes)
    if holes.ndim not in (2, 3) or holes.dtype != np.bool_:
        raise BadInput(
            f"holes are {holes.dtype} of shape {holes.shape}. Give bool, (H, W) or (T, H, W)."
        )
    grown = holes.copy()
    if pixels:
        for hole in grown if holes.ndim == 3 else (grown,):
            _grow_one(hole, pixels)
    return grown


def check_pixels(pixels: Any) -> None:
    """Refuse anything but a whole number of pixels from 0 up; raises BadInput."""
    if not whole(pixels) or pixels < 0:
        raise BadInput(f"a hole cannot grow by {pixels!r} pixels. Give a whole number from 0 up.")


def _grow_one(hole: Holes, pixels: int) -> None:
    """Grow one (H, W) hole in place; only the surroundings of the hole are visited."""
    box = bounding_box(hole, margin=pixels)
    if box is None:
        return
    part = hole[box]
    if pixels > LARGEST_DISC:
        away = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        part[:] = away <= pixels
        return
    offsets = np.arange(-pixels, pixels + 1)
    disc = (np.square(offsets)[:, None] + np.square(offsets) <= pixels**2).astype(np.uint8)
    part[:] = cv2.dilate(part.astype(np.uint8), disc)
