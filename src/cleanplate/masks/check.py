"""The mask doctor: what a mask looks like beside its video, before an hour is spent on a fill."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from cleanplate.io import open_video
from cleanplate.masks.load import open_holes
from cleanplate.masks.source import INVERTED, MaskOptions, count_mismatch, looks_inverted
from cleanplate.video import Holes

SPECK_SHARE = 2e-5  # of the picture: 8 pixels at 854x480; smaller patches are specks
MANY_SPECKS = 20  # a mask: a mask of dust and scratches has a few, noise has hundreds
JUMP = 2.0  # the hole's area changes by this factor and back: flicker


@dataclass(frozen=True)
class MaskReport:
    """What the doctor found.

    size: (height, width) of the video. frames: masks looked at. coverage: smallest, mean, and
    largest share of the picture, 0 to 1. empty, full, flicker: frame numbers from 0. specks: mean
    number of tiny patches a mask. findings: sentences about what looks wrong, [] if all is well.
    still: one mask serves every frame. video_frames: None where no video was looked at.
    """

    size: tuple[int, int]
    frames: int
    coverage: tuple[float, float, float]
    empty: list[int] = field(default_factory=list)
    full: list[int] = field(default_factory=list)
    flicker: list[int] = field(default_factory=list)
    specks: float = 0.0
    findings: list[str] = field(default_factory=list)
    still: bool = False
    video_frames: int | None = None


def check(holes: Iterable[Holes], *, size: tuple[int, int]) -> MaskReport:
    """Look at the holes of a clip one by one; memory does not depend on their number.

    holes: (H, W) bool of ``size``, ending with the clip. A still mask may be given once.
    """
    shares: list[float] = []
    specks: list[int] = []
    inverted = False
    for hole in holes:
        shares.append(float(hole.mean()))
        specks.append(count_specks(hole))
        inverted = inverted or looks_inverted(hole)
    if not shares:
        return MaskReport(size, 0, (0.0, 0.0, 0.0), findings=["There is no mask to look at."])
    report = MaskReport(
        size=size,
        frames=len(shares),
        coverage=(min(shares), float(np.mean(shares)), max(shares)),
        empty=[frame for frame, share in enumerate(shares) if share == 0],
        full=[frame for frame, share in enumerate(shares) if share == 1],
        flicker=flicker(shares),
        specks=float(np.mean(specks)),
    )
    report.findings.extend(_findings(report, inverted))
    return report


def check_file(
    video: str | Path,
    mask: str | Path,
    *,
    options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
) -> MaskReport:
    """Look at a mask beside its video, which is decoded once to count its frames.

    mask: as for ``open_holes``. Raises BadInput for what ``fill`` would refuse, a wrong number of
    masks included.
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
        findings = list(dict.fromkeys([*problems, *source.warnings, *report.findings]))
    return dataclasses.replace(report, findings=findings, still=source.still, video_frames=frames)


def count_specks(hole: Holes) -> int:
    """Count the tiny patches of an (H, W) hole, and the tiny gaps in it."""
    most = max(2, SPECK_SHARE * hole.size)
    total = 0
    for side in (hole, ~hole):
        _, _, facts, _ = cv2.connectedComponentsWithStats(side.astype(np.uint8))
        total += int((facts[1:, cv2.CC_STAT_AREA] <= most).sum())
    return total


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


def _findings(report: MaskReport, inverted: bool) -> list[str]:
    found = []
    if len(report.empty) == report.frames:
        found.append("The mask is empty in every frame: there is nothing to fill.")
    if report.full:
        found.append(
            f"The mask covers the whole picture in {_frames(report.full)}: "
            "nothing is left to borrow from there."
        )
    if inverted:
        found.append(INVERTED)
    if report.specks > MANY_SPECKS:
        found.append(
            f"The mask has about {report.specks:.0f} specks of a few pixels a frame: it looks "
            "like noise. Save it without compression, or give another threshold."
        )
    if report.flicker:
        found.append(
            f"The mask's area jumps and returns in {_frames(report.flicker)}: "
            "the object may be missed there. Look at these frames."
        )
    return found


def _frames(numbers: list[int]) -> str:
    """``frame 3``, ``frames 3, 4, 9``, ``frames 0, 1, 2, 3, 4 and 37 more``."""
    listed = ", ".join(map(str, numbers[:5]))
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"frame{'s' if len(numbers) > 1 else ''} {listed}{more}"
