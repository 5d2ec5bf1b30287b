"""Cut an object out of one picture: what cues say of each pixel, made to follow the edges.

Where something was said for sure, GrabCut has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.cues import Near, chance, grab_cut, logits_of, shown_near
from cleanplate.masks.follow.colours import Plane, labs_of
from cleanplate.masks.follow.edges import settle
from cleanplate.masks.hints import reduced_hints
from cleanplate.region import Region, bounding_box, reduce_picture
from cleanplate.video import Holes

Picture = NDArray[np.uint8]

_SIDE = 200  # pixels of a box's longer side where cues are looked at
_AROUND, _LEAST_AROUND = 0.4, 12  # of the longer side, and pixels: what is looked at around a box
_ROUNDS = 2  # of GrabCut at the end: more forget the guess
_LIKENESS, _STEP = 3.0, 8.0  # of ``settle``
_DOUBT, _SAID = 0.1, 3.0  # the least that a pixel's guess counts there, and what is said


def cut_out(picture: Picture, hints: NDArray[np.uint8], others: Sequence[Picture] = ()) -> Holes:
    """Return the object (h, w) in a picture (h, w, 3).

    hints: (h, w), in GrabCut's terms: surely the object, surely not, perhaps (as in a box), or
    perhaps not. others: frames near it, the nearest first. Only what may be the object, and what
    is around, is looked at.
    """
    found = np.zeros(hints.shape, np.bool_)
    box = bounding_box((hints == cv2.GC_PR_FGD) | (hints == cv2.GC_FGD), margin=0)
    if box is None:
        return found
    inner = Region.spanning(*box)
    sides = max(inner.bottom - inner.top, inner.right - inner.left)
    margin = max(_LEAST_AROUND, round(_AROUND * sides))
    region = inner.grown(margin, (hints.shape[0], hints.shape[1]))
    part, labels = np.ascontiguousarray(region.crop(picture)), region.crop(hints).copy()
    if not ((labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)).any():
        region.crop(found)[...] = True  # nothing tells what the object is not
        return found
    scale = min(1.0, _SIDE / sides)
    size = max(8, round(scale * part.shape[0])), max(8, round(scale * part.shape[1]))
    near = shown_near(picture, others, inner, region, size)
    guess = _settled(part, labels, _logits(part, labels, near, size))
    if (inner.within(region).crop(labels) == cv2.GC_BGD).any() or (labels == cv2.GC_FGD).any():
        labels[(labels == cv2.GC_PR_FGD) & ~guess] = cv2.GC_PR_BGD
        guess = grab_cut(part, labels, _ROUNDS)
    region.crop(found)[...] = guess
    return found


def _logits(part: Picture, labels: NDArray[np.uint8], near: Near, size: tuple[int, int]) -> Plane:
    """Return what cues say of a part (h, w), looked at reduced to a size."""
    logits = logits_of(reduce_picture(part, size), reduced_hints(labels, size), near)
    large = cv2.resize(logits, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)


def _settled(part: Picture, labels: NDArray[np.uint8], logits: Plane) -> Holes:
    """Return which of the pixels (h, w) that may be the object's are, by logits and by edges."""
    perhaps, sure = labels == cv2.GC_PR_FGD, labels == cv2.GC_FGD
    soft = np.where(perhaps, chance(logits), sure).astype(np.float32)
    trust = np.where(perhaps, _DOUBT + np.abs(2 * soft - 1), _SAID).astype(np.float32)
    settled = settle(soft, trust, labs_of(part)[0], likeness=_LIKENESS, step=_STEP)
    return np.asarray(sure | (perhaps & (settled > 0.5)), np.bool_)
