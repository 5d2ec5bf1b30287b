"""From sources to pixels at full size: the two ways to tune a fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album, Plate
from cleanplate.flow.behind import Clip, Motion
from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import most_reliable, one_side
from cleanplate.methods.flow_guided.agree import agree
from cleanplate.methods.flow_guided.choose import choose_motion
from cleanplate.methods.flow_guided.feather import feathered
from cleanplate.methods.flow_guided.rounds import (
    Colours,
    Traces,
    all_sides,
    candidates,
    fill_rest,
    fit_edges,
    meet,
    merge,
    trace,
)
from cleanplate.methods.flow_guided.settle import leaders, led
from cleanplate.methods.flow_guided.unseen import carry_keys
from cleanplate.propagate import Sources, enlarge
from cleanplate.region import pixels_of, reduce_picture
from cleanplate.seams import Fit, fit_edge
from cleanplate.threads import each_frame
from cleanplate.video import KNOWN, UNSEEN, Filled, Frames, Holes, Provenance, to_clip
from cleanplate.warp import sample_known

Invent = Callable[[Album, Motion, list[Sources]], list[Sources]]

# Of what is carried from a smooth fill of another frame, against a smooth fill of this one: more
# is steadier (it would not move at all with 1), less is closer to the truth.
_CARRIED = 0.5
_NOTICED = 0.02  # share of the hole: the seams of a smaller rest are not worth the time


def levels(frames: Frames) -> int:
    """Return the steps of the frames' type for one 8-bit level: 1, or 257 for uint16."""
    return 257 if frames.dtype == np.uint16 else 1


def reduced_picture(picture: Frames, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reduce a picture (H, W, 3) to a size and to 8 bits."""
    return (reduce_picture(picture, size) // levels(picture)).astype(np.uint8)


def reduced_plate(plate: Plate, clip: Clip) -> Plate:
    """Reduce a plate's picture to the clip's size; its sources serve at full size only."""
    return replace(plate, picture=reduced_picture(plate.picture, clip.holes.shape[1:]))


class Painter:
    """Paints the holes of frames in place, frame by frame, with provenance.

    Others may go on sampling the frames meanwhile: what lies under a hole counts for nothing.
    """

    def __init__(self, frames: Frames, holes: Holes) -> None:
        self.frames, self.holes = frames, holes
        self.source = np.full(holes.shape, KNOWN, np.int32)
        self.inconsistency = np.zeros(holes.shape, np.float16)

    def paint(self, t: int, colours: Colours, sources: Sources) -> None:
        """Set the hole of frame t to colours (N, 3), 0 to 255, taken from sources."""
        inside, step = np.flatnonzero(self.holes[t]), levels(self.frames)
        self.frames[t].reshape(-1, 3)[inside] = np.rint(np.clip(colours, 0, 255) * step)
        self.source[t].reshape(-1)[inside] = sources.frame
        unseen = sources.frame == UNSEEN
        sources = sources._replace(frame=to_clip(sources.frame, 0))  # for true distances
        consistency = np.where(unseen, 0, sources.inconsistency(t))
        self.inconsistency[t].reshape(-1)[inside] = consistency

    def filled(self) -> Filled:
        """Return what was painted."""
        return Filled(self.frames, Provenance(self.source, self.inconsistency))


class Unseen(NamedTuple):
    """For fidelity, what every frame's pixels that no frame shows take from complete frames.

    sources: those in plates, none elsewhere. keys: the frames that become plates, in order.
    """

    sources: list[Sources]
    keys: list[int]


def find_unseen(album: Album, motion: Motion, traces: Traces) -> Unseen:
    """Say which frames are completed first, and where the others' unseen pixels meet them."""
    borrowed = []
    for t in range(len(album.frames)):
        flow, camera = traces.by_flow(t), traces.by_camera(t)
        borrowed.append(flow[0].or_else(flow[1]).or_else(camera[0]).or_else(camera[1]))
    sources, keys = carry_keys(album, motion, borrowed)
    count = len(album.frames)
    return Unseen([mine.where(mine.frame >= count) for mine in sources], keys)


def fidelity(clip: Clip, traces: Traces, unseen: Unseen, small: Album, album: Album) -> Filled:
    """Merge all that is known of each pixel by its reliability: close to the truth, if softer.

    small, album: the clip at its working size and at full size, with the same plates.
    """
    frames, holes = album.frames, album.holes
    painter = Painter(frames, holes)
    scale = holes.shape[1] / clip.holes.shape[1]
    step = np.float32(levels(frames))

    def draw(t: int) -> None:
        hole, small_hole = holes[t], clip.holes[t]
        if not hole.any():
            return
        sides = all_sides(clip, traces, t)
        fits = fit_edges(small, t, candidates(small, t, sides))
        found = candidates(album, t, [enlarge(s, small_hole, hole) for s in sides], step)
        found = meet(found, [_enlarged(fit, small_hole, hole) for fit in fits])
        smooth = harmonic_fill(frames[t], hole)[hole] / step
        colours, seen = merge(found, hole, smooth, scale=scale)
        colours, sources = fill_rest(frames[t], hole, colours, seen, step), most_reliable(found)
        if not seen.all():
            carried = enlarge(unseen.sources[t], small_hole, hole).where(~seen)
            correction = _spread(_exposure(unseen.sources[t], small, t), small_hole, hole)
            origin = _add_carried(colours, carried, correction, album, step)
            sources = sources.or_else(origin)
        painter.paint(t, colours, sources)

    for key in unseen.keys:
        draw(key)
        plate = Plate(key, frames[key], painter.source[key])
        album.plates.append(plate)
        small.plates.append(reduced_plate(plate, clip))
    others = sorted(set(range(len(frames))) - set(unseen.keys))
    each_frame(lambda index: draw(others[index]), len(others))
    return painter.filled()


def _add_carried(
    colours: Colours, carried: Sources, correction: Colours, album: Album, step: np.float32
) -> Sources:
    """Draw colours (N, 3) in place towards what plates show; return where that came from."""
    values, found = album.sample(carried)
    origin = album.resolve(carried.where(found))
    share = np.where(origin.frame != UNSEEN, 1, _CARRIED)[found, None]
    colours[found] += share * (values[found] / step + correction[found] - colours[found])
    return origin


class Pick(NamedTuple):
    """One source for each hole pixel, and what to add to its colour, (N, 3), to hide the seam."""

    sources: Sources
    correction: Colours


def pick_all(clip: Clip, album: Album, motion: Motion, *, invent: Invent) -> list[Pick]:
    """Choose one place for each pixel of every hole, invented where no frame shows it.

    album: the clip's own frames, with plates of the same size. invent: gives sources to pixels that
    have none, or leaves them without: those are filled smoothly.
    """
    traces = trace(clip, motion)
    picks = each_frame(lambda t: _pick(clip, traces, t), len(clip.frames))
    sources = invent(album, motion, [pick.sources for pick in picks])
    return each_frame(lambda t: _with_rest(album, picks[t], sources[t], t), len(picks))


def _with_rest(album: Album, pick: Pick, sources: Sources, t: int) -> Pick:
    """Add what was carried to frame t or invented for it, and hide its seam as well."""
    rest, correction = pick.sources.frame == UNSEEN, pick.correction
    if rest.sum() >= _NOTICED * len(rest):
        correction = np.where(rest[:, None], _exposure(sources, album, t), correction)
    return Pick(sources, feathered(sources, correction, album, t))


def _exposure(sources: Sources, album: Album, t: int) -> Colours:
    """(N, 3), what to add to what sources show so that it meets frame t around its hole."""
    return fit_edge(sources, np.ones(len(sources.frame), np.float32), album, t).correction


def removal(clip: Clip, picks: list[Pick], album: Album) -> Filled:
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
        colours = colours / step + _spread(picks[t].correction, small_hole, hole)
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


def _enlarged(fit: Fit, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Fit:
    """Interpolate a fit of a small hole's pixels at those of the full-size hole."""
    both = np.concatenate([fit.correction, fit.doubt[:, None]], axis=1)
    spread = _spread(both, small_hole, hole)
    return Fit(spread[:, :3], spread[:, 3])


def _spread(values: Colours, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Colours:
    """Interpolate values (n, C) of a small hole's pixels at the N pixels of the full-size hole."""
    if small_hole.shape == hole.shape:
        return values
    picture = np.zeros((1, *small_hole.shape, values.shape[1]), np.float32)
    picture[0, small_hole] = values
    rows, columns = pixels_of(hole)
    y = (rows + 0.5) * (small_hole.shape[0] / hole.shape[0]) - 0.5
    x = (columns + 0.5) * (small_hole.shape[1] / hole.shape[1]) - 0.5
    first = np.zeros(len(rows), np.int32)
    return np.asarray(sample_known(picture, ~small_hole[None], first, y, x)[0])
