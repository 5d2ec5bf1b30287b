"""Draw optical flow as the Middlebury benchmark does: colour is direction, saturation is length.

Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011. What does not
move is white; to the right is red, down yellow, to the left blue-green, up blue-violet.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.errors import BadInput

# Where the wheel's pure colours lie: the eye tells some neighbours apart better than others.
_PLACES = (0, 15, 21, 25, 36, 49, 55)
_PURE = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))
_TOO_LONG = 0.75  # how much light is left of a vector that the scale does not hold
_UNKNOWN = 1e9  # pixels; what is longer is how the benchmark marks unknown flow; no number is, too
_USUAL = 0.99  # share of a field's vectors that a scale is to hold


def colour_wheel() -> NDArray[np.float64]:
    """Return the 55 colours of the wheel, (55, 3) RGB from 0 to 1, red first."""
    steps = np.arange(_PLACES[-1])
    return np.stack([np.interp(steps, _PLACES, part) for part in zip(*_PURE, strict=True)], axis=1)


def flow_picture(flow: NDArray[np.float32], *, largest: float) -> NDArray[np.uint8]:
    """Return a flow field as a picture, (H, W, 3) uint8 RGB.

    flow: (H, W, 2), (dx, dy) in pixels. largest: the length in pixels, above 0, that is drawn in
    full colour; longer vectors are drawn darker, unknown ones black. Raises BadInput.

    >>> flow_picture(np.array([[[0, 0], [2, 0], [1, 0], [5, 0]]], np.float32), largest=2).tolist()
    [[[255, 255, 255], [255, 0, 0], [255, 127, 127], [191, 0, 0]]]
    """
    check_largest(largest)
    picture = np.zeros((*flow.shape[:2], 3), np.uint8)
    _draw(flow, colour_wheel(), float(largest), picture)
    return picture


@compiled()
def _draw(flow: Any, wheel: Any, largest: float, picture: Any) -> None:
    """Draw flow (H, W, 2) into a black picture."""
    for y in range(flow.shape[0]):
        for x in range(flow.shape[1]):
            dx, dy = flow[y, x, 0] + 0.0, flow[y, x, 1] + 0.0  # so that no zero has a sign
            if not (abs(dx) <= _UNKNOWN and abs(dy) <= _UNKNOWN):
                continue
            length = math.hypot(dx, dy) / largest
            place = (math.atan2(-dy, -dx) / math.pi + 1) / 2 * (len(wheel) - 1)
            lower = int(place)
            upper, share = (lower + 1) % len(wheel), place - lower
            for k in range(3):
                hue = (1 - share) * wheel[lower, k] + share * wheel[upper, k]
                light = 1 - length * (1 - hue) if length <= 1 else _TOO_LONG * hue
                picture[y, x, k] = int(255 * light)


def usual_length(flow: NDArray[np.float32]) -> float:
    """Return the length in pixels that 99 of 100 vectors do not exceed: a few may be wild.

    flow: (H, W, 2); unknown vectors do not count. 0 where there are no others.
    """
    known = flow[(np.abs(flow) <= _UNKNOWN).all(axis=-1)]
    return float(np.quantile(np.hypot(known[:, 0], known[:, 1]), _USUAL)) if len(known) else 0.0


def check_largest(largest: float) -> None:
    """Refuse a length that is no scale; raises BadInput."""
    if not 0 < largest < float("inf"):
        raise BadInput(f"largest is {largest}. Give a number of pixels above 0.")
