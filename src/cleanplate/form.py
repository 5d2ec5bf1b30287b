"""What the planes of a picture mean, however it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]  # (h, w) uint8 or uint16, as stored


class Form(NamedTuple):
    """What the planes of a picture mean.

    steps: how often each plane is halved, (down, across). level: steps of a sample that are one of
    256. top: the largest sample.
    """

    steps: Sequence[tuple[int, int]]
    level: float
    top: int


def reduced(
    values: NDArray[Any], steps: tuple[int, int], of: Callable[..., NDArray[Any]]
) -> NDArray[Any]:
    """Return values (h, w) at the size of a plane that is halved so often (down, across).

    of: what to take of the pixels of a sample, as `np.mean`; the last one of an odd size covers
    its own pixels twice.

    >>> reduced(np.array([[1.0, 3.0, 5.0]]), (0, 1), np.mean).tolist()
    [[2.0, 5.0]]
    """
    down, across = 1 << steps[0], 1 << steps[1]
    height, width = values.shape
    padded = np.pad(values, ((0, -height % down), (0, -width % across)), mode="edge")
    return of(padded.reshape(len(padded) // down, down, -1, across), axis=(1, 3))
