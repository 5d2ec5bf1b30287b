"""Find the optical flow between neighbouring frames: classical, no weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.threads import each_frame
from cleanplate.video import Flow

_SMALLEST_SIDE = 32  # DIS needs room for its patches at every level


def estimate_flow(pictures: Sequence[NDArray[np.uint8]]) -> tuple[Flow, Flow]:
    """Return forward and backward flow between neighbours, (T-1, H, W, 2) each.

    pictures: T grey pictures (H, W) uint8. Dense inverse search (Kroeger et al., ECCV 2016) with
    patches at half size, five pixels apart, and one variational refinement: on real clips as good
    as OpenCV's "medium" preset in well under half its time.
    """
    pairs = each_frame(lambda t: _both_ways(pictures[t], pictures[t + 1]), len(pictures) - 1)
    if not pairs:
        empty = np.zeros((0, *pictures[0].shape, 2), np.float32)
        return empty, empty
    return np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])


def _both_ways(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return flow_between(first, second), flow_between(second, first)


def flow_between(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the flow (H, W, 2) from one grey picture (H, W) uint8 to another."""
    height, width = first.shape
    extra = max(_SMALLEST_SIDE - height, 0), max(_SMALLEST_SIDE - width, 0)
    if any(extra):
        pad = ((0, extra[0]), (0, extra[1]))
        first, second = np.pad(first, pad, mode="edge"), np.pad(second, pad, mode="edge")
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    search.setPatchStride(5)
    search.setVariationalRefinementIterations(1)
    # Given an array the search would start from what is in it.
    flow: NDArray[np.float32] = search.calc(first, second, None)  # type: ignore[call-overload]
    return flow[:height, :width]
