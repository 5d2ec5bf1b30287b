"""Which frames STTN looks at together: neighbours, and references from the rest of the clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Step(NamedTuple):
    """Frames that are mixed at once: those that are decoded, and others that they may look at."""

    centre: int
    neighbours: range
    references: list[int]

    def weights(self) -> list[float]:
        """Return how much the prediction of each neighbour counts: more near the centre."""
        return [1 / (1 + abs(t - self.centre)) for t in self.neighbours]


def schedule(
    count: int, *, stride: int = 5, radius: int = 5, every: int = 10, most: int | None = None
) -> Iterator[Step]:
    """Yield the steps that cover a clip of `count` frames (section 3.1 of the paper).

    stride: frames from one centre to the next. radius: neighbours on either side. every: each so
    manieth frame is a reference where it is no neighbour. most: references at once, spread evenly
    over the clip; all without.

    >>> [(s.neighbours, s.references) for s in schedule(12, stride=6, radius=3, every=4)]
    [(range(0, 4), [4, 8]), (range(3, 10), [0]), (range(9, 12), [0, 4, 8])]
    """
    # Where neighbours are few, the last centre may not reach the end: then one more, beyond it.
    for centre in range(0, max(count, count + stride - radius - 1), stride):
        neighbours = range(max(centre - radius, 0), min(centre + radius + 1, count))
        references = [t for t in range(0, count, every) if t not in neighbours]
        if most is not None and len(references) > most:
            chosen = np.linspace(0, len(references) - 1, most).round().astype(int)
            references = [references[number] for number in chosen]
        yield Step(min(centre, count - 1), neighbours, references)
