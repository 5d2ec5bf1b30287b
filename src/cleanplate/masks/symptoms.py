"""What can be wrong with one mask: specks, cut off, inverted, too small; and the cure, if safe."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.region import bounding_box
from cleanplate.video import Holes

SPECK_SHARE = 2e-5  # of the picture: 8 pixels at 854x480; smaller patches are specks
GAP = 3  # pixels: an object that reaches the border of the picture may not end so close to it
LEAST_CUT = 0.03  # of that side's length, and
LEAST_PIXELS = 12
FLAT = 0.85  # share of the length of its fourth row that the first row of a flat end has
STRAIGHT = 0.5  # share of a box's side along which a hole that is cut off ends
ROUND = 0.25  # and of the others, at most: boxes are drawn with straight sides
LIKE = 0.6  # intersection over union of masks that show the same
GROWN = 4  # pixels by which a fill grows the hole, at 480 lines or any
CONTRAST = 30.0  # levels between an object and what is around it, to tell them apart
CLOSER = 0.5  # colours beside a hole are its object's if they differ so much less from these


def specks(hole: Holes) -> NDArray[np.bool_]:
    """(H, W) bool, the tiny patches of a hole and the tiny gaps in it."""
    most = max(2, SPECK_SHARE * hole.size)
    found = np.zeros(hole.shape, np.bool_)
    for side in (hole, ~hole):
        _, labels, facts, _ = cv2.connectedComponentsWithStats(side.astype(np.uint8))
        tiny = facts[:, cv2.CC_STAT_AREA] <= most
        tiny[0] = False
        found |= tiny[labels]
    return found


def to_border(hole: Holes) -> Holes:
    """Return a hole that ends a few pixels from the border of the picture, drawn on to it.

    The same hole where it keeps away from the border, or reaches it already.
    """
    done = hole
    for turn in range(4):
        view = np.rot90(done, turn)
        first = int(view[: GAP + 1].any(axis=1).argmax())
        if len(view) > 4 * GAP and first and _is_flat(view[first:]):
            view = view.copy()
            view[:first] = view[first]
            done = np.ascontiguousarray(np.rot90(view, -turn))
    return done


def _is_flat(view: Holes) -> bool:
    """Tell whether a hole's first row is long, and hardly shorter than those below it."""
    count = int(view[0].sum())
    least = max(LEAST_PIXELS, LEAST_CUT * view.shape[1])
    return bool(count >= least and count >= FLAT * view[GAP + 1].sum())


def is_cut_off(hole: Holes) -> bool:
    """Tell whether a hole ends along a straight line, as if the rest of an object were missing.

    Either a little before the border of the picture, or inside it, with all other sides round.
    """
    if to_border(hole) is not hole:
        return True
    _, labels, facts, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8))
    if len(facts) < 2:
        return False
    largest = labels == 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax())
    box = bounding_box(largest, margin=0)
    assert box is not None
    own = largest[box]
    sides = [(own[0], box[0].start), (own[-1], hole.shape[0] - box[0].stop)]
    sides += [(own[:, 0], box[1].start), (own[:, -1], hole.shape[1] - box[1].stop)]
    shares = sorted(
        (float(side.mean()), room > GAP and len(side) >= LEAST_PIXELS) for side, room in sides
    )
    return shares[-1][0] >= STRAIGHT and shares[-1][1] and shares[-2][0] <= ROUND


def iou(one: Holes, other: Holes) -> float:
    """Return intersection over union, 1 of two empty masks."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0


def is_inverted_beside(hole: Holes, neighbour: Holes) -> bool:
    """Tell whether it is the rest of a hole that shows what the neighbour shows."""
    return iou(~hole, neighbour) > LIKE and iou(hole, neighbour) < 1 - LIKE


def left_over(frame: NDArray[np.uint8], hole: Holes) -> float | None:
    """Return along which share of a hole's outline its object goes on outside of it.

    frame: (H, W, 3) RGB. hole: (H, W) bool, before it is grown. None where the inside differs too
    little from what is around it, or there is no hole. Colours just outside of the grown hole are
    compared with those inside and those further away.
    """
    scale = max(1.0, hole.shape[0] / 480)
    far = GROWN + 16 * scale
    box = bounding_box(hole, margin=int(far + 24 * scale))
    if box is None:
        return None
    hole, colours = hole[box], frame[box].astype(np.float32)
    outside, inside = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (~hole, hole)
    )
    ring = (outside > GROWN) & (outside <= GROWN + 2 * scale)
    parts = (
        ((inside > 1) & (inside <= 8 * scale), 21),
        ((outside > GROWN + 8 * scale) & (outside <= far), 41),
        (ring, 5),
    )
    (own, one), (around, other), (here, _) = (
        _mean(colours, part, round(window * scale) | 1) for part, window in parts
    )
    told = ring & (one > 0.02) & (other > 0.02) & (_apart(own, around) > CONTRAST)
    if told.sum() < max(LEAST_PIXELS, 0.1 * ring.sum()):
        return None
    return float((_apart(here, own) < CLOSER * _apart(here, around))[told].mean())


def _mean(colours: NDArray[np.float32], part: Holes, window: int) -> tuple[Any, Any]:
    """Return the mean colour (h, w, 3) of a part's pixels in a window, and their share (h, w)."""
    weights = part.astype(np.float32)
    share = cv2.blur(weights, (window, window))
    total = cv2.blur(colours * weights[..., None], (window, window))
    return total / np.maximum(share, 1e-3)[..., None], share


def _apart(one: Any, other: Any) -> Any:
    return np.sqrt(np.square(one - other).sum(axis=-1))
