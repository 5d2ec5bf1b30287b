"""How overlays were laid over a clip: learned from some of its frames, each overlay by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.blend import Blend
from cleanplate.form import Form
from cleanplate.io import Picture, Reader
from cleanplate.masks.spread import Spread
from cleanplate.region import Region, apart, region_around
from cleanplate.stream import Shown, look
from cleanplate.veil import lift, whole_planes

LONGEST = 60  # frames of a stretch
SHORTEST = 10
MOST_FRAMES = 240  # in all; more hardly tell more
MOST_BYTES = 400_000_000
_SAMPLE_BYTES = 28  # that a pixel of a box takes in a frame while an overlay is fitted

Planes = list[NDArray[Any]]
Stretch = list[list[Planes]]  # frames of one shot, each of which has the planes of every box


def room_for(regions: Sequence[Region]) -> int:
    """Return how many frames of some boxes can be held to learn from them."""
    area = sum((box.bottom - box.top) * (box.right - box.left) for box in regions)
    return int(np.clip(MOST_BYTES // (_SAMPLE_BYTES * area), 2 * SHORTEST, MOST_FRAMES))


def stretches_of(shots: Iterable[Iterable[list[Planes]]], room: int) -> list[Stretch]:
    """Keep some stretches of frames, spread over the clip, so many frames in all."""
    length = min(LONGEST, room // 2)
    spread: Spread[Stretch] = Spread(max(2, room // length))
    for shot in shots:
        stretch: Stretch = []
        for boxes in shot:
            stretch.append(boxes)
            if len(stretch) == length:
                spread.add(lambda full=stretch: full)  # type: ignore[misc]
                stretch = []
        if len(stretch) >= SHORTEST:
            spread.add(lambda full=stretch: full)  # type: ignore[misc]
    return spread.held


def lifted(
    stretches: list[Stretch], holes: Sequence[NDArray[np.bool_]], form: Form
) -> Iterator[list[Blend]]:
    """Yield for each overlay how to get back what lies behind; holes: (h, w) of its box each."""
    for number, hole in enumerate(holes):
        own = [[boxes[number] for boxes in stretch] for stretch in stretches]
        yield lift(own, hole, form)


@dataclass(frozen=True)
class Learned:
    """How overlays were laid over, as coded.

    pieces: where, and the blends of each plane there. rest: (H, W) bool, what was not seen through
    them. opacity: of the overlays, mean.
    """

    pieces: list[tuple[Region, list[Blend]]]
    form: Form
    rest: NDArray[np.bool_]
    opacity: float

    def taken_off(self, picture: Picture) -> Picture:
        """Return the picture without the overlays where those were seen through."""
        planes = [plane.copy() for plane in picture.planes]
        for region, blends in self.pieces:
            part = _parts(planes, region, self.form)
            for index, clean in enumerate(whole_planes(blends, part, self.form)):
                _shrunk(region, self.form.steps[index]).crop(planes[index])[...] = clean
        return picture.with_planes(tuple(planes))


def learn(
    reader: Reader, displayed: NDArray[np.bool_], tell: Callable[[int], None]
) -> Learned | None:
    """Read the clip and learn how overlays were laid over; None where nothing can be told.

    displayed: (H, W) bool, where they are. tell: called with the frames read so far.
    """
    hole = np.ascontiguousarray(reader.orient(displayed))
    overlays = apart(hole)
    shots = _Shots(reader, hole, overlays, tell)
    stretches = stretches_of(shots, room_for([region_around(part) for part in overlays]))
    if not stretches or shots.form is None:
        return None
    form, pieces, rest, opacities = shots.form, [], hole.copy(), []
    holes = [box.crop(part) for box, part in zip(shots.regions, overlays, strict=True)]
    for region, part, blends in zip(
        shots.regions, holes, lifted(stretches, holes, form), strict=True
    ):
        clear = np.logical_and.reduce([
            _spread_out(blend.clear, steps, part.shape)
            for blend, steps in zip(blends, form.steps, strict=True)
        ])  # fmt: skip
        pieces.append((region, blends))
        region.crop(rest)[clear] = False
        opacities.append(blends[0].opacity[part & clear])
    found = np.concatenate(opacities)
    return Learned(pieces, form, rest, float(found.mean()) if len(found) else 0.0)


class _Shots:
    """The shots of a clip, one iterable after the other, of the planes around each overlay.

    regions, form: known from the first picture on.
    """

    def __init__(
        self,
        reader: Reader,
        hole: NDArray[np.bool_],
        overlays: Sequence[NDArray[np.bool_]],
        tell: Callable[[int], None],
    ) -> None:
        self._overlays, self._tell = overlays, tell
        self._line = look((p, p.clouded(hole), p) for p in reader)
        self._first: Shown | None = None
        self._count = 0
        self.regions: list[Region] = []
        self.form: Form | None = None

    def __iter__(self) -> Iterator[Iterator[list[Planes]]]:
        self._first = next(self._line, None)
        while self._first is not None:
            yield self._shot()

    def _shot(self) -> Iterator[list[Planes]]:
        shown, self._first = self._first, None
        while shown is not None:
            picture: Picture = shown.more
            form = self._form_of(picture)
            self._count += 1
            self._tell(self._count)
            boxes = (_parts(picture.planes, region, form) for region in self.regions)
            yield [[part.copy() for part in box] for box in boxes]
            shown = next(self._line, None)
            if shown is not None and shown.starts_shot:
                self._first = shown
                return

    def _form_of(self, picture: Picture) -> Form:
        if self.form is None:
            self.form = form = _form(picture)
            self.regions = [_aligned(region_around(p), form, p.shape) for p in self._overlays]
        return self.form


def _form(picture: Picture) -> Form:
    """Say what the planes of a picture mean."""
    layout = picture.layout
    chroma = (0, 0) if layout.rgb else (layout.log2_h, layout.log2_w)
    steps = [(0, 0), chroma, chroma][: min(layout.planes, 3)]
    return Form(steps, float(1 << (layout.bits - 8)), (1 << layout.bits) - 1)


def _parts(planes: Iterable[NDArray[Any]], region: Region, form: Form) -> Planes:
    return [
        _shrunk(region, steps).crop(plane) for plane, steps in zip(planes, form.steps, strict=False)
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
