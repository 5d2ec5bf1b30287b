"""How often other frames show something else at a place: the ground is what they agree upon.

As a plate is subtracted: other frames are brought to where the camera stands in this one, and an
object that has moved on by then has left its place. No frame has to show all of the ground, and
the object may still be in some of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.camera import resizing
from cleanplate.flow.estimate import flow_between, grey
from cleanplate.harmonic import harmonic_fill
from cleanplate.masks.follow.carried import squared_lengths
from cleanplate.masks.follow.colours import Plane
from cleanplate.masks.follow.ground import distances
from cleanplate.masks.ways import Matrix, shown, ways
from cleanplate.region import Region, reduce_picture
from cleanplate.threads import each_frame
from cleanplate.video import Holes

TIMES = (1.0, 2.0)  # of what the ground differs by beside the box: more is something else
_NOISE = 1.0  # step of colour that the ground differs by at least,
_NOISIEST = 10.0  # and at most in a frame that counts: the camera's way to another is not known
_EDGE = 3  # pixels around a box whose motion may be the object's
_FURTHEST = 6.0  # pixels: ground that goes further beside the camera is none, or is not found
_BLUR = 0.8  # pixels
_LEAST = 200  # pixels beside a box that tell the noise

Picture = NDArray[np.uint8]


class _View(NamedTuple):
    """A part of a picture, (h, w, 3), and which of it surely is ground, (h, w)."""

    picture: Picture
    ground: Holes


def elsewhere(
    picture: Picture, others: Sequence[Picture], box: Region, part: Region, size: tuple[int, int]
) -> list[Plane]:
    """Return for each of TIMES the share of frames that show something else, (h, w) of a size.

    picture, others: (H, W, 3), of one size and one shot. box: where an object is. part: what is
    looked at, reduced to a size (h, w). Nothing is returned where no other frame tells.
    """
    full = (picture.shape[0], picture.shape[1])
    free = np.ones(full, np.uint8)
    box.grown(_EDGE, full).crop(free)[...] = 0
    ground = cv2.resize(part.crop(free), size[::-1], interpolation=cv2.INTER_NEAREST)
    view = _View(reduce_picture(part.crop(picture), size), np.asarray(ground, np.bool_))
    small, here = _scales(full, part, size)
    to_small = resizing(full, small)
    found = ways(picture, others, box)

    def compare(index: int) -> Plane:
        other = reduce_picture(others[index], small)
        return _compared(view, other, to_small @ found[index] @ here)

    told = [plane for plane in each_frame(compare, len(others)) if not np.isnan(plane).all()]
    if not told:
        return []
    apart = np.stack(told)
    known = np.maximum(1, (~np.isnan(apart)).sum(axis=0))
    return [((apart > times).sum(axis=0) / known).astype(np.float32) for times in TIMES]


def _scales(
    full: tuple[int, int], part: Region, size: tuple[int, int]
) -> tuple[tuple[int, int], Matrix]:
    """Return the size of other pictures as small as a part is seen, and from there to pictures."""
    sides = part.bottom - part.top, part.right - part.left
    scale = [min(1.0, now / before) for now, before in zip(size, sides, strict=True)]
    small = max(1, round(scale[0] * full[0])), max(1, round(scale[1] * full[1]))
    corner = np.array([[1, 0, part.left], [0, 1, part.top], [0, 0, 1]], np.float64)
    return small, corner @ resizing(size, sides)


def _compared(view: _View, other: Picture, way: Matrix) -> Plane:
    """Return by how much another picture differs, in times its noise; NaN where it tells nothing.

    way: from a view's positions to those in the other picture. The ground beside the box tells by
    how much its depth has it go elsewhere, which goes on smoothly behind the object.
    """
    still = np.zeros((*view.ground.shape, 2), np.float32)
    warped, seen = shown(other, way, still)
    beside = flow_between(grey(view.picture), grey(warped))
    lost = ~view.ground | ~seen | (squared_lengths(beside) > _FURTHEST**2)
    warped, seen = shown(other, way, harmonic_fill(beside, lost))
    off = _least_apart(_lab(view.picture), _lab(warped))
    voting = seen & view.ground if (seen & view.ground).sum() >= _LEAST else seen
    noise = np.median(off[voting]) if voting.any() else np.inf
    if noise > _NOISIEST:
        return np.full_like(off, np.nan)
    return np.where(seen, off / np.float32(_NOISE + noise), np.float32(np.nan))


def _least_apart(here: NDArray[np.float32], there: NDArray[np.float32]) -> Plane:
    """Return how far colours (h, w, 3) are from the nearest of those within a pixel, (h, w)."""
    height, width = here.shape[:2]
    edged = np.pad(there, ((1, 1), (1, 1), (0, 0)), mode="edge")
    shifts = ((y, x) for y in range(3) for x in range(3))
    planes = (distances(here, edged[y : y + height, x : x + width]) for y, x in shifts)
    return np.asarray(reduce(np.minimum, planes), np.float32)


def _lab(picture: Picture) -> NDArray[np.float32]:
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), _BLUR), np.float32)
