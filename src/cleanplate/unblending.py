"""unblend() and unblend_file(): what lies behind a half-transparent overlay, seen through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.blend import Blend
from cleanplate.errors import BadInput
from cleanplate.io import Encoding, Picture, Reader, open_video, open_writer, refuse_same
from cleanplate.masks import HoleSource, MaskOptions, open_holes
from cleanplate.masks.load import is_box
from cleanplate.masks.spread import Spread
from cleanplate.matched import FULL, check_holes, paired
from cleanplate.methods import Method
from cleanplate.pipeline import as_method, fill
from cleanplate.region import Region, region_around
from cleanplate.shots import cuts
from cleanplate.stream import Shown, fills, look
from cleanplate.threads import ahead
from cleanplate.veil import Form, Stretch, lift, whole_planes
from cleanplate.video import Frames, Holes, check_pair

LONGEST = 60  # frames of a stretch
SHORTEST = 10
MOST_FRAMES = 240  # in all; more hardly tell more
MOST_BYTES = 400_000_000
_SAMPLE_BYTES = 28  # that a hole pixel takes in a frame while it is fitted
_GROW = 2  # pixels: an overlay has soft edges

STILL_MASK = (
    "only an overlay that never moves can be un-blended, and the mask has several frames. "
    "Give one still mask; cleanplate mask find-static finds one."
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
    region = region_around(hole)
    starts = [*cuts(frames, holes), len(frames)]
    shots = (frames[a:b] for a, b in pairwise(starts))
    stretches = _stretches(
        ((_channels(region.crop(frame)) for frame in shot) for shot in shots), _room(hole)
    )
    blends = lift(stretches, region.crop(hole), form) if stretches else []
    clear = np.logical_and.reduce([b.clear for b in blends]) if blends else None
    result = frames.copy()
    rest = hole.copy()
    if clear is not None:
        own = [b.within(clear) for b in blends]
        for frame in result:
            part = region.crop(frame)
            part[..., (1, 2, 0)] = np.dstack([*whole_planes(own, _channels(part), form)])
        region.crop(rest)[clear] = False
    return fill(result, rest, method=method, tune=tune) if rest.any() else result


def _channels(part: NDArray[Any]) -> list[NDArray[Any]]:
    """Return green, blue and red (h, w) of a picture: the first stands for how bright it is."""
    return [np.ascontiguousarray(part[..., channel]) for channel in (1, 2, 0)]


def _room(hole: NDArray[np.bool_]) -> int:
    """Return how many frames can be held to fit a hole."""
    return int(np.clip(MOST_BYTES // (_SAMPLE_BYTES * int(hole.sum())), 2 * SHORTEST, MOST_FRAMES))


def _stretches(shots: Iterable[Iterable[list[NDArray[Any]]]], room: int) -> list[Stretch]:
    """Keep some stretches of frames, spread over the clip, so many frames in all."""
    length = min(LONGEST, room // 2)
    spread: Spread[Stretch] = Spread(max(2, room // length))
    for shot in shots:
        stretch: list[list[NDArray[Any]]] = []
        for planes in shot:
            stretch.append(planes)
            if len(stretch) == length:
                spread.add(lambda full=stretch: full)  # type: ignore[misc]
                stretch = []
        if len(stretch) >= SHORTEST:
            spread.add(lambda full=stretch: full)  # type: ignore[misc]
    return spread.held


def unblend_file(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    *,
    method: str | Method = "flow",
    tune: str = "removal",
    mask_options: MaskOptions = MaskOptions(grow=_GROW),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> Unblended:
    """Take a half-transparent overlay that never moves off a video; all else comes back as it was.

    video, out, encoding: as for `fill_file`. mask: one still mask, soft edges included. The video
    is read twice: once to learn how the overlay was laid over, once to take it off, in the planes
    as they are stored. What is too opaque to see through, or lies where the scene does not move, is
    filled by `method`, with `tune` and `seed`. progress: called with frames done and in all, of
    both. Raises BadInput, BadOutput.
    """
    began = time.perf_counter()
    room = as_method(method, tune=tune, seed=seed)
    if not is_box(mask) and Path(mask).is_file():
        refuse_same(Path(mask), Path(out))
    with open_video(video) as reader:
        total = reader.info.frame_count
        tell = _Progress(progress, None if total is None else 2 * total)
        with open_holes(
            mask, size=reader.info.displayed_size, numbers=reader.numbers, options=mask_options
        ) as holes:
            hole, warnings = _still(holes), holes.warnings
        coded = np.ascontiguousarray(reader.orient(hole))
        learned = _learn(reader, coded, tell)
    rest, number = coded if learned is None else learned.rest, 0
    with open_video(video) as reader:
        source = HoleSource(lambda: repeat(reader.upright(rest)), count=None, still=True)
        with (
            open_writer(out, like=reader, encoding=encoding) as writer,
            closing(ahead(source)) as masks,
        ):
            check_holes(reader, source)
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
        output=str(out),
    )


class _Progress:
    """Counts the frames of several readings as one."""

    def __init__(self, report: Callable[[int, int | None], None] | None, total: int | None) -> None:
        self.before, self._report, self._total = 0, report, total

    def __call__(self, done: int) -> None:
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


@dataclass(frozen=True)
class _Learned:
    """How an overlay was laid over, as coded.

    region: where. blends: of each plane of it. rest: (H, W) bool, what was not seen through it.
    opacity: of the overlay, mean.
    """

    region: Region
    form: Form
    blends: list[Blend]
    rest: NDArray[np.bool_]
    opacity: float

    def taken_off(self, picture: Picture) -> Picture:
        """Return the picture without the overlay where that was seen through."""
        planes = list(picture.planes)
        part = _parts(picture, self.region, self.form)
        for index, clean in enumerate(whole_planes(self.blends, part, self.form)):
            planes[index] = planes[index].copy()
            _shrunk(self.region, self.form.steps[index]).crop(planes[index])[...] = clean
        return picture.with_planes(tuple(planes))


def _learn(reader: Reader, hole: NDArray[np.bool_], tell: _Progress) -> _Learned | None:
    """Read the clip and learn how the overlay was laid over; None where nothing can be told.

    hole: (H, W) bool, as coded.
    """
    stretch_of = _Shots(reader, hole, tell)
    stretches = _stretches(stretch_of, _room(hole))
    tell.before, region, form = stretch_of.count, stretch_of.region, stretch_of.form
    if not stretches or region is None or form is None:
        return None
    part = region.crop(hole)
    blends = lift(stretches, part, form)
    clear = np.logical_and.reduce([
        _spread_out(blend.clear, steps, part.shape)
        for blend, steps in zip(blends, form.steps, strict=True)
    ])  # fmt: skip
    rest = hole.copy()
    region.crop(rest)[clear] = False
    opacity = blends[0].opacity[part & clear]
    return _Learned(region, form, blends, rest, float(opacity.mean()) if len(opacity) else 0.0)


class _Shots:
    """The shots of a clip, one iterable after the other, of the planes around the hole.

    count: pictures read so far. region, form: known from the first one on.
    """

    def __init__(self, reader: Reader, hole: NDArray[np.bool_], tell: _Progress) -> None:
        self._hole, self._tell = hole, tell
        self._line = look((p, p.clouded(hole), p) for p in reader)
        self._first: Shown | None = None
        self.count = 0
        self.region: Region | None = None
        self.form: Form | None = None

    def __iter__(self) -> Iterator[Iterator[list[NDArray[Any]]]]:
        self._first = next(self._line, None)
        while self._first is not None:
            yield self._shot()

    def _shot(self) -> Iterator[list[NDArray[Any]]]:
        shown, self._first = self._first, None
        while shown is not None:
            picture: Picture = shown.more
            if self.region is None or self.form is None:
                self.form = _form(picture)
                self.region = _aligned(region_around(self._hole), self.form, self._hole.shape)
            self.count += 1
            self._tell(self.count)
            yield [part.copy() for part in _parts(picture, self.region, self.form)]
            shown = next(self._line, None)
            if shown is not None and shown.starts_shot:
                self._first = shown
                return


def _form(picture: Picture) -> Form:
    """Say what the planes of a picture mean."""
    layout = picture.layout
    chroma = (0, 0) if layout.rgb else (layout.log2_h, layout.log2_w)
    steps = [(0, 0), chroma, chroma][: min(layout.planes, 3)]
    return Form(steps, float(1 << (layout.bits - 8)), (1 << layout.bits) - 1)


def _parts(picture: Picture, region: Region, form: Form) -> list[NDArray[Any]]:
    return [
        _shrunk(region, steps).crop(plane)
        for plane, steps in zip(picture.planes, form.steps, strict=False)
    ]


def _shrunk(region: Region, steps: tuple[int, int]) -> Region:
    """Return the same region of a plane that is halved so often down and across."""
    down, across = region.shrunk(1 << steps[0]), region.shrunk(1 << steps[1])
    return Region(down.top, down.bottom, across.left, across.right)


def _aligned(region: Region, form: Form, size: tuple[int, ...]) -> Region:
    """Return a region that begins and ends with whole samples of every plane."""
    down, across = (1 << max(step[axis] for step in form.steps) for axis in (0, 1))
    rows = region.shrunk(down).scaled(down)
    columns = region.shrunk(across).scaled(across)
    return Region(rows.top, min(rows.bottom, size[0]), columns.left, min(columns.right, size[1]))


def _spread_out(
    part: NDArray[np.bool_], steps: tuple[int, int], size: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return what a plane is told, told of a picture of a size."""
    large = part.repeat(1 << steps[0], axis=0).repeat(1 << steps[1], axis=1)
    return large[: size[0], : size[1]]


def _cleaned(
    reader: Reader,
    source: HoleSource,
    masks: Iterator[Holes],
    learned: _Learned | None,
    room: Method,
) -> Iterator[Picture]:
    """Yield the pictures without the overlay; what was not seen through it is filled."""

    def line() -> Iterator[Any]:
        for picture, clouded, (_, hole) in paired(reader, source, masks):
            clean = picture if learned is None else learned.taken_off(picture)
            yield clean, clouded, (clean, hole)

    for shown, patch in fills(look(line()), room, None):
        clean, hole = shown.more
        if hole.any():
            rgb = clean.rgb()
            rgb.reshape(-1, 3)[np.flatnonzero(shown.hole)] = patch.colours
            clean = clean.pasted(rgb, hole)
        yield clean
