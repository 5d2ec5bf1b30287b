"""Extend the masks of a video file to the shadows of their objects: as holes, or as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from itertools import count as count_from
from pathlib import Path

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.io import open_video, refuse_same, whole_folder
from cleanplate.io.refuse import path_of
from cleanplate.masks.load import is_box, open_holes
from cleanplate.masks.shadow import with_shadows
from cleanplate.masks.source import HoleSource, MaskOptions, count_mismatch
from cleanplate.masks.upright import upright_frames
from cleanplate.masks.write import write_into
from cleanplate.video import Frames, Holes

STILL = (
    "A shadow is told by how its object moves, and the mask never does: none was looked for. "
    "Give a mask of every frame, or have the object followed."
)
NOT_TOLD = (
    "No shadow could be told: there is none, or its object hardly moves over the ground, or the "
    "ground cannot be followed. If there is one, draw it into the mask."
)


@dataclass(frozen=True)
class ShadowSummary:
    """What came of looking for shadows.

    frames: of the video. told: frames in which a shadow was found. added: its area against that of
    the holes, over all frames. warnings: what looks wrong. problems: frames that could not be
    decoded. output: its path.
    """

    frames: int
    told: int
    added: float
    warnings: list[str]
    problems: list[str]
    output: str


@dataclass
class _Count:
    """Counts what is added to holes that go by: frames, and pixels."""

    told: int = 0
    before: int = 0
    after: int = 0

    def add(self, before: int, after: int) -> None:
        self.told += after > before
        self.before += before
        self.after += after


def with_shadow(video: str | Path, source: HoleSource, options: MaskOptions) -> HoleSource:
    """Return the holes of a video as they are, or with shadows if the options say so.

    The video is decoded for it once more. A still mask stays as it is, and a warning says why.
    """
    if not options.shadow:
        return source
    if source.still:
        source.warnings.append(STILL)
        return source

    def read() -> Iterator[Holes]:
        count = _Count()
        yield from shadowed(video, iter(source), options.grow, count)
        if count.before and not count.told and NOT_TOLD not in source.warnings:
            source.warnings.append(NOT_TOLD)

    return HoleSource(read, count=source.count, endless=source.endless, warnings=source.warnings)


def shadowed(
    video: str | Path,
    holes: Iterator[Holes],
    growth: int,
    count: _Count | None = None,
    problems: list[str] | None = None,
) -> Iterator[Holes]:
    """Yield the holes (H, W) of a video with their shadows, which grow by so many pixels.

    What is left of the holes when the video ends comes last, as it is. problems: takes those of
    the video. Frames stream.
    """
    count = _Count() if count is None else count
    sizes: list[int] = []
    try:
        with open_video(video) as reader:
            line = _counted(zip(upright_frames(reader), holes, strict=False), sizes)
            for hole in with_shadows(line, growth):
                count.add(sizes.pop(0), int(np.count_nonzero(hole)))
                yield hole
            if problems is not None:
                problems[:] = reader.problems
        yield from holes
    finally:
        close = getattr(holes, "close", None)
        if close is not None:
            close()


def _counted(
    line: Iterable[tuple[Frames, Holes]], sizes: list[int]
) -> Iterator[tuple[Frames, Holes]]:
    """Yield frames and holes, and note how large the holes are."""
    for frame, hole in line:
        sizes.append(int(np.count_nonzero(hole)))
        yield frame, hole


def grow_shadow_file(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    *,
    mask_options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
    progress: Callable[[int, int | None], None] | None = None,
) -> ShadowSummary:
    """Write the masks of a video with the shadows of their objects into a new folder.

    mask: as for ``open_holes``, but of every frame; a PNG for each comes of it, named by its
    number. Shadows grow by ``mask_options.grow`` as the holes do. Frames stream. Raises BadInput
    and BadOutput.
    """
    for path in [video] if is_box(mask) else [video, mask]:
        refuse_same(path_of(path), path_of(out))
    with open_video(video) as reader:
        size, numbers = reader.info.displayed_size, reader.numbers
        frames = sum(1 for _ in reader) + reader.lost
    count, problems = _Count(), list[str]()
    with (
        open_holes(mask, size=size, numbers=numbers, options=mask_options) as source,
        whole_folder(path_of(out)) as folder,
    ):
        if source.still:
            raise BadInput(STILL)
        source.check_count(frames)
        holes = shadowed(video, iter(source), mask_options.grow, count, problems)
        names = (f"{number:05d}" for number in chain(numbers or range(frames), count_from(frames)))
        limited = islice(holes, frames) if source.endless else holes
        written = write_into(folder, zip(names, _told(limited, frames, progress), strict=False))
        if written != frames:
            raise count_mismatch(written, frames)
        said = [NOT_TOLD] if count.before and not count.told else []
    added = (count.after - count.before) / max(count.before, 1)
    return ShadowSummary(frames, count.told, added, source.warnings + said, problems, str(out))


def _told(
    holes: Iterable[Holes], frames: int, progress: Callable[[int, int | None], None] | None
) -> Iterator[Holes]:
    """Yield holes, and tell how many are done."""
    for number, hole in enumerate(holes, start=1):
        yield hole
        if progress:
            progress(number, frames)
