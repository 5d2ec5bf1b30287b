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

Grid = NDArray[np.float32]  # (h, w)
Colours = NDArray[np.float32]  # (h, w, C)
Mask = NDArray[np.bool_]  # (h, w)

_RIM = 2.5  # times the usual step of the mean beside the overlay: one half belongs to a rim
_STEEP = 8  # how suddenly more of it does
_LEAST_STEP = 0.3  # levels
_NOISE = 0.3  # levels squared, what a picture varies by at least
_MOST = -np.log(1 - MOST_OPAQUE)  # of the logarithm of a gain
_THROUGH = 0.05  # weight of a step at a rim, where a step within has 1
_NEAR, _REACH, _FAR = 3, 24, 140  # pixels: all so near, and of those within reach so many,
_ALIKE = 3.0  # levels: are laid over alike where the overlay adds alike to the mean
_MOST_STEP = 5.0  # levels: the mean of a scene that stands still has steps of its own
_AS_GOOD = 2.2  # levels: what errs by that tells as well as a trace
_TOO_FAR = 2.25  # times what it errs by usually
_SAME = 0.4  # share by which an overlay may seem stronger or weaker in a frame,
_MOSTLY = 0.9  # in so great a share of them


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
    overlay with some room beside it. What comes of it is sure where the scene moves and the
    overlay is there in all frames alike.
    """
    planes = range(len(frames[0]))
    facts = [_over_time((frame[n] for frame in frames), form.level) for n in planes]
    if hole.all():
        return Told([Blend(one.mean + 1, one.mean, one.mean < 0) for one in facts], False, 0.0)
    means: Colours = np.dstack([cv2.resize(one.mean, hole.shape[::-1]) for one in facts])
    rims, usual = _rims(means, ~hole)
    gain = _gain(facts[0], means, rims, hole)
    clear = (gain * (1 - MOST_OPAQUE) < 1) & (facts[0].variance > LEAST_VARIED**2)
    blends = []
    for own, steps in zip(facts, form.steps, strict=False):
        part, rim = chroma_hole(hole, *steps[::-1]), reduced(rims, steps, np.max)
        through = reduced_gain(gain, steps)
        behind = _mean_behind(own.mean[..., None], through, rim, part)[..., 0]
        offset = np.float32(form.level) * (behind - through * own.mean)
        blends.append(Blend(through, offset, part & reduced(clear, steps, np.all)))
    sure = usual <= _MOST_STEP and _is_steady(frames, facts, rims, form)
    return Told(blends, sure, usual)


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
    weight = 1 - (1 - _THROUGH) * rims
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


def _is_steady(
    frames: Sequence[Sequence[Plane]], facts: Sequence[Facts], rims: Grid, form: Form
) -> bool:
    """Tell whether an overlay is as strong in most frames as it is on average."""
    shares = _strengths(frames, facts, rims, form)
    return bool((np.abs(shares - 1) < _SAME).mean() >= _MOSTLY)


def _strengths(
    frames: Sequence[Sequence[Plane]], facts: Sequence[Facts], rims: Grid, form: Form
) -> NDArray[np.float64]:
    """Return (T,) how strong the steps of the mean at rims are in each frame: 1 if as in the mean.

    A matched filter: over many pixels the scene's own steps come to nothing.
    """
    found, whole = np.zeros(len(frames)), 1e-6
    for n, (own, steps) in enumerate(zip(facts, form.steps, strict=False)):
        rim = reduced(rims, steps, np.max)
        for axis, steady in zip((1, 0), steps_of(own.mean), strict=True):
            wanted = rim * steady
            whole += float((wanted * steady).sum())
            for t, frame in enumerate(frames):
                seen = steps_of(frame[n] / np.float32(form.level))[1 - axis]
                found[t] += (wanted * seen).sum()
    return found / whole
