"""From a soft mask to a hole: by so many pixels, or generously by itself.

A fill forgives a mask that is too large, hardly one that is too small: what is left of an object's
edge is smeared through the hole (Ouyang et al., ICCV 2021, prefer too much as well).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.masks.edit import check_pixels, grow
from cleanplate.region import Region, bounding_box
from cleanplate.video import Holes

Grow = int | str  # pixels, or AUTO
AUTO = "auto"

SURE = 0.5  # a soft mask from here on is the object
_SHARE = 0.55  # of its own area that a mask grows by, where it is trusted
_DOUBT = 0.6  # and how much more where it is not at all
_FURTHEST = 0.05  # of the picture's height: a large object does not grow without end
_LIKELY = 2.0  # how many times nearer a pixel lies that is the object's as likely as not


def sure_of(soft: Any) -> Any:
    """Return where a soft mask, array or tensor, is the object; of a speck what is most of it."""
    return soft > min(SURE, float(soft.max()) / 2)


def check_growth(value: Any) -> None:
    """Refuse what is neither "auto" nor a whole number of pixels from 0 up; raises BadInput."""
    if isinstance(value, str):
        if value != AUTO:
            raise BadInput(f"grow is {value[:40]!r}. Give auto, or a number of pixels from 0 up.")
        return
    check_pixels(value)


def growth_of(text: str) -> Grow:
    """Read "auto" or a number of pixels; raises BadInput."""
    growth: Grow = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else text
    check_growth(growth)
    return growth


def generous(soft: NDArray[np.float32], trust: float) -> Holes:
    """Grow a soft mask (h, w) generously: by half of its area or more, nearest pixels first.

    The less it is to be trusted (1: fully, 0: not at all) the more; what is likely to be the
    object's counts as near.
    """
    sure = soft > SURE
    furthest = max(2.0, _FURTHEST * soft.shape[0])
    box = bounding_box(sure, margin=int(furthest) + 1)
    if box is None:
        return sure
    part = Region.spanning(*box)
    inside = part.crop(sure)
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    away = away / (1 + _LIKELY * 2 * np.minimum(part.crop(soft), SURE))
    wanted = int(inside.sum() * (_SHARE + _DOUBT * (1 - trust)))
    near = np.sort(away[(away > 0) & (away <= furthest)])
    reach = near[min(wanted, len(near) - 1)] if len(near) else 0.0
    grown = np.zeros_like(sure)
    part.crop(grown)[...] = away <= reach
    return grown


def hole_of(
    soft: NDArray[np.float32], size: tuple[int, int], growth: Grow, trust: float = 1.0
) -> Holes:
    """Return the hole (H, W) of a size that a soft mask of another size (h, w) comes to."""
    if growth == AUTO:
        return _at_size(generous(soft, trust).astype(np.float32), size)
    return grow(_at_size(soft, size), int(growth))


def _at_size(soft: NDArray[np.float32], size: tuple[int, int]) -> Holes:
    if soft.shape != size:
        soft = np.asarray(cv2.resize(soft, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(soft > SURE, np.bool_)
