"""How steady a result is: warping errors against the truth, and flicker without one.

Frames are (T, H, W, 3) uint8 or uint16, holes (T, H, W) bool. Each pair of neighbouring frames is
compared along the optical flow between them. Flow is found by `flow`, a function like
``estimate_flow``: it is given the two grey pictures of a pair, (H, W) uint8 each, and returns
forward and backward flow, (1, H, W, 2) each, in pixels; it may be called from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.estimate import estimate_flow
from cleanplate.metrics import Sums, quotient
from cleanplate.metrics.fidelity import PEAK, check_alike
from cleanplate.threads import each_frame
from cleanplate.video import Flow, Frames, Holes, check_pair
from cleanplate.warp import sample_known

FindFlow = Callable[[Sequence[NDArray[np.uint8]]], tuple[Flow, Flow]]
Field = NDArray[np.float32]  # (H, W, 2), flow between two frames
Plane = NDArray[np.float64]  # (H, W)


def warping_error(
    result: Frames, truth: Frames, *, flow: FindFlow = estimate_flow, leaving: bool = True
) -> float:
    """Return the warping error E_warp, at least 0: squared differences of frames in [0, 1].

    Each frame is compared with the next one drawn back along the flow of the truth; pixels that
    are occluded or lie at a motion boundary do not count. The mean over pixels and channels, then
    over pairs; a pair without any pixel that counts has 0, a single frame nan. Tables often show
    it in per cent. leaving: compare pixels that leave the picture with its border, as the published
    tool does (its flow is FlowNet2's); without, they do not count. Raises BadInput where shapes or
    types differ. Source: Lai et al., ECCV 2018, and its evaluation tool.
    """
    return quotient(warping_error_sums(result, truth, flow=flow, leaving=leaving))


def warping_error_sums(
    result: Frames, truth: Frames, *, flow: FindFlow = estimate_flow, leaving: bool = True
) -> Sums:
    """Return the errors of all pairs and how many there are; see `warping_error`."""
    check_alike(result, truth)

    def error(t: int) -> float:
        forward, backward = _flows(truth[t], truth[t + 1], flow)
        seen = ~(occluded(forward, backward) | at_motion_boundary(forward))
        if not leaving:
            seen &= stays_inside(forward)
        first, second = _scaled(result[t], 1.0), _scaled(result[t + 1], 1.0)
        errors = (_follow(second, forward) - first)[seen] ** 2
        return float(errors.mean()) if errors.size else 0.0

    errors = each_frame(error, len(truth) - 1)
    return sum(errors), len(errors)


def warping_error_tsam(
    result: Frames,
    truth: Frames,
    holes: Holes,
    *,
    flow: FindFlow = estimate_flow,
    peak: float = PEAK,
) -> float:
    """Return the warping error of TSAM's evaluation, at least 0; not comparable with E_warp.

    Each frame is compared with the one before, drawn along the negated forward flow of the truth,
    in the hole. A pixel's weight falls with how much the truth changes there: exp(-50 d^2), d
    the sum of the differences of its channels, 0 to `peak`. The squared, weighted differences of
    the clip are divided by its hole pixels and by the weights of all pixels; the first frame's
    count in neither. nan for a single frame, and where no pixel is in a hole or no weight is left.
    Raises BadInput where shapes or types differ. Source: Zou et al., CVPR 2021, the official code.
    """
    return quotient(warping_error_tsam_sums(result, truth, holes, flow=flow, peak=peak))


def warping_error_tsam_sums(
    result: Frames,
    truth: Frames,
    holes: Holes,
    *,
    flow: FindFlow = estimate_flow,
    peak: float = PEAK,
) -> Sums:
    """Return squares, hole pixels and weights of all pairs; see `warping_error_tsam`."""
    check_alike(result, truth, holes)

    def error(t: int) -> tuple[float, float]:
        forward, _ = _flows(truth[t], truth[t + 1], flow)
        change = _scaled(truth[t + 1], peak) - _drawn_as_tsam(_scaled(truth[t], peak), forward)
        weight = np.exp(-50.0 * change.sum(-1) ** 2)
        change = _scaled(result[t + 1], peak) - _drawn_as_tsam(_scaled(result[t], peak), forward)
        inside = holes[t + 1]
        squares = (change[inside] * weight[inside][:, None]) ** 2
        return float(squares.sum()), float(weight.sum())

    pairs = each_frame(error, len(truth) - 1)
    squares, weights = (sum(parts) for parts in zip((0.0, 0.0), *pairs, strict=True))
    return squares, int(holes[1:].sum()), weights


def flicker(result: Frames, holes: Holes, *, flow: FindFlow = estimate_flow) -> float:
    """Return how much the fill changes along its own motion, in levels of 0 to 255; 0 is steady.

    No truth is needed: every hole pixel of a frame is compared with the frame before at the place
    that the flow between these two frames of the result leads to, in the hole or not. Pixels whose
    flow leaves the picture or disagrees with the flow back are not seen in both and do not count.
    The mean of the absolute differences over pixels and channels, then over pairs; pairs without
    such a pixel are left out, nan if no pair has one. What changes too wildly for its flow to
    agree is not seen either: read it beside a picture. Raises BadInput where shapes or types
    differ.
    """
    return quotient(flicker_sums(result, holes, flow=flow))


def flicker_sums(result: Frames, holes: Holes, *, flow: FindFlow = estimate_flow) -> Sums:
    """Return the changes of all pairs that count and how many there are; see `flicker`."""
    found = [change for change in changes(result, holes, flow=flow) if not np.isnan(change)]
    return sum(found), len(found)


def changes(result: Frames, holes: Holes, *, flow: FindFlow = estimate_flow) -> list[float]:
    """Return how much the fill of each frame but the first changes along its own motion.

    In levels, as `flicker`, whose means these are; nan where no pixel of a pair counts.
    """
    result, holes = check_pair(result, holes)

    def change(t: int) -> float:
        if not holes[t + 1].any():
            return float("nan")
        forward, backward = _flows(result[t], result[t + 1], flow)
        seen = holes[t + 1] & stays_inside(backward) & ~occluded(backward, forward)
        before, here = _scaled(result[t], PEAK), _scaled(result[t + 1], PEAK)
        differences = np.abs(_follow(before, backward) - here)[seen]
        return float(differences.mean()) if differences.size else float("nan")

    return each_frame(change, len(result) - 1)


def occluded(flow: Field, back: Field) -> NDArray[np.bool_]:
    """Tell where, (H, W) bool, a flow and the flow back disagree: what is there is hidden there.

    Sundaram et al., ECCV 2010: |e|^2 > 0.01 (|flow|^2 + |back|^2) + 0.5, e the sum of the flow and
    of the flow back from where it leads.
    """
    there = _follow(back, flow)
    limit = 0.01 * (_squares(there) + _squares(flow)) + 0.5
    return np.asarray(_squares(there + flow) > limit)


def at_motion_boundary(flow: Field) -> NDArray[np.bool_]:
    """Tell where, (H, W) bool, a flow changes abruptly to the right or downwards.

    Sundaram et al., ECCV 2010: the squared differences exceed 0.01 |flow|^2 + 0.002.
    """
    right = np.diff(flow, axis=1, append=flow[:, -1:])
    down = np.diff(flow, axis=0, append=flow[-1:])
    limit = 0.01 * _squares(flow) + 0.002
    return np.asarray(_squares(right) + _squares(down) > limit)


def stays_inside(flow: Field) -> NDArray[np.bool_]:
    """Tell where, (H, W) bool, a flow leads to a place within the picture."""
    height, width = flow.shape[:2]
    x, y = np.arange(width) + flow[..., 0], np.arange(height)[:, None] + flow[..., 1]
    return np.asarray((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))


def _drawn_as_tsam(picture: Field, flow: Field) -> Plane:
    """Draw a picture (H, W, 3) along the negated flow as TSAM's code does it.

    Its positions are scaled as if the corners of pixels were meant, so that even without flow the
    picture is not met exactly, and a pixel that is not wholly inside counts as black.
    """
    height, width = flow.shape[:2]
    x = (np.arange(width) - flow[..., 0].astype(np.float64)) * (width / max(width - 1, 1)) - 0.5
    y = (np.arange(height)[:, None] - flow[..., 1].astype(np.float64)) * (
        height / max(height - 1, 1)
    ) - 0.5
    beyond_x = np.maximum(np.maximum(-x, x - (width - 1)), 0)
    beyond_y = np.maximum(np.maximum(-y, y - (height - 1)), 0)
    share = np.maximum(1 - beyond_x, 0) * np.maximum(1 - beyond_y, 0)
    share[share < 0.9999] = 0
    return np.asarray(_sample(picture, y, x) * share[..., None])


def _follow(picture: Field, flow: Field) -> Plane:
    """Return what lies where a flow leads, (H, W, C); positions are clamped to the picture."""
    height, width = flow.shape[:2]
    return _sample(
        picture, np.arange(height)[:, None] + flow[..., 1], np.arange(width) + flow[..., 0]
    )


def _sample(picture: Field, y: NDArray[Any], x: NDArray[Any]) -> Plane:
    known = np.zeros((1, *picture.shape[:2]), np.bool_)
    places = y.astype(np.float32).ravel(), x.astype(np.float32).ravel()
    frame = np.zeros(y.size, np.int64)
    colours, _ = sample_known(np.ascontiguousarray(picture)[None], known, frame, *places)
    return np.asarray(colours, np.float64).reshape(*y.shape, -1)


def _flows(first: NDArray[Any], second: NDArray[Any], flow: FindFlow) -> tuple[Field, Field]:
    wanted = (1, *first.shape[:2], 2)
    found = [np.asarray(each, np.float32) for each in flow([_grey(first), _grey(second)])]
    for each in found:
        # A place that is not a number would be read from anywhere in memory.
        if each.shape != wanted or not np.isfinite(each).all():
            raise BadInput(
                f"flow has shape {each.shape}, or is not finite. Give finite {wanted} for a pair."
            )
    forward, backward = found
    return forward[0], backward[0]


def _grey(frame: NDArray[Any]) -> NDArray[np.uint8]:
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8)


def _scaled(frame: NDArray[Any], peak: float) -> Field:
    scale = peak / np.iinfo(frame.dtype).max
    return (frame * np.float64(scale)).astype(np.float32)


def _squares(field: NDArray[Any]) -> Plane:
    return np.asarray((field.astype(np.float64) ** 2).sum(-1))
