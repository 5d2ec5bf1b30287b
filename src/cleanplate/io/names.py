"""Names of numbered pictures: their order, and the frame numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Sort paths by name, numbers as numbers and before letters.

    >>> [path.name for path in in_order([Path("f10.png"), Path("F9.png"), Path("f9.png")])]
    ['F9.png', 'f9.png', 'f10.png']
    """
    return sorted(paths, key=lambda path: (_parts(path.name.lower()), path.name))


def _parts(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part), "") if "0" <= part[0] <= "9" else (1, 0, part) for part in parts]


def numbers_of(paths: Iterable[Path]) -> tuple[int, ...] | None:
    """Return the last number in each name; None unless every name has one of its own.

    >>> numbers_of([Path("shot2_0007.png"), Path("shot2_0008.png")])
    (7, 8)
    """
    found = [re.findall(r"[0-9]+", path.stem)[-1:] for path in paths]
    numbers = tuple(int(last[0]) for last in found if last)
    return numbers if len(set(numbers)) == len(found) else None
