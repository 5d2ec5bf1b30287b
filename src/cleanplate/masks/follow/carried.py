"""Carry a soft mask along the flow from one frame to the next, and tell where that is sound."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.colours import Plane
from cleanplate.region import Region

_END = 1.5  # pixels: as far the way there and back may end beside its start, at half trust
_END_SHARE = 0.1  # of the motion's length, beside that


class Carried(NamedTuple):
    """A mask in another frame: soft, (h, w) 0 to 1, and trust, (h, w) 0 to 1."""

    soft: Plane
    trust: Plane


def carry(
    soft: Plane, towards: NDArray[np.float32], back: NDArray[np.float32], part: Region
) -> Carried:
    """Carry a mask (H, W) to a part of the next frame.

    towards, back: (H, W, 2), the flow to the next frame, and from there back. What comes from
    outside the picture is not to be trusted, nor where the ways there and back disagree.
    """
    height, width = soft.shape
    way = np.ascontiguousarray(part.crop(back))
    x, y = ends(way, part)
    trust = sound(way, towards, part)
    trust[(x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)] = 0
    return Carried(np.asarray(cv2.remap(soft, x, y, cv2.INTER_LINEAR), np.float32), trust)


def sound(way: NDArray[np.float32], returning: NDArray[np.float32], part: Region) -> Plane:
    """Return how far flow is to be trusted, (h, w) 0 to 1: does the way back end where it began?

    way: (h, w, 2), the flow of a part. returning: (H, W, 2), the flow of the whole picture there.
    """
    back = np.asarray(cv2.remap(returning, *ends(way, part), cv2.INTER_LINEAR), np.float32)
    allowed = _END + _END_SHARE * np.sqrt(squared_lengths(way))
    return np.asarray(1 / (1 + squared_lengths(way + back) / np.square(allowed)), np.float32)


def ends(way: NDArray[np.float32], part: Region) -> tuple[Plane, Plane]:
    """Return where the flow of a part leads to: x, and y, (h, w) each."""
    x = np.arange(part.left, part.right, dtype=np.float32) + way[..., 0]
    y = np.arange(part.top, part.bottom, dtype=np.float32)[:, None] + way[..., 1]
    return x, y


def squared_lengths(vectors: NDArray[np.float32]) -> Plane:
    """Return the squared lengths (h, w) of vectors (h, w, 2); much faster than a short sum."""
    return np.asarray(np.square(vectors[..., 0]) + np.square(vectors[..., 1]), np.float32)
