"""The whole story: frames and holes -> shots -> windows -> region -> method -> overlap -> frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.masks import grow as grow_holes
from cleanplate.methods import Method, load_method
from cleanplate.overlap import Overlap, Patch
from cleanplate.region import region_around
from cleanplate.shots import CutDetector
from cleanplate.video import KNOWN, Filled, Frames, Holes, Provenance, check_pair
from cleanplate.windows import Window, window_length, windows

Progress = Callable[[int, int | None], None]  # frames done, frames in all if known


@dataclass(frozen=True)
class Shown:
    """One frame on its way: rgb (H, W, 3), hole (H, W), whether a shot starts here, its picture."""

    rgb: NDArray[Any]
    hole: NDArray[np.bool_]
    starts_shot: bool
    picture: Any = None


def fill(
    frames: Frames,
    holes: Holes,
    *,
    method: str | Method = "flow",
    tune: str = "fidelity",
    grow: int = 0,
    provenance: bool = False,
    weights: Any = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Fill the holes of a clip and return its frames, of the same shape and type.

    frames: (T, H, W, 3) RGB, uint8, or uint16 spanning the full 16 bits. holes: (T, H, W) or, for
    all frames, (H, W) bool, True = fill here. method: a name in METHODS, or what `load_method`
    returned (then `tune`, `weights`, `device` and `seed` are its own). tune: "fidelity" stays
    close to the truth, "removal" looks sharp. grow: pixels by which the holes are grown first.
    provenance: return Filled(frames, provenance) instead of the frames alone. progress: called
    with the number of frames done and in all. Only hole pixels change. Raises BadInput.

    >>> still = np.full((4, 48, 64, 3), 90, np.uint8)
    >>> hole = np.zeros((48, 64), bool); hole[20:30, 20:30] = True
    >>> bool((fill(still, hole) == still).all())
    True
    """
    frames, holes = check_pair(frames, holes)
    holes = grow_holes(holes, grow) if grow else holes
    room = as_method(method, tune=tune, weights=weights, device=device, seed=seed)
    result = frames.copy()
    source = np.full(holes.shape, KNOWN, np.int32) if provenance else None
    residual = np.zeros(holes.shape, np.float16) if provenance else None
    done = None if progress is None else (lambda count: progress(count, len(frames)))
    shown = look(zip(frames, holes, strict=True))
    for t, (_, patch) in enumerate(fills(shown, room, done)):
        result[t][holes[t]] = patch.colours
        if source is not None and residual is not None:
            source[t][holes[t]], residual[t][holes[t]] = patch.source, patch.inconsistency
    if source is None or residual is None:
        return result
    return Filled(result, Provenance(source, residual))


def as_method(method: str | Method, **options: Any) -> Method:
    """Return the method itself, or the one of that name with the options given."""
    return load_method(method, **options) if isinstance(method, str) else method


def look(pairs: Iterable[tuple[Any, Any]]) -> Iterator[Shown]:
    """Show frames and holes one after the other, with the cuts between them found."""
    detector = CutDetector()
    for rgb, hole in pairs:
        yield Shown(rgb, hole, detector.is_cut(rgb, hole))


def fills(
    shown: Iterable[Shown], method: Method, progress: Callable[[int], None] | None
) -> Iterator[tuple[Shown, Patch]]:
    """Yield every frame with its patch, in order, holding one window of frames at a time."""
    stream = iter(shown)
    first = next(stream, None)
    if first is None:
        return
    length = min(window_length(first.hole.size), method.longest_window)
    cut = windows(_chain(first, stream), lambda s: s.starts_shot, length=length)
    overlap = Overlap()
    for window in cut:
        patches = fill_window(window, method, progress)
        ready = len(window.items) - window.tail
        merged = overlap.add(patches, window.weights(), ready)
        yield from zip(window.items[:ready], merged, strict=True)
        if progress:
            progress(window.first + ready)


def _chain(first: Shown, rest: Iterator[Shown]) -> Iterator[Shown]:
    yield first
    yield from rest


def fill_window(
    window: Window[Shown], method: Method, progress: Callable[[int], None] | None
) -> list[Patch]:
    """Fill one window on a crop around its holes; sources count from the start of the clip."""
    holes = np.stack([item.hole for item in window.items])
    if not holes.any():
        return [Patch.empty(item.rgb.dtype) for item in window.items]
    region = region_around(holes.any(axis=0))
    crop = np.stack([region.crop(item.rgb) for item in window.items])
    holes = np.stack([region.crop(hole) for hole in holes])

    def report(share: float) -> None:
        if progress:
            progress(window.first + window.lead + int(share * (len(crop) - window.lead)))

    filled = method.fill(crop, holes, progress=report)
    source = filled.provenance.source
    source = np.where(source >= 0, source + window.first, source)
    return [
        Patch(filled.frames[t][hole], source[t][hole], filled.provenance.inconsistency[t][hole])
        for t, hole in enumerate(holes)
    ]
