"""Find the optical flow between neighbouring frames: classical, no weights; or by a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.devices import DEVICES, device_named
from cleanplate.errors import BadInput
from cleanplate.io.refuse import path_of
from cleanplate.states import torch_needed
from cleanplate.threads import each_frame
from cleanplate.video import Flow
from cleanplate.weights import load_network

# Forward and backward flow, (T-1, H, W, 2) each, of T pictures (H, W, 3) uint8 RGB.
Estimate = Callable[[Sequence[NDArray[np.uint8]]], tuple[Flow, Flow]]

ESTIMATORS = ("dis", "raft")
_SMALLEST_SIDE = 32  # DIS needs room for its patches at every level


def load_estimator(
    name: str, *, weights: str | Path | None = None, device: str = "auto"
) -> Estimate:
    """Return what finds flow, by a name in ESTIMATORS.

    dis: dense inverse search, on the CPU. raft: the network of Teed and Deng, ECCV 2020, which
    needs weights, a file of ours. device: where the network computes, a name in DEVICES. Raises
    BadInput.
    """
    for value, known, what in ((name, ESTIMATORS, "estimator"), (device, DEVICES, "device")):
        if not isinstance(value, str) or value not in known:
            raise BadInput(f"{what} {value!r} is unknown. Choose one of: {', '.join(known)}.")
    if name == "raft":
        return _network(weights, device)
    if weights is not None:
        raise BadInput("the estimator dis has no weights. Leave them out, or choose raft.")
    if device == "cuda":
        raise BadInput("the estimator dis computes on the CPU alone. Choose the device auto.")
    return classical_flow


def _network(weights: str | Path | None, device: str) -> Estimate:
    """Return RAFT with its weights, on its device."""
    if weights is None:
        raise BadInput(
            "the estimator raft needs weights. Give a file of ours; "
            "cleanplate weights convert --method raft makes one."
        )
    with torch_needed():
        from cleanplate.flow import raft
    network = load_network(path_of(weights), method="raft", room=raft)
    network.to(device_named(device)).eval().requires_grad_(False)
    return partial(raft.learned_flow, network)


def classical_flow(pictures: Sequence[NDArray[np.uint8]]) -> tuple[Flow, Flow]:
    """Return the flow of `estimate_flow` between pictures (H, W, 3) RGB."""
    return estimate_flow(each_frame(lambda t: grey(pictures[t]), len(pictures)))


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) RGB as grey, (H, W)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def estimate_flow(pictures: Sequence[NDArray[np.uint8]]) -> tuple[Flow, Flow]:
    """Return forward and backward flow between neighbours, (T-1, H, W, 2) each.

    pictures: T grey pictures (H, W) uint8. Dense inverse search (Kroeger et al., ECCV 2016) with
    patches at half size, five pixels apart, and one variational refinement: on real clips as good
    as OpenCV's "medium" preset in well under half its time.
    """
    shape = (len(pictures) - 1, *pictures[0].shape, 2)
    forward, backward = np.empty(shape, np.float32), np.empty(shape, np.float32)

    def find(t: int) -> None:
        forward[t] = flow_between(pictures[t], pictures[t + 1])
        backward[t] = flow_between(pictures[t + 1], pictures[t])

    each_frame(find, len(forward))
    return forward, backward


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
