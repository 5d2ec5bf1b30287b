"""What a fit hides from the network: the clip's own holes, moved to where the truth is known.

Ouyang et al., ICCV 2021, sections 3.1 (object masks, translated) and 4.1 (near the boundary).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Holes

Offset = tuple[int, int]  # (down, right) in pixels; what leaves the picture comes in again

NEAR = 12  # so manieth of the picture's sides: the paper's 45 of 540 and 80 of 960 pixels
_TRIES = 16  # places, of which the one with the most known pixels is taken
_ENOUGH = 0.7  # share of moved holes that is known: no further places are tried


def draw_offset(hole: NDArray[np.bool_], rng: np.random.Generator, *, near: float = 1.0) -> Offset:
    """Return by how much a hole is moved, any offset as likely as another, but for those near.

    hole: (H, W) bool, with a pixel at least. near: how many times as likely offsets are that bring
    the centre of the hole close to its boundary; 1 or more.
    """
    height, width = hole.shape
    rows, columns = np.nonzero(hole)
    centre = rows.mean(), columns.mean()
    close = near_boundary(hole) if near > 1 else None
    while True:
        down, right = int(rng.integers(height)), int(rng.integers(width))
        place = int(centre[0] + down) % height, int(centre[1] + right) % width
        if close is None or close[place] or rng.random() < 1 / near:
            return down, right


def near_boundary(hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where in the picture (H, W) the boundary of a hole is close, along both sides."""
    height, width = hole.shape
    small = hole.astype(np.uint8)
    edge = small - cv2.erode(small, np.ones((3, 3), np.uint8))
    box = np.ones((2 * (height // NEAR) + 1, 2 * (width // NEAR) + 1), np.uint8)
    return cv2.dilate(edge, box) > 0


def moved(holes: Holes, offset: Offset) -> Holes:
    """Return holes (T, H, W) moved by an offset, all by the same."""
    return np.roll(holes, offset, axis=(1, 2))


def elsewhere(holes: Holes, rng: np.random.Generator, *, near: float) -> Holes:
    """Return known pixels (T, H, W) that can be hidden as the holes are.

    They are the holes themselves, all moved by one offset to where much is known; none where
    nothing is known, or nothing is to be filled.
    """
    best = np.zeros_like(holes)
    fullest = max(range(len(holes)), key=lambda t: int(holes[t].sum()))
    if not holes[fullest].any():
        return best
    for _ in range(_TRIES):
        there = moved(holes, draw_offset(holes[fullest], rng, near=near)) & ~holes
        best = max(best, there, key=np.count_nonzero)
        if best.sum() >= _ENOUGH * holes.sum():
            break
    return best
