"""Which way an object is followed: on from every key mask and back from it, never over a cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.estimate import classical_flow
from cleanplate.masks.follow.backwards import read_back
from cleanplate.masks.follow.follower import Follower
from cleanplate.masks.follow.trail import Soft, Trail, Watch
from cleanplate.masks.keys import check_reach
from cleanplate.shots import CutDetector
from cleanplate.threads import ahead

Picture = NDArray[np.uint8]  # (h, w, 3) RGB
Read = Callable[[int, int | None], Iterator[Picture]]  # frames from one up to another, or the end
Marks = Mapping[int, Soft]  # key masks, in the order of their frames

_DEPTH = 4  # frames whose motion is found before they are needed


@dataclass
class Course:
    """Where an object went.

    trail: its masks. frames: of the clip. cuts: frames that start a new shot, but for the first,
    where these end a way.
    """

    trail: Trail
    frames: int = 0
    cuts: list[int] = field(default_factory=list)


class Tracker(Protocol):
    """Follows an object through a clip, as `follow` does; another may take another way."""

    def __call__(
        self,
        read: Read,
        marks: Marks,
        *,
        progress: Callable[[int, int | None], None] | None = None,
        watch: Watch | None = None,
    ) -> Course:
        """Return where the object went, of clip and key masks."""
        ...


class _Look(NamedTuple):
    """A frame on its way; motion: towards it from the frame before, and back; None if unneeded."""

    number: int
    picture: Picture
    starts_shot: bool
    motion: tuple[NDArray[np.float32], NDArray[np.float32]] | None


class _Leg(NamedTuple):
    """Frames before a key mask that it is carried back to, the nearest last."""

    start: int
    key: int


def follow(
    read: Read,
    marks: Marks,
    *,
    progress: Callable[[int, int | None], None] | None = None,
    watch: Watch | None = None,
) -> Course:
    """Follow an object through a clip, from all its key masks; holds a few frames at a time.

    read: gives the clip's frames, as often as it is asked. marks: an empty one says that the
    object is not there, until the next. progress: called with frames done, and in all once that
    is known. watch: called with every mask as it is found, and again where it changes. Raises
    BadInput for marks of frames that are not there.
    """
    size = next(iter(marks.values())).shape
    course = Course(Trail((size[0], size[1]), watch))
    _forward(read, marks, course, progress)
    check_reach(marks, course.frames)
    legs = _legs(marks, course.cuts)
    done, total = course.frames, course.frames + sum(leg.key - leg.start for leg in legs)
    for leg in legs:
        _back(read, marks, course, leg)
        done += leg.key - leg.start
        if progress:
            progress(done, total)
    _told_gone(marks, course)
    return course


def _forward(
    read: Read,
    marks: Marks,
    course: Course,
    progress: Callable[[int, int | None], None] | None,
) -> None:
    """Carry every key mask on to the end of its shot, or to the next one."""
    follower: Follower | None = None
    with closing(ahead(_looks(read(0, None), marks), depth=_DEPTH)) as looks:
        for look in looks:
            course.frames = look.number + 1
            if look.starts_shot:
                course.cuts.append(look.number)
                follower = None
            if look.number in marks:
                follower = _marked(follower, look.picture, marks[look.number])
            elif follower is not None and look.motion is not None:
                follower.step(look.picture, *look.motion)
            if follower is not None:
                course.trail.put(look.number, follower.soft, follower.trust)
            if progress:
                progress(course.frames, None)


def _marked(follower: Follower | None, picture: Picture, mark: Soft) -> Follower | None:
    """Return who follows from a key mask on: one who knows what the last one looked like."""
    if not mark.any():
        return None
    if follower is None:
        return Follower(picture, mark)
    follower.correct(picture, mark)
    return follower


def _looks(pictures: Iterable[Picture], marks: Marks) -> Iterator[_Look]:
    """Find cuts, and motion where there is something to be carried."""
    detector, before, wanted = CutDetector(), None, False
    for number, picture in enumerate(pictures):
        cut = detector.is_cut(picture, np.zeros(picture.shape[:2], np.bool_))
        carried = wanted and not cut and number not in marks
        yield _Look(number, picture, cut, _motion(before, picture) if carried else None)
        wanted = bool(marks[number].any()) if number in marks else carried
        before = picture


def _motion(
    before: Picture | None, here: Picture
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return the flow from one frame to the next, and back from there; None without the first."""
    if before is None:
        return None
    towards, back = classical_flow([before, here])
    return towards[0], back[0]


def _legs(marks: Marks, cuts: list[int]) -> list[_Leg]:
    """Return which frames lie before each key mask, after the one before it and the last cut."""
    legs, start = [], 0
    for key, mark in marks.items():
        start = max([start, *(cut for cut in cuts if cut <= key)])
        if mark.any() and start < key:
            legs.append(_Leg(start, key))
        start = key + 1
    return legs


def _back(read: Read, marks: Marks, course: Course, leg: _Leg) -> None:
    """Carry a key mask back, and merge it with what was carried on from the one before."""
    follower: Follower | None = None
    with closing(ahead(_looks_back(read, leg, course.trail.size), depth=_DEPTH)) as looks:
        for look in looks:
            if follower is None:
                follower = Follower(look.picture, marks[leg.key])
            elif look.motion is not None:
                follower.step(look.picture, *look.motion)
                _merge(course.trail, look.number, leg, follower)


def _told_gone(marks: Marks, course: Course) -> None:
    """After a key mask that is empty, and where no other was carried to, nothing is for sure."""
    gone = False
    for frame in range(course.frames):
        gone = not marks[frame].any() if frame in marks else gone and frame not in course.cuts
        if gone and frame not in course.trail:
            course.trail.put(frame, np.zeros(course.trail.size, np.float32), 1.0)


def _looks_back(read: Read, leg: _Leg, size: tuple[int, int]) -> Iterator[_Look]:
    """Give the frames of a leg, the key mask's first, and then backwards.

    size: (height, width) of the pictures.
    """
    before: Picture | None = None
    for number, here in read_back(read, leg.start, leg.key + 1, size):
        yield _Look(number, here, False, _motion(before, here))
        before = here


def _merge(trail: Trail, frame: int, leg: _Leg, follower: Follower) -> None:
    """Put a mask that was carried back beside one that was carried on: the nearer counts more."""
    if frame not in trail:
        trail.put(frame, follower.soft, follower.trust)
        return
    on = trail.trust(frame) * (leg.key - frame)
    back = follower.trust * (frame - leg.start + 1)
    share = np.float32(back / max(on + back, 1e-6))
    soft = trail.soft(frame) * (1 - share) + follower.soft * share
    trail.put(frame, soft, float(trail.trust(frame) * (1 - share) + follower.trust * share))
