"""Complete flow inside the hole by a network, which sees what can be carried into it.

What takes the place of the network of Xu et al., CVPR 2019, section 3.1, for a small part of its
arithmetic. Importing this module needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.flow.camera import CameraMotion
from cleanplate.flow.carry import Carried, carry, turned
from cleanplate.flow.complete import Effort, complete_flow
from cleanplate.flow.completion_network import CHANNELS, UNIT, Network
from cleanplate.region import bounding_box, pixels_of, reduce_hole, reduce_picture
from cleanplate.threads import each_frame, stack_frames
from cleanplate.video import Flow, Holes

_SHRINK = 2  # the network's pictures are smaller by so much
_BATCH = 4  # flows that the network is given at once
_MARGIN = 16  # pixels around a hole that the network sees, at its size; more gains nothing
_REACH = 20.0  # pixels from the hole's edge that count as 1
_LEAST_SCALE = 0.5  # pixels of motion that count as 1 where nothing moves
_WAYS = (0, 1)  # forward and backward

Box = tuple[slice, slice]


def complete_by_learning(
    forward: Flow,
    backward: Flow,
    camera: tuple[CameraMotion, CameraMotion],
    doubtful: tuple[Holes, Holes],
    network: Network,
    *,
    effort: Effort,
) -> tuple[Flow, Flow]:
    """Replace forward and backward flow where it is doubtful, in place; return both.

    As `complete_flow`, but the residual that was continued harmonically is corrected by a network
    at half the size. network: on the CPU. effort: of its edge sweeps alone. Beside the flow itself
    takes the memory of three times what it comes to at half the size.
    """
    improve = partial(_improve, network)
    return complete_flow(forward, backward, camera, doubtful, effort=effort, improve=improve)


@dataclass(frozen=True)
class Guesses:
    """What is known of N residual flows of one direction before the network is asked.

    smooth: (N, h, w, 2), known outside the holes, harmonic inside. lost: (N, h, w) bool, the holes.
    past, future: what was carried into them. towards: 1 where flows lead to the next one, -1 where
    to the one before.
    """

    smooth: Flow
    lost: Holes
    past: Carried
    future: Carried
    towards: int

    def scale(self, t: int) -> float:
        """Return the pixels of motion that count as 1 to the network in flow t."""
        known = (~self.lost[t]).view(np.uint8)
        across, down, *_ = cv2.mean(np.abs(self.smooth[t]), known)
        return _LEAST_SCALE + (across + down) / 2

    def channels(self, t: int, box: Box) -> NDArray[np.float32]:
        """Return what the network is given of a box of flow t, (16, height, width)."""
        smooth, lost = self.smooth[t][box], self.lost[t]
        depth = cv2.distanceTransform(lost.astype(np.uint8), cv2.DIST_L2, 3)[box]
        given = np.empty((*smooth.shape[:2], CHANNELS), np.float32)
        given[..., 0:2] = smooth
        for start, carried in ((2, self.past), (5, self.future)):
            given[..., start : start + 2] = carried.flow[t][box] - smooth
            steps = carried.steps[t][box]
            given[..., start + 2] = (steps > 0) / np.maximum(steps, np.float32(1))
        given[..., 8] = lost[box]
        given[..., 9] = np.minimum(depth, sum(lost.shape)) / _REACH  # endless without an edge
        for start, beside in ((10, t - self.towards), (13, t + self.towards)):
            there = min(max(beside, 0), len(self.lost) - 1)
            given[..., start : start + 2] = self.smooth[there][box]
            given[..., start + 2] = self.lost[there][box]
        scale = self.scale(t)
        for start in (0, 2, 5, 10, 13):
            given[..., start : start + 2] /= scale
        return np.ascontiguousarray(given.transpose(2, 0, 1))


def guesses(
    smooth: tuple[Flow, Flow],
    camera: tuple[CameraMotion, CameraMotion],
    lost: tuple[Holes, Holes],
) -> tuple[Guesses, Guesses]:
    """Carry what is known into the holes, forward and backward.

    smooth: (N, h, w, 2) residuals to the camera, harmonic in the holes. lost: (N, h, w) bool.
    """
    towards = (1, -1)
    past = each_frame(
        lambda way: carry(smooth[way], camera[way], lost[way], towards=towards[way]), 2
    )
    first, second = (
        Guesses(
            smooth[way],
            lost[way],
            past[way],
            turned(past[1 - way], camera[1 - way], smooth[way], lost[way]),
            towards[way],
        )
        for way in _WAYS
    )
    return first, second


def _improve(
    network: Network,
    residuals: tuple[Flow, Flow],
    camera: tuple[CameraMotion, CameraMotion],
    doubtful: tuple[Holes, Holes],
) -> None:
    """Correct both residuals by the network where they are doubtful, in place."""
    full = residuals[0].shape[1:3]
    size = (-(-full[0] // _SHRINK), -(-full[1] // _SHRINK))
    ahead, back = (_reduced(residuals[way], doubtful[way], size) for way in _WAYS)
    motion = camera[0].resized(size), camera[1].resized(size)
    both = guesses((ahead[0], back[0]), motion, (ahead[1], back[1]))
    for known, residual, where in zip(both, residuals, doubtful, strict=True):
        for times, box in _batches(known.lost):
            found = corrections(network, known, times, box)
            each_frame(partial(_add, residual, where, known.lost, times, box, found), len(times))


def _reduced(residual: Flow, doubtful: Holes, size: tuple[int, int]) -> tuple[Flow, Holes]:
    """Bring flow and hole to the network's size; what has any share of the hole is hole."""
    height, width = residual.shape[1:3]
    scale = np.array([size[1] / width, size[0] / height], np.float32)
    smooth = stack_frames(lambda t: reduce_picture(residual[t], size) * scale, len(residual))
    return smooth, stack_frames(lambda t: reduce_hole(doubtful[t], size), len(doubtful))


def _batches(lost: Holes) -> Iterator[tuple[list[int], Box]]:
    """Yield flows that have a hole, few at a time, and the box that the network has to see."""
    times = [t for t, hole in enumerate(lost) if hole.any()]
    for start in range(0, len(times), _BATCH):
        part = times[start : start + _BATCH]
        box = bounding_box(np.logical_or.reduce(lost[part]), margin=_MARGIN)
        assert box is not None
        yield part, box


def corrections(
    network: Network, known: Guesses, times: Sequence[int], box: Box
) -> NDArray[np.float32]:
    """Return what the network adds to flows in a box, (len(times), height, width, 2) pixels."""
    height, width = (side.stop - side.start for side in box)
    beyond = (-height % UNIT, -width % UNIT)
    wide = [(0, 0), (0, beyond[0]), (0, beyond[1])]

    def given(number: int) -> Any:
        return np.pad(known.channels(times[number], box), wide, mode="edge")

    with torch.inference_mode():
        batch = torch.from_numpy(stack_frames(given, len(times)))
        found = network(batch.contiguous(memory_format=torch.channels_last))
    scales = np.array([known.scale(t) for t in times], np.float32)[:, None, None, None]
    inside: NDArray[np.float32] = found[..., :height, :width].permute(0, 2, 3, 1).numpy()
    return inside * scales


def _add(
    residual: Flow,
    doubtful: Holes,
    lost: Holes,
    times: Sequence[int],
    box: Box,
    found: NDArray[np.float32],
    number: int,
) -> None:
    """Enlarge one correction and add it where the flow is doubtful, in place."""
    t, (height, width) = times[number], residual.shape[1:3]
    small = np.zeros((*lost.shape[1:], 2), np.float32)
    grown = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    small[box] = np.where(lost[t][box][..., None], found[number] * grown, 0)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    rows, columns = pixels_of(doubtful[t])
    residual[t][rows, columns] += large[rows, columns]
