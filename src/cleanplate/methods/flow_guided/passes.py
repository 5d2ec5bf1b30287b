"""The two passes along a clip, one each way in time, and how they are merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.methods.flow_guided.consistency import NOWHERE, Links
from cleanplate.video import UNSEEN, Holes

MERGES = ("nearer", "weighted")


class Shown(NamedTuple):
    """What is shown at N pixels of one frame.

    colours: (N, 3) float32, in levels; they mean nothing where nothing is shown. stamp: (N,) int32,
    the frame that counts as its time, UNSEEN where nothing is shown. origin: (N,) int32, the frame
    that really showed the colour, UNSEEN where it was invented. residual: (N,) float32,
    forward-backward residual summed along the way, pixels.
    """

    colours: NDArray[np.float32]
    stamp: NDArray[np.int32]
    origin: NDArray[np.int32]
    residual: NDArray[np.float32]

    def where(self, mine: NDArray[np.bool_], other: Shown) -> Shown:
        """Take these where `mine` (N,) is True, and the other's elsewhere."""
        parts: Any = (
            np.where(mine[:, None] if a.ndim > 1 else mine, a, b)
            for a, b in zip(self, other, strict=True)
        )
        return Shown(*parts)

    def at(self, index: NDArray[Any]) -> Shown:
        """Return what is shown at some of the pixels, by a mask or by their numbers."""
        parts: Any = (part[index] for part in self)
        return Shown(*parts)

    def changed(self, where: NDArray[np.bool_], given: Shown) -> Shown:
        """Return a copy that shows what is given at the pixels of a mask (N,)."""
        parts: Any = [part.copy() for part in self]
        for mine, other in zip(parts, given, strict=True):
            mine[where] = other
        return Shown(*parts)


def sweep(
    frames: Sequence[NDArray[Any]],
    holes: Holes,
    shown: Sequence[Shown],
    links: Sequence[Links | None],
    order: Iterable[int],
) -> list[Shown]:
    """Carry colours from frame to frame in an order, through the pixels that show nothing.

    frames: T of (H, W, 3). holes: (T, H, W) bool. shown: at the N pixels of each frame's hole; what
    is there stays. links: where they lie in the frame that comes before in this order, None for the
    first. Returns T of the like. Source: Xu et al., CVPR 2019, section 3.3.
    """
    result, before = list(shown), -1
    for t in order:
        link, lost = links[t], shown[t].stamp < 0
        if link is not None and lost.any():
            there = Links(link.pixel[lost], link.residual[lost])
            seen = _look(frames[before], holes[before], result[before], there, before)
            result[t] = shown[t].changed(lost, seen)
        before = t
    return result


def _look(
    frame: NDArray[Any], hole: NDArray[np.bool_], shown: Shown, links: Links, t: int
) -> Shown:
    """Return what M links show of frame t (H, W, 3), whose hole's N pixels show what is given."""
    pixel, residual = links
    stamp = np.where(pixel == NOWHERE, np.int32(UNSEEN), np.int32(t))
    own = Shown(frame.reshape(-1, 3)[pixel].astype(np.float32), stamp, stamp, residual)
    inside = hole.ravel()[pixel] & (pixel != NOWHERE)
    # The hole's pixels are numbered by rows, so that they are found by halving.
    given = shown.at(np.searchsorted(np.flatnonzero(hole), pixel[inside]))
    return own.changed(inside, given._replace(residual=given.residual + residual[inside]))


def merge(past: Shown, future: Shown, here: int, *, how: str) -> Shown:
    """Merge what the passes from the past and from the future bring to a frame, number `here`.

    how: "nearer" takes the colour that was seen at the nearer time, that of the past if both are as
    near (the official code); "weighted" mixes them with weights inversely proportional to their
    distances in time (the paper's text). What only one of them brings is taken as it is.
    """
    apart = np.maximum(future.stamp - past.stamp, 1)
    share = ((here - past.stamp) / apart).astype(np.float32)  # of the future
    share = np.where(future.stamp < 0, 0, np.where(past.stamp < 0, 1, share))
    nearer = future.where(share > 0.5, past)
    if how == "nearer":
        return nearer
    mixed = (1 - share[:, None]) * past.colours + share[:, None] * future.colours
    return nearer._replace(colours=mixed.astype(np.float32))
