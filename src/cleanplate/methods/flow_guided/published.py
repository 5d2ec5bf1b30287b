"""The propagation as it was published: colours carried frame by frame, and an image network.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.3. The flow is
completed before; what no frame shows is invented in a few key frames and carried on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.resize import resize_flow
from cleanplate.methods.flow_guided.consistency import Links, links
from cleanplate.methods.flow_guided.passes import MERGES, Shown, merge, sweep
from cleanplate.threads import each_frame
from cleanplate.video import (
    UNSEEN,
    Filled,
    Flow,
    Frames,
    Holes,
    Origin,
    Patch,
    Prior,
    check_pair,
    to_clip,
)

# Completes a picture (H, W, 3) float32, RGB, 0 to 255, 0 in its hole (H, W) bool; the result's
# colours outside the hole are not looked at.
Complete = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[Any]]


@dataclass(frozen=True)
class Rules:
    """How colours are propagated.

    epsilon: pixels by which forward and backward flow must disagree less (the paper's value is 5,
    that of the official scripts 20 for the propagation alone and 40 for the whole). merge: "nearer"
    as in the official code, or "weighted" as in the paper (`passes.merge`). Two defects of the
    official code, for comparison: lose_last: the last frame is left out of the result, and black
    as if that were known from the second round on. cut: colours are cut to whole levels after
    each round and at the end, where they are else kept as they are and rounded at the end.
    """

    epsilon: float = 5.0
    merge: str = "nearer"
    lose_last: bool = False
    cut: bool = False

    def __post_init__(self) -> None:
        """Refuse values that mean nothing; raises BadInput."""
        if not self.epsilon > 0:
            raise BadInput(f"epsilon is {self.epsilon}. Give a number of pixels above 0.")
        if not isinstance(self.merge, str) or self.merge not in MERGES:
            raise BadInput(f"merge {self.merge!r} is unknown. Choose one of: {', '.join(MERGES)}.")


def propagate(
    frames: Frames,
    holes: Holes,
    *,
    forward: Flow,
    backward: Flow,
    complete: Complete,
    rules: Rules | None = None,
    prior: Prior | None = None,
    progress: Callable[[float], None] | None = None,
    in_place: bool = False,
) -> Filled:
    """Fill holes by carrying colours along completed flow, and key frames by an image network.

    frames: (T, H, W, 3) uint8 or uint16. holes: (T, H, W) bool; what lies under them is not read.
    forward, backward: (T-1, h, w, 2) float32, of another size they are resized. complete: invents
    what is missing of a single picture. In rounds both passes are made and merged, then the key
    frames are completed, until no hole is left; a round's colours count as known in the next. Where
    two colours are mixed, the nearer one's frame is the source. With `rules.lose_last` the result
    has T-1 frames. prior: what the first frames were filled with before; what no frame shows is
    taken from them before anything is invented. progress: called after both passes with the share
    of the holes' pixels that show something. in_place: paint into `frames` itself. Raises BadInput
    for arrays that do not fit.
    """
    rules = rules or Rules()
    frames, holes = check_pair(frames, holes)
    towards = _links(holes, forward, backward, rules.epsilon)
    pictures, shown = list(frames), [_nothing(hole) for hole in holes]
    count, before = len(frames) - rules.lose_last, 0 if prior is None else len(prior)
    while True:
        shown = _both_passes(pictures, holes, shown, towards, rules)
        if rules.lose_last:
            pictures[-1] = np.zeros_like(frames[-1])
            shown[-1] = _black(holes[-1], len(frames) - 1)
        lost = [int((mine.stamp < 0).sum()) for mine in shown[:count]]
        if progress:
            progress(1 - sum(lost) / max(int(holes.sum()), 1))
        keys = np.flatnonzero(lost[:before]).tolist() or key_frames([some > 0 for some in lost])
        for key in keys:
            mine, hole = shown[key], holes[key]
            if prior is not None and key < before:
                given = _filled_before(prior[key], key)
            else:
                given = _completed(pictures[key], hole, mine, key, complete)
            shown[key] = mine.where(mine.stamp >= 0, given)
        if np.count_nonzero(lost) == len(keys):
            painted = frames if in_place else frames.copy()
            return _result(painted[:count], holes[:count], shown, rules)


def key_frames(lost: Sequence[bool]) -> list[int]:
    """Return the frames to complete next, of those that still show holes (`lost`).

    From either end of the clip one walks to its middle, and takes the frames where a run with holes
    is entered or has just been left; one that reaches beyond the middle may have but one such end.

    >>> key_frames([True] * 5), key_frames([False, True, True, False, False, True])
    ([0, 4], [1, 5])
    """
    from_end = [len(lost) - 1 - t for t in _ends_met(lost[::-1])]
    return sorted({*_ends_met(lost), *from_end})


def _ends_met(lost: Sequence[bool]) -> list[int]:
    """Return where runs begin and end that are met on the way to the middle."""
    met, within = [], False
    for t in range((len(lost) + 1) // 2):
        if lost[t] != within:
            met.append(t if lost[t] else t - 1)
            within = not within
    return met


def _links(
    holes: Holes, forward: Flow, backward: Flow, epsilon: float
) -> tuple[list[Links | None], list[Links | None]]:
    """Return the links of each frame's hole to the frame before it, and to the one after it."""
    for name, flow in (("forward", forward), ("backward", backward)):
        if flow.ndim != 4 or flow.shape[3] != 2 or len(flow) != len(holes) - 1:
            raise BadInput(f"{name} flow is {flow.shape}. Give ({len(holes) - 1}, h, w, 2).")
    size = holes.shape[1:]

    def of_pair(t: int) -> tuple[Links, Links]:
        there, back = resize_flow(forward[t], size), resize_flow(backward[t], size)
        later = links(holes[t + 1], back, there, epsilon=epsilon)
        return later, links(holes[t], there, back, epsilon=epsilon)

    pairs = each_frame(of_pair, len(holes) - 1)
    return [None, *(later for later, _ in pairs)], [*(earlier for _, earlier in pairs), None]


def _both_passes(
    frames: Sequence[NDArray[Any]],
    holes: Holes,
    shown: list[Shown],
    towards: tuple[list[Links | None], list[Links | None]],
    rules: Rules,
) -> list[Shown]:
    """Return what each hole shows after a forward and a backward pass; it counts as the frame's."""
    orders = range(len(frames)), range(len(frames))[::-1]
    past, future = each_frame(
        lambda way: sweep(frames, holes, shown, towards[way], orders[way]), len(orders)
    )

    def merged(t: int) -> Shown:
        lost = (shown[t].stamp < 0).any()
        both = merge(past[t], future[t], t, how=rules.merge) if lost else shown[t]
        colours = np.floor(both.colours) if rules.cut else both.colours
        return both._replace(
            colours=colours, stamp=np.where(both.stamp < 0, both.stamp, np.int32(t))
        )

    return each_frame(merged, len(frames))


def _filled_before(patch: Patch, t: int) -> Shown:
    """Return what the hole of frame t was filled with before."""
    source, nothing = patch.source.astype(np.int32), np.zeros(len(patch.source), np.float32)
    return Shown(patch.colours.astype(np.float32), np.full_like(source, t), source, nothing)


def _completed(
    frame: NDArray[Any], hole: NDArray[np.bool_], shown: Shown, t: int, complete: Complete
) -> Shown:
    """Return what the image network makes of what a hole does not show; it counts only there."""
    rest = np.zeros_like(hole)
    rest[hole] = shown.stamp < 0
    peak = np.float32(np.iinfo(frame.dtype).max / 255)
    picture = frame.astype(np.float32) / peak
    picture[hole] = shown.colours / peak
    picture[rest] = 0
    filled = np.asarray(complete(picture, rest), np.float32)[hole] * peak
    unseen = np.full_like(shown.origin, UNSEEN)
    return Shown(filled, np.full_like(shown.stamp, t), unseen, np.zeros_like(shown.residual))


def _nothing(hole: NDArray[np.bool_]) -> Shown:
    none = np.full(np.count_nonzero(hole), UNSEEN, np.int32)
    colours, residual = np.zeros((len(none), 3), np.float32), np.zeros(len(none), np.float32)
    return Shown(colours, none, none, residual)


def _black(hole: NDArray[np.bool_], t: int) -> Shown:
    nothing = _nothing(hole)
    return nothing._replace(stamp=np.full_like(nothing.stamp, t))


def _result(frames: Frames, holes: Holes, shown: list[Shown], rules: Rules) -> Filled:
    """Put what the holes show into the frames, as whole levels."""
    origins = []
    level = np.floor if rules.cut else np.rint
    for t in range(len(frames)):
        colours, _, origin, residual = shown[t]
        frames[t][holes[t]] = np.clip(level(colours), 0, np.iinfo(frames.dtype).max)
        steps = np.maximum(np.abs(to_clip(origin, 0) - t), 1)
        inconsistency = np.where(origin == UNSEEN, 0, residual / steps).astype(np.float16)
        origins.append(Origin(origin, inconsistency))
    return Filled(frames, holes, origins)
