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

    def through(self, links: Links) -> Shown:
        """Return what is shown where links lead: nothing where that is NOWHERE."""
        parts: Any = (part[links.pixel] for part in self)
        taken = Shown(*parts)
        return taken._replace(
            stamp=np.where(links.pixel == NOWHERE, np.int32(UNSEEN), taken.stamp),
            residual=taken.residual + links.residual,
        )


def whole(frame: NDArray[Any], hole: NDArray[np.bool_], shown: Shown, t: int) -> Shown:
    """Return what all pixels of frame t (H, W, 3) show: their own, and in the hole what is given.

    shown: at the hole's N pixels. Returns H * W places, row after row.
    """
    inside = hole.ravel()
    colours = frame.reshape(-1, 3).astype(np.float32)
    stamp, origin = (np.full(inside.size, t, np.int32) for _ in range(2))
    everything = Shown(colours, stamp, origin, np.zeros(inside.size, np.float32))
    for mine, given in zip(everything, shown, strict=True):
        mine[inside] = given
    return everything


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
    result, before = list(shown), None
    for t in order:
        link, own = links[t], shown[t]
        if before is not None and link is not None:
            result[t] = own.where(own.stamp >= 0, before.through(link))
        before = whole(frames[t], holes[t], result[t], t)
    return result


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
