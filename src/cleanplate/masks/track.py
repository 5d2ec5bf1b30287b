"""track(): follow an object through a clip from the mask of one frame, or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.masks.follow.legs import Course, Picture, Tracker, follow
from cleanplate.masks.generous import AUTO, Grow, check_growth, hole_of
from cleanplate.masks.keys import Keys, check_keys, check_reach
from cleanplate.region import reduce_picture, reduced_picture, working_size
from cleanplate.video import Frames, Holes

MOST_PIXELS = 854 * 480  # of the pictures that an object is followed on

Progress = Callable[[int, int | None], None]  # frames done, frames in all if known


@dataclass(frozen=True)
class Tracked:
    """An object followed through a clip.

    holes: (T, H, W) bool. confidence: (T,), 0 to 1: how far each is to be trusted, 0 where the
    object was not followed to. cuts: frames that start a new shot, over which nothing is carried.
    """

    holes: Holes
    confidence: NDArray[np.float32]
    cuts: list[int]


def track(
    frames: Frames,
    masks: Any,
    *,
    at: int = 0,
    grow: Grow = AUTO,
    confidence: bool = False,
    tracker: Tracker = follow,
    progress: Progress | None = None,
) -> Any:
    """Follow an object from the mask of one frame, forwards and backwards; return its holes.

    frames: (T, H, W, 3) RGB, uint8 or uint16. masks: (H, W) bool, the object in frame `at`; or a
    dictionary {frame: mask} of several frames, whose masks are taken as they are (an empty one says
    that the object is not there). grow: pixels, or "auto": by half of its area or more, for
    too much is better filled than too little. tracker: which way it is followed, see
    `load_tracker`; by the usual one nothing is carried over a cut: a shot without a mask of its own
    has no holes. Returns (T, H, W) bool, and with `confidence` Tracked(holes, confidence, cuts).
    Raises BadInput.

    >>> still = np.zeros((3, 40, 60, 3), np.uint8); still[:, 10:20, 10:20] = 200
    >>> bool((track(still, still[0, ..., 0] > 0, grow=0) == (still[..., 0] > 0)).all())
    True
    """
    frames = _checked(frames)
    check_growth(grow)
    size = (frames.shape[1], frames.shape[2])
    given = masks if isinstance(masks, Mapping) else {at: masks}
    keys = check_keys(given, size=size)
    check_reach(keys, len(frames))

    def read(start: int, stop: int | None) -> Iterator[Picture]:
        return (working_picture(frame) for frame in frames[start:stop])

    course = tracker(read, marks_of(keys), progress=progress)
    holes = np.zeros(frames.shape[:3], np.bool_)
    for number, hole in enumerate(holes_of(course, keys, grow)):
        holes[number] = hole
    if not confidence:
        return holes
    return Tracked(holes, np.array(confidences(course), np.float32), course.cuts)


def _checked(given: Any) -> Frames:
    frames: Frames = np.asarray(given)
    if frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise BadInput(f"frames have shape {frames.shape}. Give (T, H, W, 3), RGB.")
    if frames.dtype not in (np.uint8, np.uint16):
        raise BadInput(
            f"frames are {frames.dtype}. Give uint8, or uint16 that spans the full 16 bits."
        )
    return frames


def working_picture(frame: Frames) -> Picture:
    """Reduce a frame (H, W, 3) to 8 bits and to the size at which objects are followed."""
    size = working_size((frame.shape[0], frame.shape[1]), MOST_PIXELS)
    return np.asarray(reduced_picture(frame, size), order="C")


def marks_of(keys: Keys) -> dict[int, NDArray[np.float32]]:
    """Return key masks as soft ones of the working size."""
    return {
        frame: reduce_picture(hole.astype(np.float32), working_size(hole.shape, MOST_PIXELS))
        for frame, hole in keys.items()
    }


def holes_of(course: Course, keys: Keys, growth: Grow) -> Iterator[Holes]:
    """Yield the holes (H, W) of a clip in order; where there is a key mask, it counts as it is."""
    size = next(iter(keys.values())).shape
    trail = course.trail
    for number in range(course.frames):
        hole = hole_of(trail.soft(number), (size[0], size[1]), growth, trail.trust(number))
        if number in keys:
            hole = hole | keys[number] if growth else keys[number].copy()
        yield hole


def confidences(course: Course) -> list[float]:
    """Return how far each frame's mask is to be trusted, 0 to 1."""
    return [course.trail.trust(number) for number in range(course.frames)]
