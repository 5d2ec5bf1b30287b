"""A few frames spread over a clip whose length nobody knows, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cleanplate.io import Reader
from cleanplate.region import eight_bits

MOST_FRAMES = 64  # more hardly tell more
LEAST_FRAMES = 12
MOST_BYTES = 400_000_000  # of all that are held: 64 frames of 1080p, 16 of 4K


Item = TypeVar("Item")


class Spread(Generic[Item]):
    """Holds every so manieth frame, or whatever is given: of too many, every second is let go.

    most: 2 or more frames; as they come in, between half of them and all are held.

    >>> spread = Spread(4)
    >>> for number in range(11): spread.add(lambda: np.array(number))
    >>> [int(frame) for frame in spread.held]
    [0, 4, 8]
    """

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self.most, self.held, self.seen = most, list[Item](), 0
        self._stride = 1

    def add(self, frame: Callable[[], Item]) -> None:
        """Count the next frame, which is asked for only if it is held."""
        if self.seen % self._stride == 0:
            if len(self.held) == self.most:
                del self.held[1::2]
                self._stride *= 2
            if self.seen % self._stride == 0:
                self.held.append(frame())
        self.seen += 1


def most_frames(size: tuple[int, ...]) -> int:
    """Return how many frames of a size (height, width) are held."""
    return int(np.clip(MOST_BYTES // (3 * size[0] * size[1]), LEAST_FRAMES, MOST_FRAMES))


def spread_over(frames: Iterable[NDArray[Any]]) -> NDArray[np.uint8]:
    """Return a few of many frames (H, W, 3) uint8 or uint16, 8 bits deep: (N, H, W, 3).

    Of no frames, none of no size.
    """
    spread: Spread[NDArray[np.uint8]] | None = None
    for frame in frames:
        spread = spread or Spread(most_frames(frame.shape))
        spread.add(lambda frame=frame: eight_bits(frame))  # type: ignore[misc]
    return np.zeros((0, 0, 0, 3), np.uint8) if spread is None else np.stack(spread.held)


def spread_of(reader: Reader) -> NDArray[np.uint8]:
    """Return a few frames of a clip as it is displayed, 8 bits deep: (N, H, W, 3)."""
    spread: Spread[NDArray[np.uint8]] = Spread(most_frames(reader.info.displayed_size))
    for picture in reader:
        spread.add(lambda picture=picture: eight_bits(reader.upright(picture.rgb())))  # type: ignore[misc]
    return np.stack(spread.held)
