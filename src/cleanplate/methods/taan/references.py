"""Which frames a target is aligned with (section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.video import whole

DISTANCES = (-4, -2, -1, 2, 4)  # frames from a target to its references, the paper's
MOST_DISTANCES = 64  # references that are aligned at once take memory


def references_of(t: int, count: int, distances: Sequence[int]) -> list[int]:
    """Return the references of frame t of a clip of `count` frames, each once.

    Those beyond its ends are its first and its last frame; the frame itself is none.

    >>> references_of(5, 20, DISTANCES), references_of(1, 4, DISTANCES), references_of(0, 1, [2])
    ([1, 3, 4, 7, 9], [0, 3], [])
    """
    clamped = (min(max(t + distance, 0), count - 1) for distance in distances)
    return [number for number in dict.fromkeys(clamped) if number != t]


def checked_distances(name: str, given: Any) -> tuple[int, ...]:
    """Return distances as a tuple; raises BadInput that names them."""
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= MOST_DISTANCES:
        raise BadInput(f"{name} is {given!r}. Give a list of 1 to {MOST_DISTANCES} numbers.")
    if not all(whole(distance) and distance for distance in given):
        raise BadInput(f"{name} is {given!r}. Give whole numbers of frames, none of them 0.")
    return tuple(int(distance) for distance in given)
