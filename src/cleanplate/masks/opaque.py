"""Which pixels belong to an overlay: those that let less of the scene through than usual."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from cleanplate.form import Form
from cleanplate.masks.standing import Stack
from cleanplate.region import Region, apart, region_around
from cleanplate.rims import tell
from cleanplate.video import Holes

_REACH = 4 / 480  # of the picture's height: so far beside what is found more may belong to it
_BELONGS = 0.35  # of the opacity that an overlay usually has: what is found as well
_CLOSED = 0.7  # the same of what lies in its middle: across an overlay less is certain
_STAYS = 0.2  # the same of what was found before
_RGB = Form([(0, 0)] * 3, 1.0, 255)


def by_opacity(stack: Stack, hole: Holes) -> Holes:
    """Return an overlay's pixels (H, W) told by how opaque they are.

    stack: (N, H, W, 3), frames of one clip. hole: (H, W) bool, what was found by its outline: a
    dark rim on a dark scene is not, nor what of an overlay is coloured like the scene, but the
    scene varies less there. Pieces whose opacity is not certain stay as they are.
    """
    reach = max(2, round(_REACH * hole.shape[0]))
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    found = hole.copy()
    for piece in apart(hole):
        near = cv2.dilate(piece.astype(np.uint8), around) > 0
        wide = _closed(near)
        box = region_around(wide)
        opacity = _opacity(box, stack, box.crop(wide))
        if opacity is None:
            continue
        part = box.crop(piece)
        usual = float(np.median(opacity[part]))
        least = np.where(box.crop(near), _BELONGS, _CLOSED) * usual
        more = box.crop(wide) & (opacity > least)
        box.crop(found)[part] = False
        box.crop(found)[more | (part & (opacity > _STAYS * usual))] = True
    return found


def _closed(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a piece with its holes, but for those that are larger than itself: a frame's."""
    holes = binary_fill_holes(piece) & ~piece
    count, labels = cv2.connectedComponents(holes.astype(np.uint8), connectivity=4)
    small = np.bincount(labels.ravel(), minlength=count) <= piece.sum()
    small[0] = False
    return np.asarray(piece | small[labels])


def _opacity(box: Region, stack: Stack, hole: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return how opaque the overlay is in a box, 0 to 1; None where nothing tells it surely."""
    crops = [box.crop(frame) for frame in stack]
    told = tell([[crop[..., channel] for channel in (1, 2, 0)] for crop in crops], hole, _RGB)
    return told.blends[0].opacity if told.sure else None
