"""Carry motion along itself: what moved beside a hole and then went into it, moves on inside."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.flow.camera import CameraMotion
from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes

_NOTHING_CAME = -1  # steps of a lost pixel that no motion has reached


class Carried(NamedTuple):
    """A residual flow (N, h, w, 2) into whose holes motion was carried, and from how far.

    steps: (N, h, w) int32: 0 where the flow is known, the number of frames that the motion was
    carried for, and -1 where none came; there the flow is as it was given.
    """

    flow: Flow
    steps: NDArray[np.int32]


def carry(residual: Flow, camera: CameraMotion, lost: Holes, *, towards: int) -> Carried:
    """Carry known motion into the holes, from frame to frame, each vector unchanged.

    residual: (N, h, w, 2), flow less the camera's. camera: N. lost: (N, h, w) bool, True where the
    flow is not known. towards: 1 for flows that lead to where the next one begins (forward), -1 to
    where the one before does (backward). A pixel lands on the one that is nearest to where it
    moves; where several land on one, fewest steps win, then the first in row order.
    """
    carried = _unmoved(residual, lost)
    for before, t in pairwise(range(len(lost))[:: 1 if towards > 0 else -1]):
        _go(carried, camera, before, 1, carried, t)
    return carried


def turned(carried: Carried, camera: CameraMotion, residual: Flow, lost: Holes) -> Carried:
    """Carry the motion of the other direction to where it leads, and turn it round.

    carried, camera: of flows the other way between the same frames. residual, lost: of those that
    are wanted, as in `carry`.
    """
    back = _unmoved(residual, lost)
    each_frame(lambda t: _go(carried, camera, t, -1, back, t), len(lost))
    return back


def _unmoved(residual: Flow, lost: Holes) -> Carried:
    return Carried(residual.copy(), np.where(lost, np.int32(_NOTHING_CAME), np.int32(0)))


def _go(start: Carried, camera: CameraMotion, t: int, sign: int, end: Carried, to: int) -> None:
    """Carry flow t of `start`, times a sign, into the hole of flow `to` of `end`, in place."""
    if end.steps[to].any():
        _land(start.flow[t], start.steps[t], camera[t], sign, end.flow[to], end.steps[to])


@compiled()
def _land(flow: Any, steps: Any, camera: Any, sign: int, landed: Any, taken: Any) -> None:
    height, width = steps.shape
    for y in range(height):
        for x in range(width):
            if steps[y, x] < 0:
                continue
            to_y = math.floor(y + flow[y, x, 1] + camera[y, x, 1] + 0.5)
            to_x = math.floor(x + flow[y, x, 0] + camera[y, x, 0] + 0.5)
            if not (0 <= to_y < height and 0 <= to_x < width):
                continue
            row, column, now = int(to_y), int(to_x), steps[y, x] + 1
            before = taken[row, column]
            if before < 0 or now < before:  # what is known took none, and stays
                taken[row, column] = now
                landed[row, column, 0] = sign * flow[y, x, 0]
                landed[row, column, 1] = sign * flow[y, x, 1]
