"""Bring the two sides of a trajectory to agree: what drifted apart is found and shared out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.estimate import flow_between, grey
from cleanplate.propagate import Sources
from cleanplate.region import bounding_box
from cleanplate.warp import sample_known

_MARGIN = 24  # pixels of picture around the hole that hold the two fills in place
_LARGEST_DRIFT = 10.0  # pixels; more is a wrong match
_LEAST_PIXELS = 30


def agree(
    past: Sources,
    future: Sources,
    here: int,
    frames: NDArray[np.uint8],
    holes: NDArray[np.bool_],
    smooth: NDArray[np.float32],
) -> tuple[Sources, Sources]:
    """Return past and future sources, shifted so that they show the same thing at each pixel.

    The hole is filled once from the past and once from the future; the optical flow between the
    two fills is the drift of the two trajectories together. Each source takes a share of it in
    proportion to its distance in time. frames: (T, H, W, 3) uint8. holes: (T, H, W) bool.
    smooth: (N, 3), what stands where neither side has a source.
    """
    sides = [sample_known(frames, holes, s.frame, s.y, s.x) for s in (past, future)]
    (before, has_before), (after, has_after) = sides
    both = has_before & has_after
    if both.sum() < _LEAST_PIXELS:
        return past, future
    one = np.where(has_before[:, None], before, np.where(has_after[:, None], after, smooth))
    hole = holes[here]
    first, second = (
        _grey_with(frames[here], hole, np.where(both[:, None], side, one))
        for side in (before, after)
    )
    drift = np.where(both[:, None], _drift(first, second, hole), 0)
    back, ahead = past.distance(here), future.distance(here)
    share = (back / (back + ahead))[:, None]
    return _moved(past, -share * drift, hole.shape), _moved(future, (1 - share) * drift, hole.shape)


def _grey_with(
    frame: NDArray[np.uint8], hole: NDArray[np.bool_], colours: NDArray[Any]
) -> NDArray[np.uint8]:
    picture = frame.copy()
    picture[hole] = np.rint(colours)
    return grey(picture)


def _drift(
    before: NDArray[np.uint8], after: NDArray[np.uint8], hole: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(N, 2) flow from one fill to the other, cut to what can be drift."""
    box = bounding_box(hole, margin=_MARGIN)
    if box is None:
        return np.zeros((0, 2), np.float32)
    first, second = np.ascontiguousarray(before[box]), np.ascontiguousarray(after[box])
    drift = flow_between(first, second)[hole[box]]
    length = np.linalg.norm(drift, axis=1, keepdims=True)
    return np.asarray(drift * np.minimum(1, _LARGEST_DRIFT / np.maximum(length, 1e-6)))


def _moved(sources: Sources, by: NDArray[np.float32], size: tuple[int, ...]) -> Sources:
    return sources._replace(
        y=np.clip(sources.y + by[:, 1], 0, size[0] - 1).astype(np.float32),
        x=np.clip(sources.x + by[:, 0], 0, size[1] - 1).astype(np.float32),
    )
