"""Objects of other clips as holes: DAVIS with videos and masks shuffled.

The object masks of Ouyang et al., ICCV 2021, table 1 (internal learning), and of others: the truth
behind the hole is known, and the hole has the shape and the motion of a real thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from cleanplate.errors import BadInput
from cleanplate.video import Holes, whole


def shuffled(
    count: int,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    annotations: Sequence[Sequence[Holes]] = (),
    clip: int = 0,
) -> Iterator[Holes]:
    """Take the annotation of another clip, forth and back, at the nearest pixel.

    annotations: of each clip of a data set, its frames' (h, w) bool of any size; only those of one
    clip are looked at. clip: which of them the holes are for. With the same seed every clip gets
    another one's. Gives ``count`` holes, (H, W) bool. Raises BadInput.
    """
    if len(annotations) < 2:
        raise BadInput(
            f"shuffled holes come from other clips, and there are {len(annotations)} annotations. "
            "Give those of at least 2 clips."
        )
    if not whole(clip) or not 0 <= clip < len(annotations):
        raise BadInput(f"clip is {clip!r}. Give a whole number from 0 to {len(annotations) - 1}.")
    other = annotations[partners(len(annotations), rng)[clip]]
    if not len(other):
        raise BadInput("the annotation of another clip has no frames. Give at least one a clip.")
    return (_fitted(other[number], size) for number in forth_and_back(count, len(other)))


def partners(clips: int, rng: np.random.Generator) -> list[int]:
    """Draw a derangement: for each of the clips, at least 2, another one, each taken once."""
    while True:
        order = rng.permutation(clips)
        if not (order == np.arange(clips)).any():
            return [int(other) for other in order]


def forth_and_back(count: int, length: int) -> Iterator[int]:
    """Count up and down again within ``length``, so that motion never jumps.

    >>> list(forth_and_back(8, 3))
    [0, 1, 2, 1, 0, 1, 2, 1]
    """
    period = max(2 * length - 2, 1)
    return (min(number % period, period - number % period) for number in range(count))


def _fitted(hole: Holes, size: tuple[int, int]) -> Holes:
    if hole.shape == size:
        return hole.copy()
    resized = cv2.resize(hole.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.bool_)
