"""The line that every frame runs along: shots, windows, region, method, overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.memory import give_back
from cleanplate.methods import Method
from cleanplate.overlap import Overlap, Patch
from cleanplate.region import region_around
from cleanplate.shots import CutDetector
from cleanplate.video import Filled
from cleanplate.windows import Window, near_holes, window_length, windows


@dataclass(frozen=True)
class Shown:
    """One frame on its way: rgb (H, W, 3), hole (H, W), whether a shot starts here, its picture."""

    rgb: NDArray[Any]
    hole: NDArray[np.bool_]
    starts_shot: bool
    picture: Any = None


def look(seen: Iterable[tuple[Any, Any, Any]]) -> Iterator[Shown]:
    """Show (rgb, hole, picture) one after the other, with the cuts between them found."""
    detector = CutDetector()
    for rgb, hole, picture in seen:
        yield Shown(rgb, hole, detector.is_cut(rgb, hole), picture)


def fills(
    shown: Iterable[Shown], method: Method, progress: Callable[[int], None] | None
) -> Iterator[tuple[Shown, Patch]]:
    """Yield every frame with its patch, in order, holding one window of frames at a time."""
    stream = iter(shown)
    first = next(stream, None)
    if first is None:
        return
    length = min(window_length(first.hole.size), method.longest_window)
    cut = windows(chain([first], stream), lambda s: s.starts_shot, length=length)
    overlap = Overlap()
    for window in cut:
        patches = fill_window(window, method, progress)
        ready = len(window.items) - window.tail
        merged = overlap.add(patches, window.weights(), ready)
        if progress:
            progress(window.first + ready)
        give_back()
        # Keep nothing of this window while the next is gathered.
        items, patches = window.items[:ready][::-1], merged[::-1]
        window.items.clear()
        merged.clear()
        while items:
            yield items.pop(), patches.pop()


def fill_window(
    window: Window[Shown], method: Method, progress: Callable[[int], None] | None
) -> list[Patch]:
    """Fill one window; frames far from any hole cost nothing."""
    patches = [Patch.empty(item.rgb.dtype) for item in window.items]
    for near in near_holes([bool(item.hole.any()) for item in window.items]):

        def report(share: float, near: slice = near) -> None:
            if progress:
                progress(window.first + near.start + int(share * (near.stop - near.start)))

        patches[near] = _fill_stretch(window.items[near], window.first + near.start, method, report)
    return patches


def _fill_stretch(
    items: list[Shown], first: int, method: Method, report: Callable[[float], None]
) -> list[Patch]:
    """Fill frames on a crop around their holes; sources count from the start of the clip."""
    holes = np.stack([item.hole for item in items])
    region = region_around(np.logical_or.reduce(holes))
    crop = np.stack([region.crop(item.rgb) for item in items])
    holes = np.stack([region.crop(hole) for hole in holes])
    filled = method.fill(crop, holes, progress=report)
    return [_patch(filled, t, hole, first) for t, hole in enumerate(holes)]


def _patch(filled: Filled, t: int, hole: NDArray[np.bool_], first: int) -> Patch:
    """Take the hole's pixels of frame t out of a filled stretch that starts at frame `first`."""
    inside = np.flatnonzero(hole)
    source = filled.provenance.source[t].reshape(-1)[inside].astype(np.int32)
    return Patch(
        filled.frames[t].reshape(-1, 3)[inside],
        np.where(source >= 0, source + first, source),
        filled.provenance.inconsistency[t].reshape(-1)[inside],
    )
