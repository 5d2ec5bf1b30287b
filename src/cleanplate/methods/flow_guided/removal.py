"""Fill each pixel from one place, seams evened out: as sharp as its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.flow.behind import Clip, Motion
from cleanplate.merge import one_side
from cleanplate.methods.flow_guided.agree import agree
from cleanplate.methods.flow_guided.choose import choose_motion
from cleanplate.methods.flow_guided.feather import feathered
from cleanplate.methods.flow_guided.painter import Painter, exposure, spread
from cleanplate.methods.flow_guided.rounds import (
    STRAY,
    Colours,
    Traces,
    candidates,
    fill_rest,
    fit_edges,
    meet,
    trace,
)
from cleanplate.methods.flow_guided.settle import leaders, led
from cleanplate.propagate import Sources, enlarge
from cleanplate.region import in_bands, levels
from cleanplate.threads import each_frame
from cleanplate.video import UNSEEN, Filled

Invent = Callable[[Album, Motion, list[Sources]], list[Sources]]

Hole = NDArray[np.bool_]  # (H, W)

_BAND = 1 << 18  # hole pixels, about, that are drawn at a time
_NOTICED = 0.02  # share of the hole: the seams of a smaller rest are not worth the time


class Pick(NamedTuple):
    """One source for each hole pixel, and what to add to its colour, (N, 3), to hide the seam."""

    sources: Sources
    correction: Colours


def pick_all(clip: Clip, album: Album, motion: Motion, *, invent: Invent) -> list[Pick]:
    """Choose one place for each pixel of every hole, invented where no frame shows it.

    album: the clip's own frames, with plates of the same size. invent: gives sources to pixels that
    have none, or leaves them without: those are filled smoothly.
    """
    traces = trace(clip, motion, stray=STRAY)
    picks = each_frame(lambda t: _pick(clip, traces, t), len(clip.frames))
    sources = invent(album, motion, [pick.sources for pick in picks])
    return each_frame(lambda t: _with_rest(album, picks[t], sources[t], t), len(picks))


def _with_rest(album: Album, pick: Pick, sources: Sources, t: int) -> Pick:
    """Add what was carried to frame t or invented for it, and hide its seam as well."""
    rest, correction = pick.sources.frame == UNSEEN, pick.correction
    if rest.sum() >= _NOTICED * len(rest):
        correction = np.where(rest[:, None], exposure(sources, album, t), correction)
    return Pick(sources, feathered(sources, correction, album, t))


def fill(clip: Clip, picks: list[Pick], album: Album) -> Filled:
    """Take each pixel from its one place, seams evened out: as sharp as its surroundings.

    album: the clip at full size, with plates as those at its working size.
    """
    frames, holes = album.frames, album.holes
    painter = Painter(frames, holes)
    step = np.float32(levels(frames))

    def draw(t: int) -> None:
        hole = holes[t]
        if not hole.any():
            return
        small_hole = clip.holes[t]
        found = Found.none(int(np.count_nonzero(hole)))
        # In bands, for what is computed on the way weighs several times what comes of it.
        start, bands = 0, [hole] if small_hole.shape == hole.shape else in_bands(hole, _BAND)
        for band in bands:
            start = found.put(start, _found(picks[t], small_hole, band, album))
        colours = fill_rest(frames[t], hole, found.colours, found.seen, step)
        painter.paint(t, colours, found.sources)

    each_frame(draw, len(frames))
    return painter.filled()


class Found(NamedTuple):
    """What the sources of N pixels show: colours, whether there are any, (N,), and from where."""

    colours: Colours
    seen: NDArray[np.bool_]
    sources: Sources

    @classmethod
    def none(cls, count: int) -> Found:
        """Return room for so many pixels."""
        sources = Sources(np.empty(count, np.int32), *np.empty((3, count), np.float32))
        return cls(np.empty((count, 3), np.float32), np.empty(count, np.bool_), sources)

    def put(self, start: int, part: Found) -> int:
        """Set the pixels from one on; return which is the next."""
        stop = start + len(part.seen)
        self.colours[start:stop], self.seen[start:stop] = part.colours, part.seen
        for mine, other in zip(self.sources, part.sources, strict=True):
            mine[start:stop] = other
        return stop


def _found(pick: Pick, small_hole: Hole, hole: Hole, album: Album) -> Found:
    """Look up what is picked for a small hole's pixels for those of the hole at full size."""
    large = enlarge(pick.sources, small_hole, hole)
    colours, seen = album.sample(large)
    colours = colours / np.float32(levels(album.frames)) + spread(pick.correction, small_hole, hole)
    return Found(colours, seen, album.resolve(large.where(seen & (large.residual >= 0))))


def _pick(clip: Clip, traces: Traces, t: int) -> Pick:
    """Choose a trajectory and then a side for every pixel of frame t."""
    hole = clip.holes[t]
    if not hole.any():
        nothing = np.zeros(0, np.float32)
        return Pick(Sources(np.zeros(0, np.int32), nothing, nothing, nothing), clip.smooth[t])
    chosen = choose_motion(clip, t, traces.by_flow(t), traces.by_camera(t))
    sides = agree(*chosen, t, clip.frames, clip.holes, clip.smooth[t])
    album = Album(clip.frames, clip.holes)
    found = candidates(album, t, list(sides))
    fits = fit_edges(album, t, found)
    past, future = meet(found, fits)
    ahead = one_side(past, future, hole)
    sources = future.sources.where(ahead).or_else(past.sources.where(~ahead))
    correction = np.where(ahead[:, None], fits[1].correction, fits[0].correction)
    correction[sources.frame == UNSEEN] = 0
    leader = leaders(sources, hole, ~clip.holes)
    return Pick(led(sources, leader, hole), correction[leader])
