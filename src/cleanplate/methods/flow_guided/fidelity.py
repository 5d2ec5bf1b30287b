"""Fill by all that is known of each pixel, merged by its reliability: close to the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.flow.behind import Clip, Motion
from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import Candidate, most_reliable
from cleanplate.methods.flow_guided.fusion import Fuse, Merged, Verdict
from cleanplate.methods.flow_guided.painter import Painter, exposure, reduced_plate, spread
from cleanplate.methods.flow_guided.rounds import (
    Colours,
    Traces,
    all_sides,
    candidates,
    fill_rest,
    fit_edges,
    meet,
    merge,
)
from cleanplate.methods.flow_guided.unseen import carry_keys
from cleanplate.propagate import Sources, enlarge
from cleanplate.region import levels
from cleanplate.seams import Fit
from cleanplate.threads import each_frame
from cleanplate.video import UNSEEN, Filled

# Of what is carried from a smooth fill of another frame, against a smooth fill of this one: more
# is steadier (it would not move at all with 1), less is closer to the truth.
_CARRIED = 0.5
_ONE = np.float32(1)


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


def fill(
    clip: Clip,
    traces: Traces,
    unseen: Unseen,
    small: Album,
    album: Album,
    *,
    fuse: Fuse | None = None,
) -> Filled:
    """Merge all that is known of each pixel by its reliability: close to the truth, if softer.

    small, album: the clip at its working size and at full size, with the same plates. fuse: decides
    what to trust, in place of that mean.
    """
    frames, holes = album.frames, album.holes
    painter = Painter(frames, holes)

    def draw(t: int) -> None:
        if not holes[t].any():
            return
        merged, sources, reduced = known(clip, traces, unseen, small, album, t)
        colours = merged.colours
        if fuse is not None:
            shares, correction = fuse(clip, t, reduced())
            hole = clip.holes[t], holes[t]
            colours = Verdict(spread(shares, *hole), spread(correction, *hole)).of(merged)
        painter.paint(t, colours, sources)

    for key in unseen.keys:
        draw(key)
        plate = painter.plate(key)
        album.plates.append(plate)
        small.plates.append(reduced_plate(plate, clip))
    others = sorted(set(range(len(frames))) - set(unseen.keys))
    each_frame(lambda index: draw(others[index]), len(others))
    return painter.filled()


def known(
    clip: Clip, traces: Traces, unseen: Unseen, small: Album, album: Album, t: int
) -> tuple[Merged, Sources, Callable[[], Merged]]:
    """Return what is known of frame t's hole at full size, from where, and at the working size.

    As `fill`; the last is computed when it is asked for.
    """
    hole, small_hole = album.holes[t], clip.holes[t]
    sides, carried = all_sides(clip, traces, t), unseen.sources[t]
    seen_small = candidates(small, t, sides)
    fits = fit_edges(small, t, seen_small)
    correction = np.zeros((len(carried.frame), 3), np.float32)
    if (carried.frame != UNSEEN).any():
        correction = exposure(carried, small, t)
    step = np.float32(levels(album.frames))
    found = candidates(album, t, [enlarge(s, small_hole, hole) for s in sides], step)
    found = meet(found, [_enlarged(fit, small_hole, hole) for fit in fits])
    rest = enlarge(carried, small_hole, hole), spread(correction, small_hole, hole)
    scale = hole.shape[0] / small_hole.shape[0]
    merged, sources = _merged(album, t, found, *rest, step=step, scale=scale)

    def reduced() -> Merged:
        if hole.shape == small_hole.shape:
            return merged
        return _merged(small, t, meet(seen_small, fits), carried, correction)[0]

    return merged, sources, reduced


def _merged(
    album: Album,
    t: int,
    found: list[Candidate],
    carried: Sources,
    correction: Colours,
    *,
    step: np.float32 = _ONE,
    scale: float = 1.0,
) -> tuple[Merged, Sources]:
    """Merge candidates of frame t, and fill what none of them shows; say where it is from."""
    frame, hole = album.frames[t], album.holes[t]
    smooth = harmonic_fill(frame, hole)[hole] / step
    colours, seen = merge(found, hole, smooth, scale=scale)
    colours, sources = fill_rest(frame, hole, colours, seen, step), most_reliable(found)
    if not seen.all():
        origin = _add_carried(colours, carried.where(~seen), correction, album, step)
        sources = sources.or_else(origin)
    return Merged(found, smooth, colours, sources.frame != UNSEEN), sources


def _add_carried(
    colours: Colours, carried: Sources, correction: Colours, album: Album, step: np.float32
) -> Sources:
    """Draw colours (N, 3) in place towards what plates show; return where that came from."""
    values, found = album.sample(carried)
    origin = album.resolve(carried.where(found))
    share = np.where(origin.frame != UNSEEN, 1, _CARRIED)[found, None]
    colours[found] += share * (values[found] / step + correction[found] - colours[found])
    return origin


def _enlarged(fit: Fit, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Fit:
    """Interpolate a fit of a small hole's pixels at those of the full-size hole."""
    both = np.concatenate([fit.correction, fit.doubt[:, None]], axis=1)
    large = spread(both, small_hole, hole)
    return Fit(large[:, :3], large[:, 3])
