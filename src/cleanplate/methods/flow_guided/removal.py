"""Fill each pixel from one place, seams evened out: as sharp as its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

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
from cleanplate.region import levels
from cleanplate.threads import each_frame
from cleanplate.video import UNSEEN, Filled

Invent = Callable[[Album, Motion, list[Sources]], list[Sources]]

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
        large = enlarge(picks[t].sources, small_hole, hole)
        colours, found = album.sample(large)
        colours = colours / step + spread(picks[t].correction, small_hole, hole)
        colours = fill_rest(frames[t], hole, colours, found, step)
        painter.paint(t, colours, album.resolve(large.where(found & (large.residual >= 0))))

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
