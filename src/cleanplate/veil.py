"""A half-transparent overlay that never moves: what lies behind it is seen through it.

Told twice. Its rims tell how it was laid over; that takes most of it away, so that the motion of
the scene can be measured through it, and along that every pixel behind the overlay leads to frames
that show it beside the overlay. What these show there and what is seen here tell opacity and colour
as well, pixel by pixel. Both err, each in its own way: together they err less on average. Where a
scene cannot be traced, as water, the rims tell alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.blend import Blend, fit_blend, reduced_gain
from cleanplate.composite import chroma_hole
from cleanplate.flow.estimate import estimate_flow
from cleanplate.form import Form, Plane, reduced
from cleanplate.propagate import Sources, follow, starts
from cleanplate.region import bounding_box, pixels_of
from cleanplate.rims import Told, tell
from cleanplate.threads import each_frame
from cleanplate.warp import sample_sharp

REACH = 4  # pixels beside the overlay that a sharp sample must not touch
_ROUNDS = 3
_TOLERANCE = 2.0  # pixels a step by which forward and backward flow may disagree

Mask = NDArray[np.bool_]  # (h, w)
Stretch = Sequence[Sequence[Plane]]  # frames of one shot, each of which is its planes


def lift(stretches: Sequence[Stretch], hole: Mask, form: Form) -> list[Blend]:
    """Return for each plane how to get back what lies behind an overlay.

    stretches: of the same part of the picture, some room beside the overlay included. hole: (h, w)
    bool, where the overlay is; beside it a Blend changes nothing.
    """
    wide = _widened(hole)
    frames = [*chain.from_iterable(stretches)]
    told = tell(frames, wide, form)
    traced = _traced_blends(stretches, told.blends[0], (hole, wide), form)
    blends = _together(told, traced, frames, form.level) if told.sure else traced
    return [
        blend.within(blend.clear & chroma_hole(hole, *steps[::-1]))
        for blend, steps in zip(blends, form.steps, strict=True)
    ]


def _together(
    told: Told, traced: list[Blend], frames: Sequence[Sequence[Plane]], level: float
) -> list[Blend]:
    """Return for each plane what both tell where both are clear, and else the one that is."""
    weight = told.weight(_apart(told.blends[0], traced[0], [frame[0] for frame in frames]) / level)
    pairs = zip(told.blends, traced, strict=True)
    return [rims.along_with(trace, weight) for rims, trace in pairs]


def _apart(one: Blend, other: Blend, frames: Sequence[Plane]) -> float:
    """Return by how much what lies behind differs where both are clear, root mean square."""
    both = one.clear & other.clear
    if not both.any():
        return 0.0
    gain, offset = (one.gain - other.gain)[both], (one.offset - other.offset)[both]
    squares = [float(((gain * frame[both] + offset) ** 2).mean()) for frame in frames]
    return float(np.sqrt(np.mean(squares)))


def _traced_blends(
    stretches: Sequence[Stretch], luma: Blend, holes: tuple[Mask, Mask], form: Form
) -> list[Blend]:
    """Fit every plane by what other frames show, more than once: each time more is traced.

    luma: a first guess of the first plane. holes: the overlay, and the same wider. Where the first
    plane does not go along with what other frames show, no other is told: they are guided by it.
    """
    for last in (False,) * (_ROUNDS - 1) + (True,):
        traced = [_trace(stretch, luma, holes[1], form) for stretch in stretches]
        kept = range(len(form.steps)) if last else range(1)
        blends: list[Blend] = []
        for plane in kept:
            guide = None if plane == 0 else reduced_gain(blends[0].gain, form.steps[plane])
            blends.append(_fit(stretches, traced, plane, holes, form, guide))
        luma = blends[0]
    return [
        blend.within(blend.clear & reduced(luma.clear, steps, np.all))
        for blend, steps in zip(blends, form.steps, strict=True)
    ]


def _widened(hole: Mask) -> Mask:
    square = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    return np.asarray(cv2.dilate(hole.astype(np.uint8), square) > 0)


def _trace(stretch: Stretch, luma: Blend, hole: Mask, form: Form) -> list[list[Sources]]:
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
    holes: tuple[Mask, Mask],
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
    hole: Mask,
    part: Mask,
    steps: tuple[int, int],
) -> tuple[NDArray[np.float32], Mask]:
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


def whole_planes(blends: Sequence[Blend], planes: Sequence[Plane], form: Form) -> Iterator[Plane]:
    """Yield planes with what lies behind, where that is clear."""
    for blend, plane in zip(blends, planes, strict=True):
        yield blend.behind(plane, form.top)
