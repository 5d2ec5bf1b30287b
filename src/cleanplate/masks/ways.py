"""Where a frame's ground lies in frames near it: a homography to each, found at half size.

Each begins with what was found for the frame that looks most like it: so others may come in any
order, and from further away than flow alone reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.camera import camera_motion, resizing
from cleanplate.flow.estimate import flow_between, grey
from cleanplate.region import Region, reduce_hole, reduce_picture
from cleanplate.shots import cuts
from cleanplate.video import Holes

Matrix = NDArray[np.float64]  # (3, 3), from positions (x, y, 1) to where they are in another
Picture = NDArray[np.uint8]
Size = tuple[int, int]

FURTHEST = 16  # frames
AWAY = tuple(side * by for by in range(2, FURTHEST + 1, 2) for side in (1, -1))

_FLOW, _GLANCE = 2, 16  # times smaller: for flow, and to see which frames are alike
_ROUNDS = 2  # of flow, and of what the camera does in it
_COVERED = 255  # less than that is not all within the other picture
_AROUND, _LEAST_AROUND = 0.1, 8  # of a box's longer side, and pixels: what may belong to the object
_LEAST_VOTING = 0.15  # of the picture: with less of it the whole picture tells the camera's motion


def near(stretch: Sequence[NDArray[np.uint8]], at: int) -> list[NDArray[np.uint8]]:
    """Return those frames of a stretch, (h, w, 3) each, that tell what is an object in one of them.

    They are of its shot and AWAY from it, the nearest first.
    """
    nothing = np.zeros(stretch[at].shape[:2], np.bool_)
    starts = cuts(stretch, repeat(nothing))
    first = max(start for start in starts if start <= at)
    end = min((start for start in starts if start > at), default=len(stretch))
    return [stretch[at + away] for away in AWAY if first <= at + away < end]


def ways(picture: Picture, others: Sequence[Picture], box: Region) -> list[Matrix]:
    """Return for each of the others the way of the ground (3, 3) from a picture to it.

    picture, others: (H, W, 3), of one size and one shot. box: where an object is that need not move
    as the ground. Where no motion can be told, a way is that of the frame most like it.
    """
    size = (picture.shape[0], picture.shape[1])
    half, glance = ((max(1, size[0] // by), max(1, size[1] // by)) for by in (_FLOW, _GLANCE))
    pictures = [grey(reduce_picture(each, half)) for each in (picture, *others)]
    glances = np.stack([reduce_picture(each, glance) for each in pictures]).astype(np.int16)
    doubtful = reduce_hole(about(box, size), half)
    found = {0: np.eye(3)}
    apart = np.abs(glances - glances[0]).mean(axis=(1, 2))  # from the most alike that is found,
    start = np.zeros(len(glances), np.int64)  # and which one that is
    while len(found) < len(glances):
        apart[list(found)] = np.inf
        new = int(apart.argmin())
        found[new] = _refined(pictures[0], pictures[new], found[int(start[new])], doubtful)
        nearer = np.abs(glances - glances[new]).mean(axis=(1, 2))
        start[nearer < apart] = new
        apart = np.minimum(apart, nearer)
    full = resizing(half, size)
    return [full @ found[index] @ np.linalg.inv(full) for index in range(1, len(glances))]


def about(box: Region, size: Size) -> Holes:
    """Return what may belong to an object in a box, (H, W): what is near it too.

    Nothing may where little would be left that tells how the camera moves.
    """
    near = np.zeros(size, np.bool_)
    sides = max(box.bottom - box.top, box.right - box.left)
    box.grown(_LEAST_AROUND + round(_AROUND * sides), size).crop(near)[...] = True
    return near if 1 - near.mean() >= _LEAST_VOTING else np.zeros(size, np.bool_)


def shown(other: Picture, way: Matrix, beside: NDArray[np.float32]) -> tuple[Picture, Holes]:
    """Return what another picture, (H, W) or (H, W, 3), shows here, and where it does, (h, w).

    way: from positions here to those in it. beside: (h, w, 2), pixels by which each place here lies
    beside where the camera has it.
    """
    rows, columns = np.indices(beside.shape[:2])
    places = np.dstack([columns, rows]) + beside.astype(np.float64)
    there = cv2.perspectiveTransform(places, way).astype(np.float32)
    covered = np.dstack([other, np.full(other.shape[:2], _COVERED, np.uint8)])
    found = cv2.remap(covered, there[..., 0], there[..., 1], cv2.INTER_LINEAR)
    picture = np.ascontiguousarray(found[..., :-1]).reshape(*found.shape[:2], *other.shape[2:])
    return np.asarray(picture, np.uint8), found[..., -1] == _COVERED


def _refined(picture: Picture, other: Picture, way: Matrix, doubtful: Holes) -> Matrix:
    """Return the way to another picture (h, w) from one that is near it."""
    still = np.zeros((*picture.shape, 2), np.float32)
    for _ in range(_ROUNDS):
        warped, seen = shown(other, way, still)
        flow = flow_between(picture, warped)
        way = way @ camera_motion(flow[None], (doubtful | ~seen)[None]).matrices[0]
    return np.asarray(way / way[2, 2], np.float64)
