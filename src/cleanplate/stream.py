"""The line that every frame runs along: shots, windows, region, method, overlap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cleanplate.memory import give_back
from cleanplate.methods import Method
from cleanplate.overlap import Overlap
from cleanplate.packed import Packed, union
from cleanplate.region import Region, region_around, whole_of
from cleanplate.sheets import Onlooker
from cleanplate.shots import CutDetector
from cleanplate.threads import behind, each_frame, stack_frames
from cleanplate.video import Filled, Patch, to_clip, to_stretch
from cleanplate.windows import (
    REACH,
    Footprint,
    Window,
    footprint,
    near_holes,
    window_length,
    windows,
)


class Pictured(Protocol):
    """What a frame of any clip can give."""

    def rgb(self) -> NDArray[Any]:
        """Return (H, W, 3), uint8, or uint16 spanning the full 16 bits."""
        ...

    def identify(self, update: Callable[[Any], None]) -> None:
        """Call with buffers that tell this picture from all others."""
        ...


@dataclass(frozen=True)
class Still:
    """A frame that is RGB already: pixels (H, W, 3)."""

    pixels: NDArray[Any]

    def rgb(self) -> NDArray[Any]:
        """Return the pixels, not a copy."""
        return self.pixels

    def identify(self, update: Callable[[Any], None]) -> None:
        """Call with the pixels, and with what they are."""
        update(f"{self.pixels.dtype} {self.pixels.shape}".encode())
        update(np.ascontiguousarray(self.pixels))


@dataclass(frozen=True)
class Shown:
    """One frame on its way, held in as few bytes as its owner can.

    picture: whatever can give its RGB. marked: what must not be read. starts_shot: whether it is
    the first of a shot. more: whatever the owner wants back with it. apart: it is not to be filled
    from the frames before it, nor they from it, though they may be of one shot.
    """

    picture: Pictured
    marked: Packed
    starts_shot: bool
    more: Any
    apart: bool = False

    @property
    def hole(self) -> NDArray[np.bool_]:
        """What must not be read, (H, W) bool, unpacked anew each time."""
        return self.marked.mask()


def look(seen: Iterable[tuple[Pictured, NDArray[np.bool_], Any]]) -> Iterator[Shown]:
    """Show (picture, hole, more) one after the other, with the cuts between them found."""
    detector = CutDetector()
    for picture, hole, more in seen:
        yield Shown(picture, Packed.of(hole), detector.is_cut(picture.rgb(), hole), more)


def needs_of(method: Method, pixels: int, *, deep: bool = False, beside: int = 0) -> Footprint:
    """Return what filling frames of so many pixels by a method takes of memory.

    deep: they have more than 8 bits. beside: bytes that an encoder keeps.
    """
    needs = footprint(pixels, deep=deep, beside=beside + getattr(method, "held_bytes", 0))
    held_each = getattr(method, "held_each", None)
    return replace(needs, held=held_each(pixels)) if held_each else needs


def length_of(method: Method, needs: Footprint, memory: int | None = None) -> int:
    """Return how many frames a method fills together; raises BadInput, see `window_length`."""
    return min(window_length(needs, memory), method.longest_window)


def cut(shown: Iterable[Shown], length: int) -> Iterator[Window[Shown]]:
    """Cut a clip into windows of at most so many frames, within shots."""
    return windows(shown, lambda item: item.starts_shot or item.apart, length=length)


def fills(
    shown: Iterable[Shown],
    method: Method,
    progress: Callable[[int], None] | None,
    attend: Onlooker | None = None,
    kept: Kept | None = None,
    length: int | None = None,
) -> Generator[tuple[Shown, Patch], None, None]:
    """Yield every frame with its patch, in order, holding one window of frames at a time.

    attend: called with each stretch before the method fills it. kept: where windows that are
    finished are found and put, beside the work on the next; closing waits for it. length: of
    windows, see `length_of`; what is usual by default.
    """
    stream = iter(shown)
    first = next(stream, None)
    if first is None:
        return
    length = length or length_of(method, needs_of(method, prod(first.marked.size)))
    overlap, key = Overlap(), ""
    with behind(partial(_keep, kept)) as keep:
        for window in cut(chain([first], stream), length):
            key = _key(window, method, kept.recipe, key) if kept else ""
            # What is found has not been looked at again.
            patches = _found(window, key, kept) if not attend else None
            if patches is None:
                patches = fill_window(window, overlap.held(), method, progress, attend)
                keep((key, patches))
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


def _found(window: Window[Shown], key: str, kept: Kept | None) -> list[Patch] | None:
    """Return the patches of a window that has a key, where they are kept already."""
    return kept.find(key, shared=window.lead) if kept and key else None


def _keep(kept: Kept | None, made: tuple[str, list[Patch]]) -> None:
    """Keep the patches of a window that has a key, where there is a place for them."""
    key, patches = made
    if kept is not None and key:
        kept.keep(key, patches)


def keep_share(
    shown: Iterable[Shown], method: Method, kept: Kept, length: int, *, number: int, count: int
) -> None:
    """Fill every `count`-th chain of windows into a store, from the `number`-th on, 0 the first.

    A chain is what builds on one another: windows that share frames, those of one shot mostly. So
    several processes can fill a clip together, and `fills` finds all of it.
    """
    overlap, key, chain = Overlap(), "", -1
    for window in cut(shown, length):
        chain += not window.lead
        if chain % count == number:
            key = _key(window, method, kept.recipe, key)
            patches = _found(window, key, kept)
            if patches is None:
                patches = fill_window(window, overlap.held(), method, None)
                _keep(kept, (key, patches))
            overlap.add(patches, window.weights(), len(window.items) - window.tail)
            give_back()
        window.items.clear()


def fill_window(
    window: Window[Shown],
    before: list[Patch],
    method: Method,
    progress: Callable[[int], None] | None,
    attend: Onlooker | None = None,
) -> list[Patch]:
    """Fill one window; frames far from any hole cost nothing.

    before: what the window before made of the frames that both share. attend: as for `fills`.
    """
    patches = [Patch.empty() for _ in window.items]
    for near in stretches(window, method):

        def report(share: float, near: slice = near) -> None:
            if progress:
                progress(window.first + near.start + int(share * (near.stop - near.start)))

        stretch = Stretch(window.items[near], window.first + near.start, before[near])
        patches[near] = _fill_stretch(stretch, method, report, attend)
    return patches


def stretches(window: Window[Shown], method: Method) -> list[slice]:
    """Return the frames of a window that are looked at, those near to any hole."""
    reach = getattr(method, "reach", REACH)
    return near_holes([item.marked.any() for item in window.items], reach)


def _key(window: Window[Shown], method: Method, recipe: bytes, before: str) -> str:
    """Return a name for what a window's patches are computed from; empty where it has no hole.

    recipe: how they are. before: the key of the window before, on whose patches these build if both
    share frames.
    """
    looked_at = stretches(window, method)
    if not looked_at:
        return ""
    digest = hashlib.sha256(recipe)
    shape = window.first, len(window.items), window.lead, before if window.lead else ""
    digest.update(repr(shape).encode())
    for near in looked_at:
        digest.update(repr(near).encode())
        for item in window.items[near]:
            digest.update(item.marked.bits.tobytes())
            item.picture.identify(digest.update)
    return digest.hexdigest()


class Kept(Protocol):
    """Where finished windows are kept, to go on from; see `store.Store`."""

    recipe: bytes

    def find(self, key: str, *, shared: int) -> list[Patch] | None:
        """Return a window's patches if they are there; shared: frames of the window before."""
        ...

    def keep(self, key: str, patches: list[Patch]) -> None:
        """Keep a window's patches."""
        ...


class Stretch(NamedTuple):
    """Frames to be filled together: those from frame `first` of the clip on.

    before: what the first of them were filled with before; may be empty.
    """

    items: list[Shown]
    first: int
    before: list[Patch]


def region_of(items: Sequence[Shown], method: Method) -> Region:
    """Return the box of the picture that a method is given of frames, some of which have a hole."""
    size = items[0].marked.size
    if prod(size) <= getattr(method, "whole_up_to", 0):
        return whole_of(size)
    return region_around(union(item.marked for item in items))


def _fill_stretch(
    stretch: Stretch,
    method: Method,
    report: Callable[[float], None],
    attend: Onlooker | None,
) -> list[Patch]:
    """Fill frames on a crop around their holes; sources count from the start of the clip."""
    items, first, before = stretch
    region = region_of(items, method)
    holes = stack_frames(lambda t: region.crop(items[t].hole), len(items))
    crops = _crops(items, region)
    prior = [replace(patch, source=to_stretch(patch.source, first)) for patch in before] or None
    if attend:
        attend(first, crops, holes)
    filled = method.fill(crops, holes, prior=prior, progress=report, in_place=True)
    return each_frame(lambda t: _patch(filled, t, first), len(holes))


def _crops(items: list[Shown], region: Region) -> NDArray[Any]:
    """Return what every frame shows inside a region, a new array (T, h, w, 3)."""
    return stack_frames(lambda t: region.crop(items[t].picture.rgb()), len(items))


def _patch(filled: Filled, t: int, first: int) -> Patch:
    """Take the hole's pixels of frame t out of a filled stretch that starts at frame `first`."""
    inside = np.flatnonzero(filled.holes[t])
    return Patch(
        filled.frames[t].reshape(-1, 3)[inside],
        to_clip(filled.origins[t].source, first),
        filled.origins[t].inconsistency,
    )
