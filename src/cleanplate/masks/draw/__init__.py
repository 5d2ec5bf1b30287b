"""Test holes as the papers draw them, by family and seed; the same on every machine.

======================  ==========================================================================
family                  options
======================  ==========================================================================
``stationary``          none: a smooth random blob that stands still (STTN)
``moving``              none: the same blob, wandering (STTN)
``object_like``         area: thick strokes that move and wriggle (FVI, TSAM)
``object_like_middle``  area: the same of shorter strokes
``curve``               area: thin long strokes
``fixed``               none: a quarter of each side in the centre (DFGVI)
``shuffled``            annotations, clip: another clip's object, played forth and back
======================  ==========================================================================
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.masks.draw.blob import moving, stationary
from cleanplate.masks.draw.fixed import fixed
from cleanplate.masks.draw.shuffled import shuffled
from cleanplate.masks.draw.stroke import curve, object_like, object_like_middle
from cleanplate.video import Holes, whole

__all__ = ["FAMILIES", "check_family", "draw_holes", "each_hole"]

# A family: (count, size, generator of random numbers, *, its options) -> its holes, one by one.
FAMILIES: dict[str, Callable[..., Iterator[Holes]]] = {
    "stationary": stationary,
    "moving": moving,
    "object_like": object_like,
    "object_like_middle": object_like_middle,
    "curve": curve,
    "fixed": fixed,
    "shuffled": shuffled,
}


def draw_holes(
    family: str, count: int, size: tuple[int, int], *, seed: int = 0, **options: Any
) -> Holes:
    """Draw the holes of a clip: (T, H, W) bool.

    family: a name in FAMILIES. count: frames, from 1 up. size: (height, width) in pixels.
    seed: from 0 up. options: those of the family. Raises BadInput.

    >>> draw_holes("fixed", 2, (4, 8))[1].astype(int).tolist()[1]
    [0, 0, 0, 1, 1, 0, 0, 0]
    """
    drawn = each_hole(family, count, size, seed=seed, **options)
    holes = np.empty((count, *size), np.bool_)
    for number, hole in enumerate(drawn):
        holes[number] = hole
    return holes


def each_hole(
    family: str, count: int, size: tuple[int, int], *, seed: int = 0, **options: Any
) -> Iterator[Holes]:
    """Draw the same holes one at a time, (H, W) bool; refusals come before the first one."""
    check_family(family, options)
    if len(size) != 2 or not all(whole(side) and side > 0 for side in size):
        raise BadInput(f"size is {size!r}. Give (height, width) in whole pixels from 1 up.")
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if not whole(value) or value < least:
            raise BadInput(f"{name} is {value!r}. Give a whole number from {least} up.")
    rng = np.random.Generator(np.random.PCG64(int(seed)))
    return FAMILIES[family](int(count), (int(size[0]), int(size[1])), rng, **options)


def check_family(family: str, options: Iterable[str]) -> None:
    """Refuse a family that is not there, and options, by name, that it does not know: BadInput."""
    if family not in FAMILIES:
        raise BadInput(f"family {family!r} is unknown. Choose one of: {', '.join(FAMILIES)}.")
    parameters = inspect.signature(FAMILIES[family]).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            takes = f"takes only {' and '.join(known)}" if known else "takes no options"
            raise BadInput(f"family {family} knows no {name}: it {takes}. Leave {name} out.")
