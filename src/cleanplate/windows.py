"""Which frames are filled together: stretches of one shot that overlap, read as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")

LONGEST = 90  # frames; far sources hardly help beyond this, and memory grows with it
SHORTEST = 12  # frames; a window has to see something beside the frame that it fills
OVERLAP_SHARE = 8  # one eighth of a window is shared with the next, and
LEAST_OVERLAP = 2  # frames where it has room for them
REACH = 8  # frames without a hole beside those with one: what a trajectory needs, and some more
BUDGET_BYTES = 1_000_000_000  # what one window may take, everything that a method keeps included
BYTES_PER_PIXEL = 12  # of one frame: planes, RGB, masks, where it came from; as measured


@dataclass(frozen=True)
class Window(Generic[Item]):
    """A stretch of one shot.

    first: index of its first frame in the clip. items: its frames. lead, tail: how many of them
    are shared with the window before and after; 0 at the ends of a shot.
    """

    first: int
    items: list[Item]
    lead: int
    tail: int

    def weights(self) -> NDArray[np.float32]:
        """(T,) float32 in (0, 1]: ramps over the shared frames; two neighbours' add up to 1."""
        weights = np.ones(len(self.items), np.float32)
        for shared, ramp in ((self.lead, weights), (self.tail, weights[::-1])):
            ramp[:shared] *= (np.arange(shared, dtype=np.float32) + 0.5) / max(shared, 1)
        return weights


def window_length(pixels: int) -> int:
    """How many frames of so many pixels are filled together within the memory budget."""
    return int(np.clip(BUDGET_BYTES // max(pixels * BYTES_PER_PIXEL, 1), SHORTEST, LONGEST))


def windows(
    items: Iterable[Item], starts_shot: Callable[[Item], bool], *, length: int
) -> Iterator[Window[Item]]:
    """Cut a stream into windows of at most `length` frames, never across the start of a shot.

    Neighbouring windows of a shot share an eighth of `length`; those after the first are shorter by
    twice as much, for by then the encoder holds frames as well, and memory is not to grow. Whoever
    takes a window may empty its list, so that no frame is held twice.

    >>> [w.items for w in windows(range(16), lambda i: i == 14, length=8)]
    [[0, 1, 2, 3, 4, 5, 6, 7], [7, 8, 9, 10, 11, 12], [12, 13], [14, 15]]
    """
    overlap = min(max(length // OVERLAP_SHARE, LEAST_OVERLAP), length // 5)
    held: list[Item] = []
    first = lead = 0
    room = length
    for item in items:
        if held and starts_shot(item):
            end = first + len(held)
            yield Window(first, held, lead, 0)
            first, held, lead, room = end, [], 0, length - 2 * overlap
        elif len(held) == room:
            end, shared = first + room - overlap, held[room - overlap :]
            yield Window(first, held, lead, overlap)
            first, held, lead, room = end, shared, overlap, length - 2 * overlap
        held.append(item)
    if held:
        yield Window(first, held, lead, 0)


def near_holes(has_hole: list[bool], reach: int = REACH) -> list[slice]:
    """Return the stretches of frames within `reach` frames of a frame with a hole.

    A trajectory ends at the first frame that shows its pixel, so beyond a few whole frames it finds
    nothing more.

    >>> near_holes([False] * 20 + [True] + [False] * 20)
    [slice(12, 29, None)]
    """
    stretches: list[slice] = []
    for index in np.flatnonzero(has_hole).tolist():
        start, stop = max(index - reach, 0), min(index + reach + 1, len(has_hole))
        if stretches and start <= stretches[-1].stop:
            start = stretches.pop().start
        stretches.append(slice(start, stop))
    return stretches
