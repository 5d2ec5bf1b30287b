"""Which frames are filled together: stretches of one shot that overlap, read as a stream.

How long they are follows from memory: the larger a frame, the fewer of them, so that peak memory
does not depend on the length of a clip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.memory import in_words

Item = TypeVar("Item")

LONGEST = 90  # frames; far sources hardly help beyond this, and memory grows with it
SHORTEST = 12  # frames; a window has to see something beside the frame that it fills
OVERLAP_SHARE = 8  # one eighth of a window is shared with the next, and
LEAST_OVERLAP = 4  # frames where it has room for them: a fade over fewer is seen as a step
REACH = 8  # frames without a hole beside those with one: what a trajectory needs, and some more
BUDGET_BYTES = 1_130_000_000  # what one window may take where nobody says how much memory is there
# As measured, of one frame of a window, everything that a method keeps included, where most of the
# picture is a hole; half of it where an eighth is.
BYTES_PER_PIXEL = 12  # planes, RGB, masks, what it is filled with
BYTES_PER_DEEP_PIXEL = 17  # the same of a clip with more than 8 bits
DECODER_BYTES = 20  # that a decoder holds for each pixel, of 8 bits
WORKING_PIXELS, BYTES_PER_WORKING_PIXEL = 432 * 240, 14  # flow and paths are found at that size
PROCESS_BYTES = 340_000_000  # the interpreter, its libraries and compiled code


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
        """(T,) float32 in (0, 1]: ramps over the shared frames; two neighbours' add up to 1.

        All steps of a ramp are alike, those at its ends too: the largest is what is seen.
        """
        weights = np.ones(len(self.items), np.float32)
        for shared, ramp in ((self.lead, weights), (self.tail, weights[::-1])):
            ramp[:shared] *= np.arange(1, shared + 1, dtype=np.float32) / (shared + 1)
        return weights


@dataclass(frozen=True)
class Footprint:
    """What filling a clip takes of memory, in bytes: always, and for each frame of a window.

    held: what a method takes more for each of them. It counts where an amount of memory is told,
    and makes windows no shorter where none is.
    """

    always: int
    each: int
    held: int = 0

    def of(self, frames: int) -> int:
        """Return what windows of so many frames take, at most."""
        return self.always + frames * (self.each + self.held)


def footprint(pixels: int, *, deep: bool = False, beside: int = 0) -> Footprint:
    """Return what frames of so many pixels take of memory.

    deep: they have more than 8 bits. beside: bytes that an encoder or a network keeps.
    """
    each = pixels * (BYTES_PER_DEEP_PIXEL if deep else BYTES_PER_PIXEL)
    working = min(pixels, WORKING_PIXELS) * BYTES_PER_WORKING_PIXEL
    decoder = pixels * DECODER_BYTES * (1 + deep)
    return Footprint(PROCESS_BYTES + decoder + beside, each + working)


def window_length(needs: Footprint, memory: int | None = None) -> int:
    """How many frames are filled together within a memory of so many bytes.

    memory: of the whole process; by default a window is given its usual budget. Raises BadInput
    where it is too little for the shortest window.
    """
    if memory is None:
        return int(np.clip(BUDGET_BYTES // needs.each, SHORTEST, LONGEST))
    if memory < needs.of(SHORTEST):
        raise BadInput(
            f"a memory of {in_words(memory)} is too little for this clip: frames of this size are "
            f"filled in {in_words(needs.of(SHORTEST))} or more. Allow as much."
        )
    return int(min((memory - needs.always) // (needs.each + needs.held), LONGEST))


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
