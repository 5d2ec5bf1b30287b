"""Which frame to complete first: the one whose picture serves the most unseen pixels of all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.methods.flow_guided.rounds import Motion
from cleanplate.propagate import Sources
from cleanplate.threads import each_frame
from cleanplate.video import Holes

_FADE = np.float32(
    0.99
)  # what is left a frame of what a way is worth: the longer, the more it drifts


def served(motion: Motion, holes: Holes, borrowed: list[Sources]) -> NDArray[np.float32]:
    """Return (T,), for each frame, the unseen pixels of all frames whose ways meet its own.

    motion: of the clip (T, H, W). borrowed: T Sources, of the pixels of each frame's hole; unseen
    are those without. A way goes from pixel to nearest pixel, as long as they are unseen; the
    longer it is, the less it counts.
    """
    lost = np.zeros_like(holes)
    for mask, hole, mine in zip(lost, holes, borrowed, strict=True):
        mask[hole] = mine.frame < 0
    both = (motion.forward, lost), (motion.backward[::-1], lost[::-1])
    later, earlier = each_frame(lambda way: _arrivals(*both[way], _FADE), 2)
    own = lost.sum(axis=(1, 2), dtype=np.float32)
    return np.asarray(own + later + earlier[::-1], np.float32)


@compiled()
def _arrivals(flow: Any, lost: Any, fade: np.float32) -> Any:
    """Return (T,) what the ways from all frames before, along the flow, are worth in each."""
    length, height, width = lost.shape
    total = np.zeros(length, np.float32)
    here = np.zeros((height, width), np.float32)
    for t in range(length - 1):
        there = np.zeros((height, width), np.float32)
        for r in range(height):
            for c in range(width):
                if lost[t, r, c]:
                    y = int(np.floor(r + flow[t, r, c, 1] + np.float32(0.5)))
                    x = int(np.floor(c + flow[t, r, c, 0] + np.float32(0.5)))
                    if 0 <= y < height and 0 <= x < width and lost[t + 1, y, x]:
                        worth = fade * (1 + here[r, c])
                        total[t + 1] += worth
                        there[y, x] += worth
        here = there
    return total
