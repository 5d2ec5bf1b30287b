"""The mask doctor: what a mask looks like beside its video, before an hour is spent on a fill."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.io import Picture, Reader, open_video
from cleanplate.masks.load import open_holes
from cleanplate.masks.source import (
    INVERTED,
    HoleSource,
    MaskOptions,
    count_mismatch,
    looks_inverted,
)
from cleanplate.masks.symptoms import (
    LIKE,
    iou,
    is_cut_off,
    is_inverted_beside,
    left_over,
    specks,
)
from cleanplate.region import eight_bits
from cleanplate.video import Holes

MANY_SPECKS = 60  # a mask: a mask of dust and scratches has a few, noise has hundreds
JUMP = 2.0  # the hole's area changes by this factor and back: flicker
NEARLY_FULL = 0.9  # of the picture: hardly anything is left to borrow from
APART = 0.1  # intersection over union of a mask that is elsewhere than both neighbours
OFTEN = 0.15  # of the frames: a hole may end near the border once
TOO_SMALL = 0.52  # of the outline: more of the object goes on outside
LOOK_EVERY = 8  # frames; the colours of so manieth one are looked at
_TOO_SMALL_SAID = (
    "The mask looks too small: along {percent} % of its outline the object's colours go on "
    "outside, even as a fill grows it. Draw it wider, or have it grow by more (--grow)."
)


@dataclass(frozen=True)
class MaskReport:
    """What the doctor found.

    size: (height, width) of the video. frames: masks looked at. coverage: smallest, mean, and
    largest share of the picture, 0 to 1. empty, full, nearly_full, flicker, inverted, cut_off:
    frame numbers from 0. specks: mean number of tiny patches a mask. left_over: share of the
    outline along which the object goes on outside the hole as a fill grows it, None where nobody
    can tell or no frames were given. findings: sentences about what looks wrong, [] if all is well.
    still: one mask serves every frame. video_frames: None where no video was looked at.
    """

    size: tuple[int, int]
    frames: int
    coverage: tuple[float, float, float]
    empty: list[int] = field(default_factory=list)
    full: list[int] = field(default_factory=list)
    flicker: list[int] = field(default_factory=list)
    nearly_full: list[int] = field(default_factory=list)
    inverted: list[int] = field(default_factory=list)
    cut_off: list[int] = field(default_factory=list)
    left_over: float | None = None
    specks: float = 0.0
    findings: list[str] = field(default_factory=list)
    still: bool = False
    video_frames: int | None = None


def check(holes: Iterable[Holes], *, size: tuple[int, int], first: int = 0) -> MaskReport:
    """Look at the holes of a clip one by one; memory does not depend on their number.

    holes: (H, W) bool of ``size``, ending with the clip. A still mask may be given once. first:
    what the first frame is called in the findings.
    """
    seen = _Seen()
    for hole in holes:
        seen.add(hole)
    if not seen.shares:
        return MaskReport(size, 0, (0.0, 0.0, 0.0), findings=["There is no mask to look at."])
    report = seen.report(size)
    report.findings.extend(_findings(report, seen.looks_inverted, first))
    return report


def check_edges(pairs: Iterable[tuple[Callable[[], NDArray[np.uint8]], Holes]]) -> float | None:
    """Return the share of the outline along which objects go on outside of their holes.

    pairs: what gives each frame, (H, W, 3) RGB, of which so manieth is asked for, and its hole
    before it is grown. The median over frames; None where nobody can tell.
    """
    found = (
        left_over(frame(), hole) for frame, hole in itertools.islice(pairs, 0, None, LOOK_EVERY)
    )
    told = [share for share in found if share is not None]
    return float(np.median(told)) if told else None


class _Seen:
    """What was noted of the masks that went by; the last two are held."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.looks_inverted = False
        self._specks: list[int] = []
        self._cut_off: list[int] = []
        self._elsewhere: list[int] = []
        self._inverted: list[int] = []
        self._last: list[Holes] = []

    def add(self, hole: Holes) -> None:
        number = len(self.shares)
        self.shares.append(float(hole.mean()))
        self._specks.append(count_specks(hole))
        self.looks_inverted = self.looks_inverted or looks_inverted(hole)
        if is_cut_off(hole):
            self._cut_off.append(number)
        if len(self._last) == 2:
            before, here = self._last
            if before.any() and here.any() and hole.any() and _is_elsewhere(before, here, hole):
                self._elsewhere.append(number - 1)
            if is_inverted_beside(here, before) and is_inverted_beside(here, hole):
                self._inverted.append(number - 1)
        self._last = [*self._last[-1:], hole]

    def report(self, size: tuple[int, int]) -> MaskReport:
        shares = self.shares
        often = len(self._cut_off) > OFTEN * len(shares)
        return MaskReport(
            size=size,
            frames=len(shares),
            coverage=(min(shares), float(np.mean(shares)), max(shares)),
            empty=[frame for frame, share in enumerate(shares) if share == 0],
            full=[frame for frame, share in enumerate(shares) if share == 1],
            nearly_full=[f for f, share in enumerate(shares) if NEARLY_FULL <= share < 1],
            flicker=sorted({*flicker(shares), *self._elsewhere}),
            inverted=self._inverted,
            cut_off=self._cut_off if often else [],
            specks=float(np.mean(self._specks)),
        )


def _is_elsewhere(before: Holes, here: Holes, after: Holes) -> bool:
    return iou(before, after) > LIKE and max(iou(here, before), iou(here, after)) < APART


def check_file(
    video: str | Path,
    mask: str | Path,
    *,
    options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
) -> MaskReport:
    """Look at a mask beside its video, which is decoded twice.

    mask: as for ``open_holes``; before it is grown. Raises BadInput for what ``fill`` would refuse,
    a wrong number of masks included.
    """
    with open_video(video) as reader:
        size, frames = reader.info.displayed_size, sum(1 for _ in reader)
        numbers, problems = reader.numbers, [f"Of the video, {p}." for p in reader.problems]
    with open_holes(mask, size=size, numbers=numbers, options=options) as source:
        if not problems:
            source.check_count(frames)
        limit = 1 if source.still else frames if source.endless else None
        report = check(itertools.islice(source, limit), size=size)
        short = report.frames < frames if problems else report.frames != frames
        if short and not source.still:
            raise count_mismatch(report.frames, frames)
        # What a still mask marks need be no object: boxes are drawn around anything.
        left = None if source.still else _edges_of(video, source)
        found = [*problems, *source.warnings, *report.findings, *too_small(left)]
    return dataclasses.replace(
        report,
        findings=list(dict.fromkeys(found)),
        still=source.still,
        video_frames=frames,
        left_over=left,
    )


def too_small(left_over: float | None) -> list[str]:
    """Say that objects go on outside along so much of the outline, where that is too much."""
    if left_over is None or left_over <= TOO_SMALL:
        return []
    return [_TOO_SMALL_SAID.format(percent=round(100 * left_over))]


def _edges_of(video: str | Path, source: HoleSource) -> float | None:
    """Look at the colours beside the holes of a video; as `check_edges`."""
    with open_video(video) as reader:

        def pairs() -> Iterator[tuple[Callable[[], NDArray[np.uint8]], Holes]]:
            for picture, hole in zip(reader, source, strict=False):
                yield partial(_upright, reader, picture), hole

        return check_edges(pairs())


def _upright(reader: Reader, picture: Picture) -> NDArray[np.uint8]:
    return eight_bits(reader.upright(picture.rgb()))


def count_specks(hole: Holes) -> int:
    """Count the tiny patches of an (H, W) hole, and the tiny gaps in it."""
    tiny = specks(hole)
    return sum(
        cv2.connectedComponents(side.astype(np.uint8), connectivity=8)[0] - 1
        for side in (tiny & hole, tiny & ~hole)
    )


def flicker(shares: list[float]) -> list[int]:
    """Return the frames whose hole is twice as large, or half as large, as both neighbours'.

    A mask that grows or shrinks for good (an object enters, a shot begins) is no flicker.

    >>> flicker([0.2, 0.2, 0.0, 0.2, 0.5, 0.5])
    [2]
    """
    found = []
    for frame in range(1, len(shares) - 1):
        before, here, after = shares[frame - 1 : frame + 2]
        if here * JUMP <= min(before, after) > 0 or here > JUMP * max(before, after):
            found.append(frame)
    return found


def _findings(report: MaskReport, inverted: bool, first: int) -> list[str]:
    found = []
    frames = partial(_named, first=first)
    if len(report.empty) == report.frames:
        found.append("The mask is empty in every frame: there is nothing to fill.")
    if report.full:
        found.append(
            f"The mask covers the whole picture in {frames(report.full)}: "
            "nothing is left to borrow from there."
        )
    if report.nearly_full:
        found.append(
            f"The mask covers nearly everything in {frames(report.nearly_full)}: hardly anything "
            "is left to borrow from there. Mark less."
        )
    if inverted:
        found.append(INVERTED)
    if report.inverted:
        found.append(
            f"The mask is inverted in {frames(report.inverted)}: black marks there what white "
            "marks before and after."
        )
    if report.cut_off:
        found.append(
            f"The mask ends along a straight line in {frames(report.cut_off)}, as if an object "
            "were cut off: before the border of the picture or inside it. Draw it on."
        )
    if report.specks > MANY_SPECKS:
        found.append(
            f"The mask has about {report.specks:.0f} specks of a few pixels a frame: it looks "
            "like noise. Save it as PNG, or as a video without loss."
        )
    if report.flicker:
        found.append(
            f"The mask jumps and returns in {frames(report.flicker)}: "
            "the object may be missed there. Look at these frames."
        )
    return found


def _named(numbers: list[int], *, first: int) -> str:
    """``frame 3``, ``frames 3, 4, 9``, ``frames 0, 1, 2, 3, 4 and 37 more``."""
    listed = ", ".join(str(number + first) for number in numbers[:5])
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"frame{'s' if len(numbers) > 1 else ''} {listed}{more}"
