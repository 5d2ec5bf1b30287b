"""What moves in a frame otherwise than the camera has everything move, told by frames near it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.camera import camera_motion
from cleanplate.flow.estimate import flow_between, grey
from cleanplate.masks.follow.carried import squared_lengths
from cleanplate.masks.ways import about
from cleanplate.region import Region
from cleanplate.threads import each_frame

_NOISE = 0.3  # pixels that flow is off by at least
_STILL, _STEPS = 128, 12.0  # the level of no motion, and levels for the square root of the noise

Field = NDArray[np.float32]  # (h, w, 2), (x, y)


def stirred(
    picture: NDArray[np.uint8], others: Sequence[NDArray[np.uint8]], box: Region
) -> list[Field]:
    """Return how pixels move beside the camera, to each of the others, in units of its noise.

    picture, others: (h, w, 3), of one size and one shot, a few frames apart. box: where an object
    is that need not move as the camera; what moves outside is the noise.
    """
    size = (picture.shape[0], picture.shape[1])
    doubtful, outside = about(box, size), np.ones(size, np.bool_)
    box.crop(outside)[...] = False
    start = grey(picture)

    def find(index: int) -> Field:
        flow = flow_between(start, grey(others[index]))
        beside = flow - camera_motion(flow[None], doubtful[None])[0]
        usual = np.sqrt(np.median(squared_lengths(beside)[outside])) if outside.any() else 0.0
        return np.asarray(beside / np.float32(usual + _NOISE), np.float32)

    return each_frame(find, len(others))


def as_colours(motion: Field) -> NDArray[np.uint8]:
    """Return motion (h, w, 2) as colours (h, w, 3) that `Colours` can learn: no lightness.

    >>> as_colours(np.array([[[0, 1], [-4, 1000]]], np.float32))[..., 1:].tolist()
    [[[128, 140], [104, 191]]]
    """
    steps = np.float32(_STEPS) * np.sign(motion) * np.sqrt(np.abs(motion))
    coded = np.zeros((*motion.shape[:2], 3), np.uint8)
    coded[..., 1:] = np.clip(np.rint(steps) + _STILL, _STILL - 64, _STILL + 63)
    return coded


def how_far(motion: Field) -> NDArray[np.float32]:
    """Return how far pixels (h, w) go beside the camera: the logarithm of 1 + units of noise."""
    return np.asarray(np.log1p(np.sqrt(squared_lengths(motion))), np.float32)
