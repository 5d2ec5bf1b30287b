"""From what a person does on a frame, a box, clicks or paint, to the mask of the object there."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.masks.select import Box, Point, Selector, select
from cleanplate.video import Holes

_NEAR = 0.12  # of the picture's height: how far around a click a mask that is there is in doubt
_RIM = 0.01  # of the picture's height: and how far from its outline


def point(
    picture: NDArray[np.uint8],
    hole: Holes,
    *,
    box: Box | None,
    inside: Sequence[Point],
    outside: Sequence[Point],
    others: Sequence[NDArray[np.uint8]] = (),
    selector: Selector = select,
) -> Holes:
    """Return the object (h, w) in a picture (h, w, 3) that a box or clicks point at.

    hole: (h, w), what is taken for the object so far: clicks without a box correct it, near where
    they are. others: frames near it, as `select` takes them. selector: what cuts it out, but for
    such a correction. Raises BadInput.
    """
    if box is not None or not hole.any():
        found = selector(picture, box, inside=inside, outside=outside, others=others)
    else:
        marks = _held(hole, [*inside, *outside])
        found = select(picture, inside=inside, outside=outside, scribble=marks)
    if not found.any():
        raise BadInput(
            "nothing there stands out from what is around it. Draw a tighter box, or paint it."
        )
    return found


def _held(hole: Holes, clicks: Sequence[Point]) -> NDArray[np.uint8]:
    """Return a mask as a scribble that leaves its outline open, and what lies around clicks."""
    height = hole.shape[0]
    rim, near = max(1, round(_RIM * height)), max(2, round(_NEAR * height))
    square = np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)
    solid = hole.astype(np.uint8)
    marks = np.full(hole.shape, 128, np.uint8)
    marks[cv2.erode(solid, square, borderValue=1) > 0] = 255
    marks[cv2.dilate(solid, square) == 0] = 0
    for x, y in clicks:
        cv2.circle(marks, (x, y), near, 128, cv2.FILLED)
    return marks


def painted(bits: bytes, size: tuple[int, int]) -> Holes:
    """Read a mask as a browser sends it: a bit a pixel, row by row, highest first.

    size: (height, width). Raises BadInput where there are not just as many.

    >>> painted(bytes([0b10100000]), (1, 3)).tolist()
    [[True, False, True]]
    """
    pixels = size[0] * size[1]
    if len(bits) != -(-pixels // 8):
        raise BadInput(f"the mask holds {len(bits)} bytes, not one bit for each pixel.")
    found = np.unpackbits(np.frombuffer(bits, np.uint8), count=pixels)
    return found.reshape(size).astype(np.bool_)
