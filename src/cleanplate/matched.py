"""What is given with a clip fits it: which hole belongs to which picture; names that clash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, islice, product
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io import Picture, Reader, open_video, refuse_same
from cleanplate.masks import HoleSource, count_mismatch
from cleanplate.packed import Packed
from cleanplate.span import Clock, Span
from cleanplate.stream import Shown
from cleanplate.video import Holes

FULL = (
    "The mask covers the whole picture in every frame: nothing is left to borrow from. "
    "Mark only what is to go, or use --invert-mask."
)


def check_holes(reader: Reader, holes: HoleSource) -> None:
    """Refuse before the work what can be known by then: a wrong number of masks, a full still."""
    if holes.still and next(iter(holes)).all():
        raise BadInput(FULL)
    if holes.count is None or reader.info.frame_count in (None, holes.count):
        return  # the header's count is only a hint: where it differs, the frames are counted
    with open_video(reader.path) as counted:
        frames = sum(1 for _ in counted)
    if not counted.problems:
        holes.check_count(frames)


def paired(
    reader: Reader,
    holes: HoleSource,
    masks: Iterator[Holes],
    span: Span = Span(),  # noqa: B008 - frozen
) -> Iterator[tuple[Picture, Any, tuple[Picture, Packed]]]:
    """Yield each picture, where it is not to be read, and what it is pasted with, all as coded.

    span: the part of the clip whose holes are filled; elsewhere there are none. Refuses too few or
    too many masks.
    """
    count, taken, clock = 0, 0, Clock()
    for count, picture in enumerate(reader, start=1):
        due = count + reader.lost  # a frame that is lost takes its mask along
        hole = next(islice(masks, due - taken - 1, None), None)
        if hole is None:
            raise count_mismatch(due - 1, due + sum(1 for _ in reader))
        taken = due
        hole = np.ascontiguousarray(reader.orient(hole))
        if not span.holds(due - 1, clock.since_start(picture.time_seconds)):
            hole = np.zeros_like(hole)
        yield picture, picture.clouded(hole), (picture, Packed.of(hole))
    if not holes.endless and not reader.problems:
        more = sum(1 for _ in masks)
        if more:
            raise count_mismatch(count + more, count)


def touched_frames(times: list[Fraction], holes: HoleSource, span: Span) -> list[bool]:
    """Tell which frames of a clip have a hole, by their times in seconds; masks are read for it."""
    masks, clock = iter(holes), Clock()
    still = bool(next(iter(holes)).any()) if holes.still else None
    touched = []
    for number, seconds in enumerate(times):
        hole = still if still is not None else bool(next(masks, np.zeros(1, bool)).any())
        touched.append(hole and span.holds(number, clock.since_start(seconds)))
    return touched


def bordered(line: Iterator[Shown], reader: Reader, span: Span) -> Iterator[Shown]:
    """Part the frames of a span from the others: what lies under a mask there is not to be read."""
    clock, before = Clock(), None
    for count, shown in enumerate(line):
        inside = span.holds(count + reader.lost, clock.since_start(shown.more[0].time_seconds))
        yield shown if before in (None, inside) else replace(shown, apart=True)
        before = inside


def is_empty(holes: HoleSource) -> bool:
    """Tell whether it is known before the work that there is no hole."""
    return holes.still and not next(iter(holes)).any()


def refuse_clashes(
    video: str | Path, drawn: Sequence[Path], out: str | Path, **folders: str | Path | None
) -> None:
    """Refuse results that would take the place of what is given or of each other, or lie in it."""
    for source in drawn:
        if source.is_file():
            refuse_same(source, Path(out))
    asked = {name: Path(folder) for name, folder in folders.items() if folder is not None}
    for source, folder in product([Path(video), *drawn], asked.values()):
        refuse_same(source, folder)
    results = {"video": Path(out), **asked}
    for (one, first), (two, second) in combinations(results.items(), 2):
        if first.resolve() == second.resolve():
            raise BadOutput(f"{first} cannot be both the {one} and the {two}. Give two names.")
        if first.resolve() in second.resolve().parents:
            raise BadOutput(f"{second} lies inside the result {first}. Give another place.")
