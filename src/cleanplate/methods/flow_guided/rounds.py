"""Find where each hole pixel is seen: flow, completion, trajectories - and again on the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.flow.behind import Clip, Motion, find_motion
from cleanplate.flow.complete import complete_flow
from cleanplate.flow.completion import Complete
from cleanplate.flow.estimate import Estimate, classical_flow
from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import (
    Candidate,
    doubt_where_apart,
    expected_variance,
    merge_by_reliability,
)
from cleanplate.methods.flow_guided.agree import agree
from cleanplate.propagate import Sources, follow, starts
from cleanplate.region import bounding_box, reduce_hole, reduce_picture
from cleanplate.seams import Fit, fit_edge
from cleanplate.threads import each_frame, stack_frames

Colours = NDArray[np.float32]  # (N, 3), 0 to 255

_TOLERANCE = 5.0  # pixels of forward-backward residual in one step; Xu et al.'s epsilon
# Where a pixel has one source or none: pixels a step by which what the motion of the whole frame
# leads to may move otherwise, and the share of that motion that is added: the faster, the less
# exactly is either known. Where sources are merged the smooth fill that is left would be worse.
STRAY = 3.0
_STRAY_SHARE = 0.1
_ONE = np.float32(1)
_CAMERA_VARIANCE = 2.0  # of a source by the whole frame's motion, against one by the flow


def first_guess(
    clip: Clip, *, estimate: Estimate = classical_flow, complete: Complete = complete_flow
) -> list[NDArray[np.float32]]:
    """Colours (N, 3) a frame from a round at half size.

    estimate, complete: find its flow, and complete it.
    """
    height, width = clip.holes.shape[1:]
    half = (max(1, round(height / 2)), max(1, round(width / 2)))
    small = Clip(
        stack_frames(lambda t: reduce_picture(clip.frames[t], half), len(clip.frames)),
        stack_frames(lambda t: reduce_hole(clip.holes[t], half), len(clip.holes)),
    )
    motion = find_motion(small, None, removal=True, estimate=estimate, complete=complete)
    colours = guide(small, motion, quick=True)
    pictures = small.filled(colours)

    def enlarged(t: int) -> Any:
        picture = cv2.resize(pictures[t], (width, height), interpolation=cv2.INTER_LINEAR)
        return picture[clip.holes[t]].astype(np.float32)

    return each_frame(enlarged, len(pictures))


@dataclass(frozen=True)
class Traces:
    """Sources of every frame's hole: by the flow and by the camera, in the past and the future."""

    past: list[Sources]
    future: list[Sources]
    camera_past: list[Sources]
    camera_future: list[Sources]

    def by_flow(self, t: int) -> tuple[Sources, Sources]:
        """Past and future sources of frame t by the completed flow."""
        return self.past[t], self.future[t]

    def by_camera(self, t: int) -> tuple[Sources, Sources]:
        """Past and future sources of frame t by the motion of the whole frame."""
        return self.camera_past[t], self.camera_future[t]


def trace(clip: Clip, motion: Motion, *, stray: float = np.inf) -> Traces:
    """Follow both motions both ways from every hole pixel of the clip.

    stray: pixels a step by which what the whole frame's motion leads to may move otherwise. With
    no limit it leads to whatever crosses its way, and a car is drawn again and again.
    """
    begin, known = starts(clip.holes), ~clip.holes
    flow = list(motion.forward), list(motion.backward)
    camera = motion.camera_forward, motion.camera_backward
    steady = known
    if np.isfinite(stray):
        steady = known & stack_frames(lambda t: _with_camera(motion, t, stray), len(known))

    def go(way: int) -> list[Sources]:
        (forward, backward), seen = ((flow, known), (camera, steady))[way // 2]
        towards = (-1, 1)[way % 2]
        return follow(forward, backward, begin, seen, towards=towards, tolerance=_TOLERANCE)

    return Traces(*each_frame(go, 4))


def _with_camera(motion: Motion, t: int, stray: float) -> NDArray[np.bool_]:
    """Return where frame t (H, W) moves as the whole frame does, to the next one or to the last.

    stray: see `trace`; that, and a share of the motion.
    """
    ways = [(motion.forward, motion.camera_forward, t)] if t < len(motion.forward) else []
    ways += [(motion.backward, motion.camera_backward, t - 1)] if t else []
    apart = [np.full(motion.forward.shape[1:3], np.inf, np.float32)]
    for flow, camera, pair in ways:
        whole = camera[pair]
        limit = stray + _STRAY_SHARE * _lengths(whole)
        apart.append(_lengths(flow[pair] - whole) / limit)
    return np.asarray(np.minimum.reduce(apart) <= 1)


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (H, W) of vectors (H, W, 2); numpy's norm along the last axis takes several times."""
    return np.asarray(np.hypot(vectors[..., 0], vectors[..., 1]))


def all_sides(clip: Clip, traces: Traces, t: int) -> list[Sources]:
    """All that is known of frame t's hole: by the flow, past and future agreeing, by the camera."""
    flow = agree(*traces.by_flow(t), t, clip.frames, clip.holes, clip.smooth[t])
    return [*flow, *traces.by_camera(t)]


def candidates(
    album: Album, t: int, traced: list[Sources], step: np.float32 = _ONE
) -> list[Candidate]:
    """Return what the sources of frame t show, those by the flow first, then those by the camera.

    step: of the frames' type for one 8-bit level; colours are returned as 0 to 255.
    """
    found = []
    for index, sources in enumerate(traced):
        colours, shown = album.sample(sources)
        sources = sources.where(shown)
        trust = 1.0 if index < 2 else _CAMERA_VARIANCE
        found.append(Candidate(colours / step, trust * expected_variance(sources, t), sources))
    return found


def fit_edges(album: Album, t: int, found: list[Candidate]) -> list[Fit]:
    """Compare what lies beside each candidate's sources with the picture around frame t's hole."""
    return [fit_edge(one.sources, one.variance, album, t) for one in found]


def meet(found: list[Candidate], fits: list[Fit]) -> list[Candidate]:
    """Make candidates meet the picture around the hole, and trust them as far as they do."""
    return [
        one._replace(colours=one.colours + fit.correction, variance=one.variance * fit.doubt)
        for one, fit in zip(found, fits, strict=True)
    ]


def merge(
    found: list[Candidate],
    hole: NDArray[np.bool_],
    smooth: NDArray[np.float32],
    *,
    scale: float = 1.0,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Merge the candidates of both motions by reliability, as `merge_by_reliability`."""
    by_flow = doubt_where_apart(found[0], found[1], hole, scale=scale)
    by_camera = doubt_where_apart(found[2], found[3], hole, scale=scale)
    return merge_by_reliability([*by_flow, *by_camera], hole, smooth, scale=scale)


def guide(clip: Clip, motion: Motion, *, quick: bool = False) -> list[NDArray[np.float32]]:
    """Colours (N, 3) a frame, merged by reliability: what the next round's flow is found on.

    quick: leave out making past and future agree, and comparing them with the hole's surroundings.
    """
    traces = trace(clip, motion, stray=STRAY if quick else np.inf)
    album = Album(clip.frames, clip.holes)

    def fill(t: int) -> NDArray[np.float32]:
        hole = clip.holes[t]
        if not hole.any():
            return clip.smooth[t]
        if quick:
            found = candidates(album, t, [*traces.by_flow(t), *traces.by_camera(t)])
        else:
            found = candidates(album, t, all_sides(clip, traces, t))
            found = meet(found, fit_edges(album, t, found))
        merged, seen = merge(found, hole, clip.smooth[t])
        return fill_rest(clip.frames[t], hole, merged, seen)

    return each_frame(fill, len(clip.frames))


def fill_rest(
    frame: NDArray[Any],
    hole: NDArray[np.bool_],
    colours: NDArray[np.float32],
    seen: NDArray[np.bool_],
    step: np.float32 = _ONE,
) -> NDArray[np.float32]:
    """Fill the pixels not seen smoothly from all the others, in place; returns the colours (N, 3).

    step: of the frame's type for one 8-bit level; colours are 0 to 255.
    """
    if seen.all():
        return colours
    rest, near = np.zeros_like(hole), np.zeros_like(hole)
    rest[hole] = ~seen
    box = bounding_box(rest, margin=1)
    if box is None:
        return colours
    near[box] = hole[box]
    picture = frame[box] / step
    picture[hole[box]] = colours[near[hole]]
    colours[~seen] = harmonic_fill(picture, rest[box], in_place=True)[rest[box]]
    return colours
