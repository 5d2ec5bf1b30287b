"""Complete the flow inside the hole: smoothly from its edge, then steadily over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.flow.camera import CameraMotion
from cleanplate.harmonic import add_neighbours, harmonic_fill
from cleanplate.region import pixels_of
from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes
from cleanplate.warp import sample_vector

_TIME_WEIGHT = 0.5  # of each neighbour in time, against 1 for each of the four in space
_OVER_RELAXATION = 1.5
_NOISE = 0.15  # pixels a frame

# Takes both residuals, harmonic inside the hole, both cameras' motions, and where it may change.
Improve = Callable[
    [tuple[Flow, Flow], tuple[CameraMotion, CameraMotion], tuple[Holes, Holes]], None
]


@dataclass(frozen=True)
class Effort:
    """How long to settle: sweeps of the harmonic start, then passes through time and sweeps each.

    The defaults are converged for practical purposes.
    """

    edge_sweeps: int = 12
    passes: int = 3
    sweeps: int = 8


def complete_flow(
    forward: Flow,
    backward: Flow,
    camera: tuple[CameraMotion, CameraMotion],
    doubtful: tuple[Holes, Holes],
    *,
    effort: Effort,
    improve: Improve | None = None,
) -> tuple[Flow, Flow]:
    """Replace forward and backward flow where it is doubtful, in place; return both.

    forward, backward: (T-1, H, W, 2). camera: the whole frame's motion for both; what is
    completed is the residual to it. doubtful: (T-1, H, W) bool for both, True where the flow
    is to be found: the hole and a ring around it. First the residual is continued harmonically
    into each frame's hole; then it is drawn towards its own value along the motion in the frames
    before and after, with the effort given. improve: does better than that second step, in place.
    After Xu et al., CVPR 2019, section 3.2, with smoothness in place of the learned network.
    """
    if not len(forward):
        return forward, backward
    residuals = forward, backward
    for residual, motion, unknown in zip(residuals, camera, doubtful, strict=True):
        continue_from_edge(residual, motion, unknown, effort.edge_sweeps)
    (improve or partial(_settle, effort))(residuals, camera, doubtful)
    for residual, motion, unknown in zip(residuals, camera, doubtful, strict=True):
        _settle_what_rests(residual, motion.rests, unknown)
        _add(residual, motion)
    return residuals


def _settle(
    effort: Effort,
    residuals: tuple[Flow, Flow],
    camera: tuple[CameraMotion, CameraMotion],
    doubtful: tuple[Holes, Holes],
) -> None:
    """Draw the residuals towards their own values along the motion, in place."""
    # Found before anything settles: the two directions read each other's first completion only.
    paths = [
        each_frame(partial(_paths, residuals, camera, doubtful[lives], lives), len(doubtful[lives]))
        for lives in (0, 1)
    ]
    each_frame(lambda lives: _settle_over_time(residuals[lives], paths[lives], effort), 2)


def continue_from_edge(flow: Flow, camera: CameraMotion, doubtful: Holes, sweeps: int) -> None:
    """Turn flow into its residual to the camera's, in place, harmonic where it is doubtful."""

    def fill(t: int) -> None:
        flow[t] -= camera[t]
        flow[t] = harmonic_fill(flow[t], doubtful[t], sweeps=sweeps)

    each_frame(fill, len(flow))


def _settle_what_rests(residual: Flow, rests: NDArray[np.bool_], doubtful: Holes) -> None:
    """Let small residuals vanish where the camera rests: they are noise, and would add up.

    Larger ones are hardly changed (Breiman's garrote).
    """
    for t in np.flatnonzero(rests):
        unknown = residual[t][doubtful[t]]
        squared = np.maximum(np.square(unknown).sum(axis=1, keepdims=True), 1e-12)
        residual[t][doubtful[t]] = unknown * np.maximum(1 - _NOISE**2 / squared, 0)


def _add(residual: Flow, camera: CameraMotion) -> None:
    """Turn a residual back into flow, in place."""

    def add(t: int) -> None:
        residual[t] += camera[t]

    each_frame(add, len(residual))


class _Paths(NamedTuple):
    """The N doubtful pixels of a frame and how they move to its neighbours, (N, 2) each."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    ahead: NDArray[np.float32]
    behind: NDArray[np.float32]


def _paths(
    residuals: tuple[Flow, Flow],
    camera: tuple[CameraMotion, CameraMotion],
    doubtful: Holes,
    lives: int,
    i: int,
) -> _Paths:
    """Return the paths of what is doubtful in flow i, which lives in frame i + lives."""
    rows, columns = pixels_of(doubtful[i])

    def motion(way: int, pair: int) -> NDArray[np.float32]:
        if not 0 <= pair < len(doubtful):
            return np.zeros((0, 2), np.float32)
        found: NDArray[np.float32] = camera[way].at(pair, rows, columns)
        found += residuals[way][pair][rows, columns]
        return found

    return _Paths(rows, columns, motion(0, i + lives), motion(1, i + lives - 1))


def _settle_over_time(residual: Flow, paths: list[_Paths], effort: Effort) -> None:
    """Settle the doubtful pixels between space and time, in place."""
    last = len(residual) - 1
    for turn in range(effort.passes):
        for i in range(last + 1) if turn % 2 == 0 else range(last, -1, -1):
            rows, columns, ahead, behind = paths[i]
            pull = np.zeros((len(rows), 3), np.float32)
            if i < last:
                _add_pull(pull, rows, columns, ahead, residual[i + 1])
            if i > 0:
                _add_pull(pull, rows, columns, behind, residual[i - 1])
            _relax(residual[i], rows, columns, pull, effort.sweeps)


@compiled()
def _add_pull(pull: Any, rows: Any, columns: Any, motion: Any, neighbour: Any) -> None:
    """Add the neighbour's residual at the place where each pixel moves: weighted sum and weight."""
    height, width = neighbour.shape[0], neighbour.shape[1]
    for i in range(len(rows)):
        y, x = rows[i] + motion[i, 1], columns[i] + motion[i, 0]
        if 0 <= y <= height - 1 and 0 <= x <= width - 1:
            dx, dy = sample_vector(neighbour, y, x)
            pull[i, 0] += np.float32(_TIME_WEIGHT * dx)
            pull[i, 1] += np.float32(_TIME_WEIGHT * dy)
            pull[i, 2] += np.float32(_TIME_WEIGHT)


@compiled()
def _relax(field: Any, rows: Any, columns: Any, pull: Any, sweeps: int) -> None:
    """Relax the listed pixels as `harmonic_fill` does, but each with its pull, in place."""
    count = len(rows)
    for sweep in range(sweeps):
        for j in range(count):
            i = j if sweep % 2 == 0 else count - 1 - j
            y, x = rows[i], columns[i]
            for k in range(2):
                total, weight = add_neighbours(pull[i, k], pull[i, 2], field, y, x, k)
                if weight > 0:  # not so in a picture of one pixel
                    step = total / weight - field[y, x, k]
                    field[y, x, k] += np.float32(_OVER_RELAXATION) * step
