"""A half-transparent overlay that never moves, told by its rims alone: nothing is traced.

On average over time a scene that moves is smooth, and so is how much it varies. What steps at the
rims of an overlay, in either, is the overlay's doing; what it does within them is the scene's,
seen through the same opacity everywhere. So the steps at the rims are taken away, the others are
kept, and what comes of it from around the overlay inwards is how the scene behind is on average,
and how much it varies (Poisson's equation, in the manner of Perez et al., "Poisson Image Editing",
SIGGRAPH 2003). Pixels beside each other see the same waves and leaves at the same time, so that
their ratio is told by a few seconds, whatever moves behind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.blend import LEAST_VARIED, MOST_OPAQUE, Blend, reduced_gain
from cleanplate.composite import chroma_hole
from cleanplate.form import Form, Plane, reduced
from cleanplate.poisson import poisson_fill, steps_of
from cleanplate.region import reduce_hole, reduce_picture

Grid = NDArray[np.float32]  # (h, w)
Colours = NDArray[np.float32]  # (h, w, C)
Mask = NDArray[np.bool_]  # (h, w)

_WHITE = 255.0
_RIM = 2.5  # times the usual step of the mean beside the overlay: one half belongs to a rim
_STEEP = 8  # how suddenly more of it does
_LEAST_STEP = 0.3  # levels
_NOISE = 0.3  # levels squared, what a picture varies by at least,
_TELLS = 4.0  # and by which it tells half as much as if it varied freely
_MOVES = 3.0  # levels by which the scene behind must vary, more than grain does
_MOST = np.log(33)  # of the logarithm of a gain: beyond that nothing shows through
_THROUGH = 0.05  # weight of a step at a rim, where a step within has 1
_LEAST_WEIGHT = 1e-3
_NEAR, _REACH, _FAR = 3, 24, 140  # pixels: all so near, and of those within reach so many,
_ALIKE = 3.0  # levels: are laid over alike where the overlay adds alike to the mean
_MOST_STEP = 5.0  # levels: the mean of a scene that stands still has steps of its own
_AS_GOOD = 2.2  # levels: what errs by that tells as well as a trace
_TOO_FAR = 2.25  # times what it errs by usually
_WEAKEST = 0.5  # share of its usual strength that an overlay must have in every frame
_POSSIBLE = 0.75  # share of the opacity that a colour at least needs, which must be told,
_LEAST_OPACITY = 0.1  # where that is much,
_MOSTLY = 0.8  # in so great a share of an overlay; the same of what must move beside it
_WHOLLY = 0.99
_MOST_PIXELS = 100_000  # of an overlay that is told at its own size


class Facts(NamedTuple):
    """What is known of a plane over time: (h, w) each, levels, and levels squared."""

    mean: Grid
    variance: Grid


class Told(NamedTuple):
    """How an overlay was laid over, told by its rims.

    blends: of each plane. sure: whether to rely upon them at all. usual: what they may be off by,
    in levels: the step that the mean of the scene usually has from pixel to pixel.
    """

    blends: list[Blend]
    sure: bool
    usual: float

    def weight(self, apart: float) -> float:
        """Return the weight of that, 0 to 1, beside a trace from which it lies so many levels away.

        What lies much further away than it usually errs is wrong: a trace has seen the scene.
        """
        return 1 / (1 + (max(self.usual, apart / _TOO_FAR) / _AS_GOOD) ** 4)


def tell(frames: Sequence[Sequence[Plane]], hole: Mask, form: Form) -> Told:
    """Tell how an overlay was laid over each plane of some frames.

    frames: each of which is its planes, brightness first, or that alone. hole: (h, w) bool, the
    overlay with some room beside it. What comes of it is sure where all that is beside it moves and
    is smooth on average, the overlay is there in every frame, and the opacity that is told can have
    done what it did. Large ones are told at a smaller size.
    """
    times = math.ceil(math.sqrt(np.count_nonzero(hole) / _MOST_PIXELS))
    if times > 1:
        return _told_smaller(frames, hole, form, times)
    facts = [_over_time((f[n] for f in frames), form.level) for n in range(len(frames[0]))]
    if hole.all():
        ones = [np.ones_like(own.mean) for own in facts]
        return Told([Blend(one, 0 * one, one < 1) for one in ones], False, 0.0)
    means: Colours = np.dstack([cv2.resize(own.mean, hole.shape[::-1]) for own in facts])
    rims, usual = _rims(means, ~hole)
    gain = _gain(facts[0], means, rims, hole)
    behind = _mean_behind(means, gain, rims, hole)
    possible = _is_possible(np.asarray(1 - 1 / gain, np.float32), means, behind)
    varied = facts[0].variance > np.maximum(LEAST_VARIED, _MOVES / gain) ** 2
    clear = hole & possible & varied & (gain * (1 - MOST_OPAQUE) < 1)
    blends = _blends(facts, gain, rims, (hole, clear), form)
    moving = facts[0].variance[~hole] > _MOVES**2
    sure = usual <= _MOST_STEP and min(moving.mean(), possible[hole].mean()) >= _MOSTLY
    return Told(blends, sure and min(_strengths(frames, facts, rims, form)) > _WEAKEST, usual)


def _blends(
    facts: Sequence[Facts], gain: Grid, rims: Grid, holes: tuple[Mask, Mask], form: Form
) -> list[Blend]:
    """Return the blend of each plane for the gain of the first; holes: all of it, what is clear."""
    blends = []
    for own, steps in zip(facts, form.steps, strict=False):
        smaller, part = reduced_gain(gain, steps), chroma_hole(holes[0], *steps[::-1])
        plane, rim = own.mean[..., None], reduced(rims, steps, np.max)
        behind = _mean_behind(plane, smaller, rim, part)[..., 0]
        offset = np.float32(form.level) * (behind - smaller * own.mean)
        blends.append(Blend(smaller, offset, reduced(holes[1], steps, np.all)))
    return blends


def _told_smaller(frames: Sequence[Sequence[Plane]], hole: Mask, form: Form, times: int) -> Told:
    """Tell it of pictures that are smaller so many times, and enlarge what comes of it."""
    size = -(-hole.shape[0] // times), -(-hole.shape[1] // times)
    sizes = [(-(-size[0] >> down), -(-size[1] >> across)) for down, across in form.steps]
    small = [
        [reduce_picture(plane, to) for plane, to in zip(frame, sizes, strict=False)]
        for frame in frames
    ]
    told = tell(small, reduce_hole(hole, size), form)
    blends = []
    for blend, plane, steps in zip(told.blends, frames[0], form.steps, strict=False):
        fields = (blend.gain, blend.offset, blend.clear.astype(np.float32))
        gain, offset, clear = (
            np.asarray(cv2.resize(field, plane.shape[::-1]), np.float32) for field in fields
        )
        blends.append(Blend(gain, offset, chroma_hole(hole, *steps[::-1]) & (clear > _WHOLLY)))
    return told._replace(blends=blends)


def _over_time(frames: Iterable[Plane], level: float) -> Facts:
    total: Any = 0.0
    squares: Any = 0.0
    count = 0
    for frame in frames:
        values = frame / level
        total, squares, count = total + values, squares + values * values, count + 1
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0)
    return Facts(mean.astype(np.float32), variance.astype(np.float32))


def _rims(means: Colours, outside: Mask) -> tuple[Grid, float]:
    """Return how much of each step of the means (h, w, C) is the overlay's, 0 to 1; and the rest.

    The second is the usual step outside, in levels: steps that are well above it are no scene's.
    """
    across, down = steps_of(means)
    strength = np.sqrt((across**2 + down**2).max(axis=2))
    usual = float(np.sqrt((strength[outside] ** 2).mean()))
    steep = (strength / (_RIM * (usual + _LEAST_STEP))) ** _STEEP
    return np.asarray(steep / (1 + steep), np.float32), usual


def _gain(facts: Facts, means: Colours, rims: Grid, hole: Mask) -> Grid:
    """Return (h, w) how much more the scene varies than what is seen of it."""
    varied = np.log(facts.variance + _NOISE)[..., None] / 2
    wanted = tuple(-step * rims[..., None] for step in steps_of(varied))
    tells = facts.variance / (facts.variance + _TELLS)
    weight = tells * (1 - (1 - _THROUGH) * rims) + _LEAST_WEIGHT
    none = np.zeros_like(varied)
    gain = poisson_fill(none, hole, (wanted[0], wanted[1]), (weight, weight))[..., 0]
    gain = np.clip(gain, 0, _MOST)
    added = means - _mean_behind(means, np.exp(gain), rims, hole)
    return np.where(hole, np.exp(_shared(gain, added, hole)), 1).astype(np.float32)


def _mean_behind(means: Colours, gain: Grid, rims: Grid, hole: Mask) -> Colours:
    """Return the means (h, w, C) with what lies behind in the hole: all steps but those at rims."""
    kept = (gain * (1 - rims))[..., None]
    across, down = (kept * step for step in steps_of(means))
    return poisson_fill(means, hole, (across, down))


def _shared(values: Grid, added: Colours, hole: Mask) -> Grid:
    """Return the mean of values over pixels of the hole that something is added alike to.

    added: (h, w, C), levels.
    """
    height, width = values.shape
    total, weight = np.zeros_like(values), np.zeros_like(values)
    for dy, dx in _around():
        if abs(dy) >= height or abs(dx) >= width:
            continue
        here = slice(max(-dy, 0), height - max(dy, 0)), slice(max(-dx, 0), width - max(dx, 0))
        there = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
        apart = np.abs(added[here] - added[there]).max(axis=2) / np.float32(_ALIKE)
        share = np.exp(-(apart**2)) * hole[there]
        weight[here] += share
        total[here] += share * values[there]
    return np.asarray(total / np.maximum(weight, np.float32(1e-6)), np.float32)


def _around() -> Iterable[tuple[int, int]]:
    """Return places (down, across) near a pixel: all that are very near, and some further off."""
    near = range(-_NEAR, _NEAR + 1)
    away = _NEAR + (_REACH - _NEAR) * np.sqrt((np.arange(_FAR) + 0.5) / _FAR)
    turn = np.arange(_FAR) * np.pi * (3 - np.sqrt(5))  # the golden angle spreads them evenly
    far = zip(np.rint(away * np.sin(turn)), np.rint(away * np.cos(turn)), strict=True)
    return {*product(near, near), *((int(y), int(x)) for y, x in far)}


def _is_possible(opacity: Grid, means: Colours, behind: Colours) -> Mask:
    """Tell where an overlay of an opacity can have made the means of what lies behind.

    Not even white makes a picture much lighter that is hardly laid over: where more is added than
    white or black would add, the variation was not the scene's, but grain, a fade or flicker.
    """
    added = means - behind
    room = np.where(added > 0, _WHITE - behind, behind)
    least = (np.abs(added) / np.maximum(room, 1)).max(axis=2)
    return np.asarray(opacity > _POSSIBLE * least - _LEAST_OPACITY)


def _strengths(
    frames: Sequence[Sequence[Plane]], facts: Sequence[Facts], rims: Grid, form: Form
) -> NDArray[np.float64]:
    """Return (T,) how strong the steps of the mean at rims are in each frame: 1 if as in the mean.

    A matched filter: over many pixels the scene's own steps come to nothing.
    """
    found, whole = np.zeros(len(frames)), 1e-6
    for n, (own, steps) in enumerate(zip(facts, form.steps, strict=False)):
        rim = reduced(rims, steps, np.max)
        wanted = [rim * step for step in steps_of(own.mean)]
        whole += _product(wanted, own.mean)
        for t, frame in enumerate(frames):
            found[t] += _product(wanted, np.asarray(frame[n] / form.level, np.float32))
    return found / whole


def _product(wanted: Sequence[Grid], plane: Grid) -> float:
    return float(sum((w * s).sum() for w, s in zip(wanted, steps_of(plane), strict=True)))
