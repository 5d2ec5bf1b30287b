"""A half-transparent overlay that never moves: what lies behind it is seen through it.

The motion of the scene is measured through the overlay, once a first guess has taken most of it
away; along it every pixel behind the overlay leads to frames that show it beside the overlay. What
these show there and what is seen here tell opacity and colour, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.blend import Blend, fit_blend
from cleanplate.composite import chroma_hole
from cleanplate.flow.estimate import estimate_flow
from cleanplate.harmonic import harmonic_fill
from cleanplate.propagate import Sources, follow, starts
from cleanplate.region import bounding_box, pixels_of
from cleanplate.threads import each_frame
from cleanplate.warp import sample_sharp

REACH = 4  # pixels beside the overlay that a sharp sample must not touch
_ROUNDS = 3
_TOLERANCE = 2.0  # pixels a step by which forward and backward flow may disagree
_MOST_GAIN = 8.0  # of the first guess
_SOFT = 2.0  # pixels over which what surrounds the overlay is averaged for it

Plane = NDArray[Any]  # (h, w) uint8 or uint16, as stored
Stretch = Sequence[Sequence[Plane]]  # frames of one shot, each of which is its planes


class Form(NamedTuple):
    """What the planes of a picture mean.

    steps: how often each plane is halved, (down, across). level: steps of a sample that are one of
    256. top: the largest sample.
    """

    steps: Sequence[tuple[int, int]]
    level: float
    top: int


def lift(stretches: Sequence[Stretch], hole: NDArray[np.bool_], form: Form) -> list[Blend]:
    """Return for each plane how to get back what lies behind an overlay.

    stretches: of the same part of the picture, some room beside the overlay included. hole: (h, w)
    bool, where the overlay is; beside it a Blend changes nothing.
    """
    wide = _widened(hole)
    luma = _first_guess([frame[0] for frame in chain.from_iterable(stretches)], wide, form)
    for last in (False,) * (_ROUNDS - 1) + (True,):
        traced = [_trace(stretch, luma, wide, form) for stretch in stretches]
        kept = range(len(form.steps)) if last else range(1)
        blends: list[Blend] = []
        for plane in kept:
            guide = None if plane == 0 else _reduced(blends[0].gain, form.steps[plane])
            blends.append(_fit(stretches, traced, plane, (hole, wide), form, guide))
        luma = blends[0]
    return [
        blend.within(blend.clear & chroma_hole(hole, *form.steps[plane][::-1]))
        for plane, blend in enumerate(blends)
    ]


def _widened(hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    square = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    return np.asarray(cv2.dilate(hole.astype(np.uint8), square) > 0)


def _first_guess(frames: list[Plane], hole: NDArray[np.bool_], form: Form) -> Blend:
    """Take the scene behind for as bright and as varied over time as it is around the overlay."""
    total = np.zeros(hole.shape, np.float64)
    squares = np.zeros(hole.shape, np.float64)
    for frame in frames:
        values = frame / form.level
        total += values
        squares += values * values
    mean = total / len(frames)
    spread = np.sqrt(np.maximum(squares / len(frames) - mean**2, 0))
    facts = np.dstack([mean, spread]).astype(np.float32)
    around = harmonic_fill(cv2.GaussianBlur(harmonic_fill(facts, hole), (0, 0), _SOFT), hole)
    gain = np.clip(around[..., 1] / np.maximum(facts[..., 1], 0.5), 1, _MOST_GAIN)
    offset = form.level * (around[..., 0] - gain * facts[..., 0])
    return Blend(gain.astype(np.float32), offset.astype(np.float32), hole)


def _trace(
    stretch: Stretch, luma: Blend, hole: NDArray[np.bool_], form: Form
) -> list[list[Sources]]:
    """Return where each frame's hole is seen in the past, and in the future."""

    def grey(t: int) -> NDArray[np.uint8]:
        behind = luma.within(hole).behind(stretch[t][0], form.top)
        return np.clip(np.rint(behind / form.level), 0, 255).astype(np.uint8)

    forward, backward = estimate_flow(each_frame(grey, len(stretch)))
    holes = np.broadcast_to(hole, (len(stretch), *hole.shape))
    begin, known = starts(holes), ~holes
    flows = list(forward), list(backward)
    return [follow(*flows, begin, known, towards=way, tolerance=_TOLERANCE) for way in (-1, 1)]


def _fit(
    stretches: Sequence[Stretch],
    traced: list[list[list[Sources]]],
    plane: int,
    holes: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    form: Form,
    guide: NDArray[np.float32] | None,
) -> Blend:
    """Fit one plane by what is seen here and there, past and future.

    holes: the overlay, and the same wider.
    """
    shape = stretches[0][0][plane].shape
    down, across = form.steps[plane]
    tight, part = (chroma_hole(hole, across, down) for hole in holes)
    box = bounding_box(part, margin=0)
    assert box is not None
    seen, behind, known = [], [], []
    for stretch, ways in zip(stretches, traced, strict=True):
        planes = [frame[plane] for frame in stretch]
        for way in ways:
            for t, sources in enumerate(way):
                colours, found = _sampled(planes, sources, holes[1], part, (down, across))
                if found.any():
                    seen.append(planes[t][box])
                    behind.append(colours[box])
                    known.append(found[box])
    blend = Blend(
        np.ones(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
    )
    if not seen:
        return blend
    fitted = fit_blend(
        np.stack(seen),
        np.stack(behind),
        np.stack(known),
        bare=(part & ~tight)[box],
        level=form.level,
        guide=None if guide is None else guide[box],
    )
    blend.gain[box], blend.offset[box] = fitted.gain, fitted.offset
    blend.clear[box] = fitted.clear
    return blend


def _sampled(
    planes: list[Plane],
    sources: Sources,
    hole: NDArray[np.bool_],
    part: NDArray[np.bool_],
    steps: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what other frames show of a plane's hole `part`, (h, w), and where there is any.

    sources: of the hole's pixels at full size; a smaller plane takes those of every so manieth.
    """
    rows, columns = pixels_of(hole)
    down, across = 1 << steps[0], 1 << steps[1]
    mine = (sources.frame >= 0) & (rows % down == 0) & (columns % across == 0)
    row, column = rows[mine] // down, columns[mine] // across
    y = row + (sources.y[mine] - rows[mine]) / down
    x = column + (sources.x[mine] - columns[mine]) / across
    colours = np.zeros((len(row), 1), np.float32)
    frame = sources.frame[mine]
    for other in np.unique(frame):
        here = frame == other
        where = y[here].astype(np.float32), x[here].astype(np.float32)
        colours[here] = sample_sharp(planes[other][..., None], *where)
    drawn = np.zeros(part.shape, np.float32)
    found = np.zeros(part.shape, np.bool_)
    drawn[row, column], found[row, column] = colours[:, 0], True
    return drawn, found


def _reduced(gain: NDArray[np.float32], steps: tuple[int, int]) -> NDArray[np.float32]:
    """Return a gain at the size of a plane that is halved so often: its opacity averaged."""
    down, across = 1 << steps[0], 1 << steps[1]
    height, width = gain.shape
    pad = ((0, -height % down), (0, -width % across))
    through = np.pad(1 / gain, pad, mode="edge")
    blocks = through.reshape(through.shape[0] // down, down, -1, across)
    return np.asarray(1 / blocks.mean(axis=(1, 3)), np.float32)


def whole_planes(blends: Sequence[Blend], planes: Sequence[Plane], form: Form) -> Iterator[Plane]:
    """Yield planes with what lies behind, where that is clear."""
    for blend, plane in zip(blends, planes, strict=True):
        yield blend.behind(plane, form.top)
