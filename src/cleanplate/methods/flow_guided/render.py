"""From sources to pixels at full size: the two ways to tune a fill."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import Candidate, most_reliable, one_side
from cleanplate.methods.flow_guided.agree import agree
from cleanplate.methods.flow_guided.choose import choose_motion
from cleanplate.methods.flow_guided.rounds import (
    Clip,
    Motion,
    Traces,
    all_sides,
    candidates,
    fill_rest,
    merge,
    trace,
)
from cleanplate.methods.flow_guided.unseen import invent
from cleanplate.propagate import Sources, enlarge
from cleanplate.region import pixels_of
from cleanplate.seams import edge_correction
from cleanplate.threads import each_frame
from cleanplate.video import KNOWN, UNSEEN, Filled, Frames, Holes, Provenance
from cleanplate.warp import sample_known

Colours = NDArray[np.float32]

_NOTICED = 0.02  # share of the hole: the seams of smaller inventions are not worth the time


def levels(frames: Frames) -> int:
    """Return the steps of the frames' type for one 8-bit level: 1, or 257 for uint16."""
    return 257 if frames.dtype == np.uint16 else 1


class Painter:
    """Paints the holes of frames in place, frame by frame, with provenance.

    Others may go on sampling the frames meanwhile: what lies under a hole counts for nothing.
    """

    def __init__(self, frames: Frames, holes: Holes) -> None:
        self.frames, self.holes = frames, holes
        self.source = np.full(holes.shape, KNOWN, np.int16)
        self.inconsistency = np.zeros(holes.shape, np.float16)

    def paint(self, t: int, colours: Colours, sources: Sources) -> None:
        """Set the hole of frame t to colours (N, 3), 0 to 255, taken from sources."""
        inside, step = np.flatnonzero(self.holes[t]), levels(self.frames)
        self.frames[t].reshape(-1, 3)[inside] = np.rint(np.clip(colours, 0, 255) * step)
        self.source[t].reshape(-1)[inside] = sources.frame
        consistency = np.where(sources.frame >= 0, sources.inconsistency(t), 0)
        self.inconsistency[t].reshape(-1)[inside] = consistency

    def filled(self) -> Filled:
        """Return what was painted."""
        return Filled(self.frames, Provenance(self.source, self.inconsistency))


def fidelity(clip: Clip, traces: Traces, frames: Frames, holes: Holes) -> Filled:
    """Merge all that is known of each pixel by its reliability: close to the truth, if softer."""
    painter = Painter(frames, holes)
    scale = holes.shape[1] / clip.holes.shape[1]
    step = np.float32(levels(frames))

    def draw(t: int) -> None:
        hole = holes[t]
        if not hole.any():
            return
        large = [enlarge(s, clip.holes[t], hole) for s in all_sides(clip, traces, t)]
        found = candidates(frames, holes, t, large, step)
        smooth = harmonic_fill(frames[t], hole)[hole] / step
        colours, seen = merge(found, hole, smooth, scale=scale)
        colours = fill_rest(frames[t], hole, colours, seen, step)
        painter.paint(t, colours, most_reliable(found))

    each_frame(draw, len(frames))
    return painter.filled()


class Pick(NamedTuple):
    """One source for each hole pixel, and what to add to its colour, (N, 3), to hide the seam."""

    sources: Sources
    correction: Colours


def pick_all(clip: Clip, motion: Motion, *, seed: int) -> list[Pick]:
    """Choose one place for each pixel of every hole, invented where no frame shows it."""
    traces = trace(clip, motion)
    picks = each_frame(lambda t: _pick(clip, traces, t), len(clip.frames))
    sources = invent(clip, motion, [pick.sources for pick in picks], seed)
    return each_frame(lambda t: _with_inventions(clip, picks[t], sources[t], t), len(picks))


def _with_inventions(clip: Clip, pick: Pick, sources: Sources, t: int) -> Pick:
    """Add what was invented for frame t, and hide its seam as well."""
    hole, invented = clip.holes[t], pick.sources.frame == UNSEEN
    if invented.sum() < _NOTICED * len(invented):
        return pick._replace(sources=sources)
    colours, shown = sample_known(clip.frames, clip.holes, *sources[:3])
    correction = edge_correction(colours, shown, clip.frames[t], hole)
    return Pick(sources, np.where(invented[:, None], correction, pick.correction))


def removal(clip: Clip, picks: list[Pick], frames: Frames, holes: Holes) -> Filled:
    """Take each pixel from its one place, seams evened out: as sharp as its surroundings."""
    painter = Painter(frames, holes)
    step = np.float32(levels(frames))

    def draw(t: int) -> None:
        hole = holes[t]
        if not hole.any():
            return
        small_hole = clip.holes[t]
        large = enlarge(picks[t].sources, small_hole, hole)
        colours, found = sample_known(frames, holes, *large[:3])
        colours = colours / step + _spread(picks[t].correction, small_hole, hole)
        colours = fill_rest(frames[t], hole, colours, found, step)
        painter.paint(t, colours, large.where(found & (large.residual >= 0)))

    each_frame(draw, len(frames))
    return painter.filled()


def _pick(clip: Clip, traces: Traces, t: int) -> Pick:
    """Choose a trajectory and then a side for every pixel of frame t."""
    hole = clip.holes[t]
    if not hole.any():
        nothing = np.zeros(0, np.float32)
        return Pick(Sources(np.zeros(0, np.int32), nothing, nothing, nothing), clip.smooth[t])
    chosen = choose_motion(clip, t, traces.by_flow(t), traces.by_camera(t))
    sides = agree(*chosen, t, clip.frames, clip.holes, clip.smooth[t])
    past, future = candidates(clip.frames, clip.holes, t, list(sides))
    ahead = one_side(past, future, hole)
    sources = future.sources.where(ahead).or_else(past.sources.where(~ahead))
    corrections = [_correction(side, clip, t) for side in (past, future)]
    correction = np.where(ahead[:, None], corrections[1], corrections[0])
    correction[sources.frame == UNSEEN] = 0
    return Pick(sources, correction)


def _correction(side: Candidate, clip: Clip, t: int) -> Colours:
    shown = np.isfinite(side.variance)
    return edge_correction(side.colours, shown, clip.frames[t], clip.holes[t])


def _spread(values: Colours, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Colours:
    """Interpolate values (n, 3) of a small hole's pixels at the N pixels of the full-size hole."""
    if small_hole.shape == hole.shape:
        return values
    picture = np.zeros((1, *small_hole.shape, 3), np.float32)
    picture[0, small_hole] = values
    rows, columns = pixels_of(hole)
    y = (rows + 0.5) * (small_hole.shape[0] / hole.shape[0]) - 0.5
    x = (columns + 0.5) * (small_hole.shape[1] / hole.shape[1]) - 0.5
    first = np.zeros(len(rows), np.int32)
    return np.asarray(sample_known(picture, ~small_hole[None], first, y, x)[0])
