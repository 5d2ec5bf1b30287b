"""unblend() and unblend_file(): what lies behind a half-transparent overlay, seen through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.asked import as_method
from cleanplate.errors import BadInput
from cleanplate.form import Form
from cleanplate.io import (
    Encoding,
    Picture,
    Reader,
    is_pipe,
    open_video,
    open_writer,
    refuse_same,
    spooled,
)
from cleanplate.io.refuse import path_of
from cleanplate.masks import HoleSource, MaskOptions, open_holes
from cleanplate.masks.load import is_box
from cleanplate.matched import FULL, check_holes, paired
from cleanplate.methods import Method
from cleanplate.overlaid import Learned, learn, lifted, room_for, stretches_of
from cleanplate.pipeline import fill
from cleanplate.region import apart, region_around
from cleanplate.shots import cuts
from cleanplate.stream import fills, look
from cleanplate.threads import ahead
from cleanplate.veil import whole_planes
from cleanplate.video import Frames, Holes, check_pair

_MUCH = 0.5  # of an overlay
_GROW = 2  # pixels: an overlay has soft edges

STILL_MASK = (
    "only an overlay that never moves can be un-blended, and the mask has several frames. "
    "Give one still mask; cleanplate mask find-static finds one."
)
FILLED = (
    "Most of the overlay cannot be seen through and is filled: it is too opaque, it is not always "
    "there, or the scene behind it hardly moves, or looks too much like an overlay itself."
)


@dataclass(frozen=True)
class Unblended:
    """What was done to a file.

    frames: of the output. size: (height, width) as displayed. hole_share: of the picture. restored:
    share of the hole that was seen through the overlay; the rest was filled. opacity: of the
    overlay where it was seen through, 0 to 1. seconds: the work took. warnings, problems: as in
    Summary. output: its path.
    """

    frames: int
    size: tuple[int, int]
    hole_share: float
    restored: float
    opacity: float
    seconds: float
    warnings: list[str]
    problems: list[str]
    output: str


def unblend(
    frames: Frames, holes: Holes, *, method: str | Method = "flow", tune: str = "fidelity"
) -> Frames:
    """Take a half-transparent overlay that never moves off a clip; return its frames.

    frames: (T, H, W, 3) RGB, uint8 or uint16. holes: (H, W) bool, where the overlay is, soft edges
    included (or (T, H, W), all the same). What is too opaque to see through, or lies where the
    scene does not move, is filled by `method`, with `tune`. Only hole pixels change. Raises
    BadInput.
    """
    frames, holes = check_pair(frames, holes)
    hole = holes[0]
    if not (holes == hole).all():
        raise BadInput(STILL_MASK)
    if not hole.any():
        return frames.copy()
    deep = frames.dtype == np.uint16
    form = Form([(0, 0)] * 3, 257.0 if deep else 1.0, 65535 if deep else 255)
    parts = apart(hole)
    regions = [region_around(part) for part in parts]
    starts = [*cuts(frames, holes), len(frames)]
    shots = (frames[a:b] for a, b in pairwise(starts))
    stretches = stretches_of(
        (([_channels(box.crop(frame)) for box in regions] for frame in shot) for shot in shots),
        room_for(regions),
    )
    result, rest = frames.copy(), hole.copy()
    inside = [region.crop(part) for region, part in zip(regions, parts, strict=True)]
    blends_of = lifted(stretches, inside, form) if stretches else ()
    for region, blends in zip(regions, blends_of, strict=False):
        clear = np.logical_and.reduce([blend.clear for blend in blends])
        own = [blend.within(clear) for blend in blends]
        for frame in result:
            part = region.crop(frame)
            part[..., (1, 2, 0)] = np.dstack([*whole_planes(own, _channels(part), form)])
        region.crop(rest)[clear] = False
    return fill(result, rest, method=method, tune=tune) if rest.any() else result


def _channels(part: NDArray[Any]) -> list[NDArray[Any]]:
    """Return green, blue and red (h, w) of a picture: the first stands for how bright it is."""
    return [np.ascontiguousarray(part[..., channel]) for channel in (1, 2, 0)]


def unblend_file(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    *,
    method: str | Method = "flow",
    tune: str = "removal",
    mask_options: MaskOptions = MaskOptions(grow=_GROW),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    weights: Any = None,
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> Unblended:
    """Take a half-transparent overlay that never moves off a video; all else comes back as it was.

    video, out, encoding: as for `fill_file`, "-" included. mask: one still mask, soft edges as
    well. The video is read twice: once to learn how the overlay was laid over, overlays that lie
    apart one by one, once to take it off, in the planes as they are stored. What is too opaque to
    see through, or lies where the scene does not move, is filled by `method`, with `tune` and
    the others, as `fill_file` takes them. progress: called with frames done and in all, of both.
    Raises BadInput, BadOutput.
    """
    if mask_options.shadow:
        raise BadInput("an overlay casts no shadow. Leave that out.")
    began = time.perf_counter()
    named = {"tune": tune, "weights": weights, "device": device, "seed": seed}
    room = as_method(method, options, **named)
    with spooled(video) as video, open_video(video) as reader:
        total = reader.info.frame_count
        tell = _Progress(progress, None if total is None else 2 * total)
        with open_holes(
            mask, size=reader.info.displayed_size, numbers=reader.numbers, options=mask_options
        ) as holes:
            hole, warnings = _still(holes), holes.warnings
        if not is_box(mask):
            refuse_same(path_of(mask), path_of(out))
        # The place of the result is refused before the overlay is learned, which takes long.
        with open_writer(out, like=reader, encoding=encoding) as writer:
            with open_video(video) as first:
                learned = learn(first, hole, tell)
            tell.before = tell.latest
            rest = hole if learned is None else reader.upright(learned.rest)
            if rest.sum() > _MUCH * hole.sum():
                warnings = [*warnings, FILLED]
            source = HoleSource(lambda: repeat(rest), count=None, still=True)
            check_holes(reader, source)
            with closing(ahead(source)) as masks:
                for number, picture in enumerate(_cleaned(reader, source, masks, learned, room), 1):
                    writer.write(picture)
                    tell(number)
            writer.finish()
    return Unblended(
        frames=number,
        size=reader.info.displayed_size,
        hole_share=float(hole.mean()),
        restored=1 - float(rest.sum()) / max(float(hole.sum()), 1.0),
        opacity=0.0 if learned is None else learned.opacity,
        seconds=time.perf_counter() - began,
        warnings=warnings + writer.warnings,
        problems=list(reader.problems),
        output="stdout" if is_pipe(out) else str(out),
    )


class _Progress:
    """Counts the frames of several readings as one."""

    def __init__(self, report: Callable[[int, int | None], None] | None, total: int | None) -> None:
        self.before, self.latest, self._report, self._total = 0, 0, report, total

    def __call__(self, done: int) -> None:
        self.latest = done
        if self._report:
            self._report(self.before + done, self._total)


def _still(holes: HoleSource) -> NDArray[np.bool_]:
    """Return the one hole (H, W), as it is displayed, of a mask that is still; raises BadInput."""
    if not holes.still:
        raise BadInput(STILL_MASK)
    hole = next(iter(holes))
    if hole.all():
        raise BadInput(FULL)
    if not hole.any():
        raise BadInput("the mask is empty: there is no overlay to take off. Mark it, edges too.")
    return hole


def _cleaned(
    reader: Reader,
    source: HoleSource,
    masks: Iterator[Holes],
    learned: Learned | None,
    room: Method,
) -> Iterator[Picture]:
    """Yield the pictures without the overlay; what was not seen through it is filled."""

    def line() -> Iterator[Any]:
        for picture, clouded, (_, hole) in paired(reader, source, masks):
            clean = picture if learned is None else learned.taken_off(picture)
            yield clean, clouded, (clean, hole)

    for shown, patch in fills(look(line()), room, None):
        clean, marked = shown.more
        if marked.any():
            rgb = clean.rgb()
            rgb.reshape(-1, 3)[np.flatnonzero(shown.hole)] = patch.colours
            clean = clean.pasted(rgb, marked.mask())
        yield clean
