"""What another method makes of holes whose truth is known: drafts to learn from, and the real one.

The clip's own holes are moved to known pixels, and the method fills both at once; what lies under
the real ones is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.canvas import Clip
from cleanplate.methods.internal.moved import elsewhere
from cleanplate.threads import stack_frames
from cleanplate.video import UNSEEN, Filled, Frames, Holes

DOUBTS = 3  # channels of them
FURTHEST, WORST = 90, 4.0  # frames and pixels a step, from where on doubts grow no more

Fill = Callable[[Frames, Holes], Filled]


@dataclass(frozen=True)
class Draft:
    """What a method made of a clip, at the network's size.

    pictures: (T, H, W, 3) uint8. doubts: (T, H, W, 3) uint8, how far each pixel is to be doubted:
    seen nowhere, a trajectory that does not lead back, a source that is far away. holes: (T, H, W),
    what was filled.
    """

    pictures: NDArray[np.uint8]
    doubts: NDArray[np.uint8]
    holes: Holes

    @classmethod
    def of(cls, filled: Filled, holes: Holes, size: tuple[int, int]) -> Draft:
        """Reduce a filled clip, whose holes are given, to a size (height, width)."""
        whole = Clip(filled.frames, np.zeros_like(holes), size)
        clip = Clip(filled.frames, holes, size)

        def doubt(t: int) -> NDArray[np.uint8]:
            doubts = doubts_at(filled, holes, t)
            return np.asarray(cv2.resize(doubts, size[::-1], interpolation=cv2.INTER_AREA))

        count = len(holes)
        return cls(
            stack_frames(lambda t: _levels(whole.picture(t)), count),
            stack_frames(doubt, count),
            stack_frames(clip.hole, count),
        )


def doubts_of(filled: Filled, holes: Holes) -> NDArray[np.uint8]:
    """Return how far pixels are to be doubted, (T, H, W, 3) from 0 to 255, 0 outside the holes."""
    return stack_frames(lambda t: doubts_at(filled, holes, t), len(holes))


def doubts_at(filled: Filled, holes: Holes, t: int) -> NDArray[np.uint8]:
    """Return the same of one frame, (H, W, 3)."""
    hole, (source, off) = holes[t], filled.origins[t]
    doubts = np.zeros((*hole.shape, 3), np.uint8)
    away = np.where(source >= 0, np.abs(source.astype(np.int32) - t), 0)
    told = (
        (source == UNSEEN).astype(np.float32),
        np.minimum(off.astype(np.float32) / WORST, 1),
        np.log1p(np.minimum(away, FURTHEST)) / np.log1p(FURTHEST),
    )
    doubts[hole] = np.rint(np.stack(told, axis=-1) * 255)
    return doubts


def rehearse(
    fill: Fill,
    frames: Frames,
    holes: Holes,
    *,
    count: int,
    size: tuple[int, int],
    seed: int,
    near: float,
    progress: Callable[[float], None],
    keep: Callable[[Filled, Holes], bool] | None = None,
) -> list[tuple[Draft, Holes]]:
    """Return drafts of so many rehearsals, and where in each the truth is known, (T, H, W).

    Fewer come back where nothing is known that could be hidden. progress: told the share done.
    keep: is given each filled clip, and what was hidden of it; tells whether another is wanted.
    """
    rehearsals, rng = [], np.random.default_rng([seed, len(holes)])
    for number in range(count):
        more = elsewhere(holes, rng, near=near)
        if more.any():
            hidden = holes | more
            blank = np.where(hidden[..., None], frames.dtype.type(0), frames)
            filled = fill(blank, hidden)
            draft = Draft.of(filled, hidden, size)
            known = Clip(frames, more, size), Clip(frames, holes, size)
            told = stack_frames(lambda t, k=known: k[0].hole(t) & ~k[1].hole(t), len(holes))  # type: ignore[misc]
            rehearsals.append((draft, told))
            if keep and not keep(filled, hidden):
                break
        progress((number + 1) / count)
    return rehearsals


def _levels(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return a picture from -1 to 1 in levels of 0 to 255."""
    return np.asarray(np.clip(np.rint((picture + 1) * 127.5), 0, 255), np.uint8)
