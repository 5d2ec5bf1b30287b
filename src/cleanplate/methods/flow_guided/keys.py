"""Which frame to complete first: the one whose picture serves the most unseen pixels of all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.flow.behind import Motion
from cleanplate.propagate import Sources
from cleanplate.threads import each_frame
from cleanplate.video import Holes

# What is left a frame of what a way is worth: the longer, the more it drifts.
_FADE = np.float32(0.99)


def served(motion: Motion, holes: Holes, borrowed: list[Sources]) -> NDArray[np.float32]:
    """Return (T,), for each frame, the unseen pixels of all frames whose ways meet its own.

    motion: of the clip (T, H, W). borrowed: T Sources, of the pixels of each frame's hole; unseen
    are those without. A way goes from pixel to nearest pixel, as long as they are unseen; the
    longer it is, the less it counts.
    """
    lost = np.zeros_like(holes)
    for mask, hole, mine in zip(lost, holes, borrowed, strict=True):
        mask[hole] = mine.frame < 0
    places = np.flatnonzero(lost)
    begins = np.searchsorted(places, np.arange(len(lost) + 1) * lost[0].size)

    def go(way: int) -> NDArray[np.float32]:
        flow = (motion.backward, motion.forward)[way]
        return np.asarray(_arrivals(flow, lost, places, begins, (-1, 1)[way]))

    earlier, later = each_frame(go, 2)
    return np.asarray(np.diff(begins) + earlier + later, np.float32)


@compiled()
def _arrivals(flow: Any, lost: Any, places: Any, begins: Any, towards: int) -> Any:
    """Return (T,) what the ways that arrive at each frame's unseen pixels are worth.

    flow: (T-1, H, W, 2), of the ways that go `towards` -1 or +1. places: of all unseen pixels in
    the flat stack, those of frame t from begins[t] on.
    """
    length, height, width = lost.shape
    total = np.zeros(length, np.float32)
    here, there = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for step in range(length - 1):
        t = step if towards > 0 else length - 1 - step
        pair, next_frame = min(t, t + towards), t + towards
        for i in range(begins[t], begins[t + 1]):
            r, c = divmod(places[i] - t * height * width, width)
            worth, here[r, c] = _FADE * (1 + here[r, c]), 0
            y = int(np.floor(r + flow[pair, r, c, 1] + np.float32(0.5)))
            x = int(np.floor(c + flow[pair, r, c, 0] + np.float32(0.5)))
            if 0 <= y < height and 0 <= x < width and lost[next_frame, y, x]:
                total[next_frame] += worth
                there[y, x] += worth
        here, there = there, here
    return total
