"""Which frames TSAM looks at together: windows of fifteen that overlap."""

from __future__ import annotations

from typing import NamedTuple

BLENDS = ("weighted", "official")
LENGTH = 15  # frames of a window
STEP = 9  # frames from one to the next
MARGIN = 3  # frames at either end of a window that another one sees better


class Window(NamedTuple):
    """Frames that the network fills together: from which on, and how much each result counts."""

    first: int
    weights: list[float]

    @property
    def frames(self) -> range:
        """Return the numbers of its frames."""
        return range(self.first, self.first + len(self.weights))


def windows(count: int, *, blend: str = "weighted") -> list[Window]:
    """Return the windows that cover a clip of `count` frames, in order.

    They begin as the official code's do, at every ninth frame; the last one ends with the clip.
    blend: "weighted", where frames in the middle of a window count more; or "official", where each
    frame comes from one window alone.

    >>> [w.first for w in windows(40)], [w.first for w in windows(15)]
    ([0, 9, 18, 25], [0])
    >>> windows(16, blend="official")[0].weights
    [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    length, last = min(count, LENGTH), max(count - LENGTH, 0)
    starts = sorted({0, *range(STEP, last + 1, STEP), last})
    if blend == "weighted":
        middle = [float(min(t + 1, length - t)) for t in range(length)]
        return [Window(first, middle) for first in starts]
    owner = _owners(count, last)
    return [Window(s, [float(owner[s + t] == s) for t in range(length)]) for s in starts]


def _owners(count: int, last: int) -> list[int]:
    """Return for each frame the first frame of the window whose result the official code keeps."""
    owner = [0] * count
    kept = LENGTH - MARGIN
    if last:
        owner[-kept:] = [last] * kept
    for first in range(STEP, last + 1, STEP):
        owner[first + MARGIN : first + kept] = [first] * (kept - MARGIN)
    return owner
