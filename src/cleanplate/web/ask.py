"""What the page asks for, as JSON -> what it means; nothing is taken as it comes."""

from __future__ import annotations

from typing import Any

from cleanplate.errors import BadInput
from cleanplate.masks.generous import AUTO, Grow
from cleanplate.masks.select import Box, Point
from cleanplate.methods import FITTED
from cleanplate.methods.options import TUNES
from cleanplate.video import whole
from cleanplate.web.finder import USUAL, WAYS
from cleanplate.web.work import UNBLEND, Asked

METHODS = ("flow", *FITTED, UNBLEND)  # those that need no weights
_MOST_POINTS = 200
_MOST_GROWTH = 64  # pixels
_MARGIN = f"Give auto, or 0 to {_MOST_GROWTH} pixels."
_FURTHEST = 100_000  # pixels, to either side: no picture is as large


def asked_of(given: dict[str, Any]) -> Asked:
    """Return how a clip is to be filled; raises BadInput."""
    usual = Asked()
    seed = given.get("seed", usual.seed)
    if not _is_whole(seed, 2**31 - 1):
        raise BadInput(f"the seed is {seed!r}. Give a whole number from 0 up.")
    method = _one_of(given.get("method", usual.method), METHODS)
    if method == UNBLEND and given.get("plate") is True:
        raise BadInput("there is no plate of what is seen through. Leave one of the two.")
    return Asked(
        method=method,
        tune=_one_of(given.get("tune", usual.tune), TUNES),
        growth=margin_of(given),
        lossless=given.get("lossless") is True,
        plate=given.get("plate") is True,
        seed=seed,
    )


def way_of(given: dict[str, Any]) -> str:
    """Return in which way an object is to be cut out or followed; raises BadInput."""
    return _one_of(given.get("way", USUAL), WAYS)


def margin_of(given: dict[str, Any]) -> Grow:
    """Return by how much a mask is to grow; raises BadInput."""
    growth = given.get("growth", AUTO)
    if growth == AUTO:
        return AUTO
    if not _is_whole(growth, _MOST_GROWTH):
        raise BadInput(f"the margin is {str(growth)[:40]}. {_MARGIN}")
    return int(growth)


def growth_of(text: str | None) -> Grow:
    """Return a margin as it stands in an address; raises BadInput."""
    if text is None or text == AUTO:
        return AUTO
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= _MOST_GROWTH):
        raise BadInput(f"the margin is {text[:40]!r}. {_MARGIN}")
    return int(text)


def frame_of(given: Any) -> int:
    """Return the number of a frame; raises BadInput."""
    if not _is_whole(given, 10**9):
        raise BadInput(f"the frame is {given!r}. Give a number from 0 up.")
    return int(given)


def box_of(given: Any) -> Box | None:
    """Return (x, y, width, height), or None for none; raises BadInput."""
    if given is None:
        return None
    x, y, width, height = _numbers(given, 4)
    return x, y, width, height


def points_of(given: Any) -> list[Point]:
    """Return points (x, y); raises BadInput."""
    if not isinstance(given, list) or len(given) > _MOST_POINTS:
        raise BadInput(f"the clicks are no list of up to {_MOST_POINTS} points.")
    return [(x, y) for x, y in (_numbers(point, 2) for point in given)]


def _numbers(given: Any, count: int) -> list[int]:
    good = isinstance(given, list) and len(given) == count and all(map(whole, given))
    if not good or any(abs(value) > _FURTHEST for value in given):
        raise BadInput(f"{count} whole numbers are needed to say where.")
    return [int(value) for value in given]


def _is_whole(value: Any, most: int) -> bool:
    return bool(whole(value)) and 0 <= value <= most


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadInput(f"{str(value)[:40]!r} is unknown. Choose one of: {', '.join(known)}.")
    return value
