"""Select an object in one frame by SAM 2: what a box or clicks mean to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.masks.generous import SURE
from cleanplate.masks.sam2.checkpoint import Sam2
from cleanplate.masks.sam2.memory import Memory
from cleanplate.masks.sam2.prompts import points_of, soft_of
from cleanplate.masks.select import NOTHING, Box, Point, check_click, checked_box, checked_frame
from cleanplate.region import eight_bits
from cleanplate.video import Frames, Holes


def select_pointed(
    frame: Frames,
    box: Box | None = None,
    *,
    inside: Sequence[Point] = (),
    outside: Sequence[Point] = (),
    scribble: NDArray[np.uint8] | None = None,
    others: Sequence[Any] = (),
    sam2: Sam2,
) -> Holes:
    """Return the object (H, W) in a frame (H, W, 3) that a box or clicks point at, by SAM 2.

    All as for `masks.select.select`, but for scribbles, which it does not know, and for other
    frames, which it does not look at. Raises BadInput.
    """
    frame = checked_frame(frame)
    size = (frame.shape[0], frame.shape[1])
    if scribble is not None:
        raise BadInput("SAM 2 knows no scribbles. Give a box or clicks, or leave SAM 2 out.")
    for point in (*inside, *outside):
        check_click(point, size)
    region = None if box is None else checked_box(box, size)
    if region is None and not inside:
        raise BadInput(NOTHING)
    points, labels = points_of(region, inside, outside, size=size, side=sam2.side)
    logits, _ = Memory(sam2).point(eight_bits(frame), points, labels)
    return np.asarray(soft_of(logits, size) > SURE, np.bool_)
