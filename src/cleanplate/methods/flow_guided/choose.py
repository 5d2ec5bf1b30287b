"""Choose between two guesses of the motion inside the hole: where both ends agree, it was right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.behind import Clip
from cleanplate.merge import average_inside, mean_channel
from cleanplate.propagate import Sources
from cleanplate.warp import sample_known

Sides = tuple[Sources, Sources]  # of the past and of the future

_WINDOW = 41  # pixels over which the differences of both ends are averaged
_CLEARLY = 1.2  # how many times as far apart the ends by the flow must be, and
_NOISE = 1.0  # by how many levels more


def choose_motion(clip: Clip, t: int, by_flow: Sides, by_camera: Sides) -> Sides:
    """Return for every hole pixel of frame t its sources by the flow, or by the camera's motion.

    A pixel that both past and future show should look the same at both ends of its trajectory.
    The camera's motion is taken where its ends are clearly more alike than the flow's around the
    pixel (where nothing around shows both ends: in the whole hole), and where the flow finds no
    source. The flow knows parallax and moving things, the camera is never led astray by what
    clings to the hole.
    """
    flow_ends, camera_ends = (_difference(clip, sides) for sides in (by_flow, by_camera))
    both = np.isfinite(flow_ends) & np.isfinite(camera_ends)
    hole = clip.holes[t]
    apart, camera_apart = (_around(ends, both, hole) for ends in (flow_ends, camera_ends))
    stay = apart <= _CLEARLY * camera_apart + _NOISE
    past, future = (
        flow.where(stay).or_else(camera).or_else(flow)
        for flow, camera in zip(by_flow, by_camera, strict=True)
    )
    return past, future


def _difference(clip: Clip, sides: Sides) -> NDArray[np.float32]:
    """(N,) mean absolute difference of the colours at both ends; NaN where one is missing."""
    (before, has_before), (after, has_after) = (
        sample_known(clip.frames, clip.holes, *side[:3]) for side in sides
    )
    apart = mean_channel(np.abs(before - after))
    return np.where(has_before & has_after, apart, np.float32(np.nan))


def _around(
    ends: NDArray[np.float32], valid: NDArray[np.bool_], hole: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Differences averaged around each pixel, or over the whole hole where there are none."""
    if not valid.any():
        return np.zeros_like(ends)
    near = average_inside(np.ones_like(ends), valid, hole, _WINDOW) > 0
    return np.where(near, average_inside(ends, valid, hole, _WINDOW), ends[valid].mean())
