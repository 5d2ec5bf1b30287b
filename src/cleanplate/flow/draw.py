"""Draw optical flow as the Middlebury benchmark does: colour is direction, saturation is length.

Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011. What does not
move is white; to the right is red, down yellow, to the left blue-green, up blue-violet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput

# Where the wheel's pure colours lie: the eye tells some neighbours apart better than others.
_PLACES = (0, 15, 21, 25, 36, 49, 55)
_PURE = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))
_TOO_LONG = 0.75  # how much light is left of a vector that the scale does not hold
_UNKNOWN = 1e9  # pixels; what is longer is how the benchmark marks unknown flow
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
    known = _known(flow)
    vectors = np.where(known[..., None], flow, 0).astype(np.float64) + 0.0  # no zero has a sign
    length = np.hypot(vectors[..., 0], vectors[..., 1])[..., None] / largest
    hue = _around(np.arctan2(-vectors[..., 1], -vectors[..., 0]) / np.pi)
    colour = np.where(length <= 1, 1 - length * (1 - hue), _TOO_LONG * hue)
    return np.asarray(255 * colour * known[..., None], np.uint8)


def usual_length(flow: NDArray[np.float32]) -> float:
    """Return the length in pixels that 99 of 100 vectors do not exceed: a few may be wild.

    flow: (H, W, 2); unknown vectors do not count. 0 where there are no others.
    """
    known = flow[_known(flow)]
    return float(np.quantile(np.hypot(known[:, 0], known[:, 1]), _USUAL)) if len(known) else 0.0


def check_largest(largest: float) -> None:
    """Refuse a length that is no scale; raises BadInput."""
    if not 0 < largest < float("inf"):
        raise BadInput(f"largest is {largest}. Give a number of pixels above 0.")


def _known(flow: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W) bool: not marked as unknown; what is no number is unknown, too."""
    return np.asarray((np.abs(flow) <= _UNKNOWN).all(axis=-1))


def _around(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the wheel's colours (..., 3) at angles from -1 to 1, half a turn each way."""
    wheel = colour_wheel()
    place = (angle + 1) / 2 * (len(wheel) - 1)
    lower = np.floor(place).astype(np.int64)
    share = (place - lower)[..., None]
    return (1 - share) * wheel[lower] + share * wheel[(lower + 1) % len(wheel)]
