"""When the camera stands on a tripod: then nothing needs to be measured, and nothing drifts."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.threads import each_frame
from cleanplate.video import Holes

Plane = NDArray[np.uint8]  # (H, W)

_SPAN = 16  # frames over which the slowest motion would show
_LEAST_SPAN = 4
_STRIDE = 2  # every second pixel of every second row is compared
_TEXTURED = 0.2  # share of the known pixels, those of the strongest gradients, that are compared
_ALIKE = 0.6  # share of these, the most alike, that count: the others may be things that move
_LEAST_PIXELS = 50
# How much two frames a span apart may differ: what neighbours differ by (noise), a tenth more, and
# a level for what an encoder does between its key frames. On strong gradients that is less than a
# tenth of a pixel in the whole span.
_NOISIER = 1.1
_LEVELS = 1.0
_LOUDEST = 4.0  # levels; where neighbours differ by more than noise does, something moves


def at_rest(greys: list[Plane], doubtful: Holes) -> NDArray[np.bool_]:
    """Tell between which neighbours the camera rests: (T-1,) bool.

    greys: T pictures (H, W). doubtful: (T, H, W) bool, what must not be compared. It rests where
    a picture and those up to `_SPAN` frames later differ no more than the most alike neighbours
    there do, for noise is all that neighbours of a resting camera differ by. Several lags are
    compared, since a camera that sways comes back. A shorter clip is compared end to end; a very
    short one cannot tell, and has no need to.
    """
    pairs = len(greys) - 1
    rest = np.zeros(max(pairs, 0), np.bool_)
    span = min(_SPAN, pairs)
    if span < _LEAST_SPAN or min(greys[0].shape) <= _STRIDE:
        return rest
    near = np.array(each_frame(lambda t: _difference(greys, doubtful, t, t + 1), pairs))
    lags = sorted({1, 2, 4, span // 2, 3 * span // 4, span}, reverse=True)

    def rests_from(t: int) -> NDArray[np.bool_]:
        noise = np.fmin.reduce(near[t : t + span])  # a lost frame is no number and does not count
        most = _NOISIER * noise + _LEVELS
        rests = noise <= _LOUDEST and all(
            _difference(greys, doubtful, t, t + lag) <= most for lag in lags
        )
        pushed = near[t : t + span] > most
        return np.asarray(rests & ~pushed)

    for t, rests in enumerate(each_frame(rests_from, len(greys) - span)):
        rest[t : t + span] |= rests
    return rest


def _difference(greys: list[Plane], doubtful: Holes, one: int, other: int) -> float:
    """Mean difference of the most alike of the textured pixels; NaN where too few are known."""
    sparse = slice(None, -1, _STRIDE), slice(None, -1, _STRIDE)
    first, right, below = greys[one], greys[one][:-1, 1:], greys[one][1:, :-1]
    here = np.ascontiguousarray(first[sparse])
    across, down = (np.ascontiguousarray(p[::_STRIDE, ::_STRIDE]) for p in (right, below))
    known = ~(doubtful[one][sparse] | doubtful[other][sparse])
    steep = cv2.max(cv2.absdiff(here, across), cv2.absdiff(here, down))[known]
    if len(steep) * _TEXTURED < _LEAST_PIXELS:
        return float("nan")
    textured = steep >= np.quantile(steep, 1 - _TEXTURED)
    there = np.ascontiguousarray(greys[other][sparse])
    apart = cv2.absdiff(here, there)[known][textured]
    count = int(_ALIKE * len(apart))
    return float(np.partition(apart, count)[:count].mean())
