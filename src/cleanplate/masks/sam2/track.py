"""Follow an object by SAM 2: it remembers the key masks, and what it saw since."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cleanplate.configs import checked
from cleanplate.devices import PRECISIONS
from cleanplate.errors import BadInput
from cleanplate.masks.follow.backwards import read_back
from cleanplate.masks.follow.legs import Course, Marks, Picture, Read
from cleanplate.masks.follow.trail import Trail, Watch
from cleanplate.masks.keys import check_reach
from cleanplate.masks.sam2.checkpoint import Sam2, load_sam2
from cleanplate.masks.sam2.memory import Memory
from cleanplate.masks.sam2.prompts import soft_of
from cleanplate.shots import CutDetector

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Sam2Options:
    """How SAM 2 follows.

    precision: "auto" is bf16 where the machine has it. beyond_cuts: whether what was seen before a
    cut counts after it, so that the object is looked for in all shots. Raises BadInput.
    """

    precision: str = "auto"
    beyond_cuts: bool = False

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        checked(bool, self.beyond_cuts, "beyond_cuts")
        if self.precision not in PRECISIONS:
            raise BadInput(
                f"precision {self.precision!r} is unknown. Choose one of: {', '.join(PRECISIONS)}."
            )


@dataclass
class _Stretch:
    """Frames from a cut on, or after a mask that is empty, up to the next such.

    memory: of its key masks, where it has some. gone: the object is not there until one.
    """

    start: int
    gone: bool = False
    memory: Memory | None = None


def follow_loaded(
    read: Read,
    marks: Marks,
    *,
    weights: str | os.PathLike[str],
    device: str,
    options: Sam2Options,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Course:
    """Do the same by a folder of weights, which take memory as long as that lasts."""
    return follow_remembered(
        read,
        marks,
        sam2=load_sam2(weights, device=device, precision=options.precision),
        beyond_cuts=options.beyond_cuts,
        progress=progress,
        watch=watch,
    )


def follow_remembered(
    read: Read,
    marks: Marks,
    *,
    sam2: Sam2,
    beyond_cuts: bool = False,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Course:
    """Follow an object through a clip, as `masks.follow.follow`, by SAM 2.

    Every frame is compared with all key masks of its shot, those that follow as well (of more than
    eight with the nearest), and with the frames that were looked at last. The clip is read twice,
    and what lies before a shot's first key mask backwards; a few frames are held at a time.
    """
    size = next(iter(marks.values())).shape
    course = Course(Trail((size[0], size[1]), watch))
    stretches = _stretches(read, marks, course, sam2, beyond_cuts)
    check_reach(marks, course.frames)
    report = _Steps(course.frames, stretches, progress)
    _forward(read, marks, course, stretches, report)
    for stretch in stretches:
        memory = stretch.memory
        if memory is not None and memory.first is not None:
            for number, picture in read_back(read, stretch.start, memory.first, course.trail.size):
                _find(course, memory, number, picture, back=True)
                report.step()
    return course


class _Steps:
    """Tells how many frames have been looked at, and how many will be."""

    def __init__(self, frames: int, stretches: list[_Stretch], progress: Progress | None) -> None:
        firsts = [(s.start, s.memory.first) for s in stretches if s.memory is not None]
        self._total = frames + sum(first - start for start, first in firsts if first is not None)
        self._done, self._progress = 0, progress

    def step(self) -> None:
        """Tell that another one has been looked at."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _stretches(
    read: Read, marks: Marks, course: Course, sam2: Sam2, beyond_cuts: bool
) -> list[_Stretch]:
    """Read a clip for its cuts, and tell the key masks to a memory of each stretch."""
    detector, nothing = CutDetector(), np.zeros(course.trail.size, np.bool_)
    stretches = [_Stretch(0)]
    for number, picture in enumerate(read(0, None)):
        course.frames = number + 1
        if not beyond_cuts and detector.is_cut(picture, nothing):
            course.cuts.append(number)
            stretches.append(_Stretch(number))
        if number not in marks:
            continue
        course.trail.put(number, marks[number], 1.0)
        if marks[number].any():
            here = stretches[-1]
            here.memory = here.memory or Memory(sam2)
            here.memory.mark(number, picture, marks[number])
        else:
            stretches.append(_Stretch(number + 1, gone=True))
    return stretches


def _forward(
    read: Read, marks: Marks, course: Course, stretches: list[_Stretch], report: _Steps
) -> None:
    """Follow on from the first key mask of every stretch to its end."""
    ahead = iter([*stretches[1:], _Stretch(course.frames)])
    here, after = stretches[0], next(ahead)
    for number, picture in enumerate(read(0, course.frames)):
        while number == after.start:
            _rest(here)
            here, after = after, next(ahead)
        memory = here.memory
        if memory is not None and memory.first is not None:
            if number > memory.first and number not in marks:
                _find(course, memory, number, picture)
        elif here.gone:  # and that is for sure
            course.trail.put(number, np.zeros(course.trail.size, np.float32), 1.0)
        report.step()


def _rest(stretch: _Stretch) -> None:
    """Keep of a stretch that has been followed to its end what the way back needs."""
    if stretch.memory is not None:
        stretch.memory.forget_but()
        if stretch.memory.first == stretch.start:
            stretch.memory = None


def _find(
    course: Course, memory: Memory, number: int, picture: Picture, *, back: bool = False
) -> None:
    logits, trust = memory.find(number, picture, frames=course.frames, back=back)
    course.trail.put(number, soft_of(logits, course.trail.size), trust)
