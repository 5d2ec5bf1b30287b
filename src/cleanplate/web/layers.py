"""What the hole of a clip is made of: an object, its shadow, what stands still, subtitles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cleanplate.errors import BadInput
from cleanplate.masks.edit import grow
from cleanplate.masks.generous import AUTO, SURE, Grow, hole_of
from cleanplate.masks.picture import read_picture
from cleanplate.video import Holes

FOUND = ("static", "subtitles", "shadow")  # what is found, beside the object
MARGIN = 4  # pixels by which what was not followed grows, as a fill does by itself,
SEEN_THROUGH = 2  # and what is seen through


@dataclass(frozen=True)
class Layers:
    """The masks of a clip; every one lies in a file that is never written again.

    size: (height, width) of the clip, as displayed. names: of its frames' masks, without a suffix.
    keys: by frame, the object as a person marked it, in pictures of any size. followed: a folder
    of masks of every frame; trust: how far each is to be trusted, 0 to 1. held: the frame whose
    mask is that of every frame. given: a folder of masks of every frame that a person had. static:
    a mask of what stands still. subtitles: a folder. shadow: a folder, of what this object casts.
    """

    size: tuple[int, int]
    names: tuple[str, ...]
    keys: dict[int, Path] = field(default_factory=dict)
    followed: Path | None = None
    trust: tuple[float, ...] = ()
    held: int | None = None
    given: Path | None = None
    static: Path | None = None
    subtitles: Path | None = None
    shadow: Path | None = None

    def object_at(self, frame: int, size: tuple[int, int]) -> Holes:
        """Return the object in a frame, at a size: as it was marked there, or followed to there."""
        if frame in self.keys:
            return read_at(self.keys[frame], size)
        if self.held is not None:
            return read_at(self.keys[self.held], size)
        folder = self.followed or self.given
        if folder is not None:
            return read_at(folder / f"{self.names[frame]}.png", size)
        return np.zeros(size, np.bool_)

    def rest_at(self, frame: int, size: tuple[int, int]) -> Holes:
        """Return what is to go beside the object in a frame, at a size."""
        hole = np.zeros(size, np.bool_)
        if self.static is not None:
            hole |= read_at(self.static, size)
        for folder in (self.subtitles, self.shadow):
            if folder is not None:
                hole |= read_at(folder / f"{self.names[frame]}.png", size)
        return hole

    def hole_at(self, frame: int, size: tuple[int, int], growth: Grow) -> Holes:
        """Return what is filled in a frame, at a size.

        growth: pixels of the clip; or "auto": an object that was followed generously, and then all
        by some pixels.
        """
        pixels = MARGIN if growth == AUTO else int(growth)
        thing = self.object_at(frame, size)
        if growth == AUTO and self.followed is not None and self.held is None:
            thing |= hole_of(thing.astype(np.float32), size, AUTO, self.trust[frame])
        margin = -(-pixels * size[0] // self.size[0])
        return grow(thing | self.rest_at(frame, size), margin)

    def holes(self, growth: Grow) -> Iterator[tuple[str, Holes]]:
        """Yield the name and the hole of every frame, at the clip's size."""
        for frame, name in enumerate(self.names):
            yield name, self.hole_at(frame, self.size, growth)

    def still_at(self, size: tuple[int, int], growth: Grow) -> Holes:
        """Return the one hole of a clip whose mask never moves, at a size; raises BadInput.

        growth: as of `hole_at`, but "auto" is as much as for an overlay that is seen through.
        """
        if self.moves or not self.everywhere:
            raise BadInput(
                "what is seen through must never move. Have it found as a logo that stands still, "
                "or use the mask of one frame in every frame."
            )
        return self.hole_at(0, size, SEEN_THROUGH if growth == AUTO else growth)

    def with_found(self, kind: str, path: Path | None) -> Layers:
        """Return these with another mask of a kind of FOUND."""
        changes: dict[str, Any] = {kind: path}
        return replace(self, **changes)

    def with_object(self, **changes: Any) -> Layers:
        """Return these with another object; the shadow was the other one's."""
        return replace(self, shadow=None, **changes)

    @property
    def thing(self) -> tuple[Any, ...]:
        """What the object is: equal for the same one."""
        return self.keys, self.followed, self.held, self.given

    @property
    def folders(self) -> set[Path]:
        """The folders that masks of these lie in."""
        there = {self.followed, self.given, self.subtitles, self.shadow}
        return {folder for folder in there if folder} | {key.parent for key in self.keys.values()}

    def alone(self) -> Layers:
        """Return these with the object and nothing beside it."""
        return replace(self, static=None, subtitles=None, shadow=None)

    def without_key(self, frame: int) -> Layers:
        """Return these without what was marked in a frame; raises BadInput where nothing was."""
        if frame not in self.keys:
            raise BadInput("there is no such mask.")
        kept = {other: path for other, path in self.keys.items() if other != frame}
        return self.with_object(keys=kept, held=None if self.held == frame else self.held)

    def with_given(self, folder: Path) -> Layers:
        """Return these with an object that is what masks of every frame say, and nothing else."""
        return self.with_object(keys={}, followed=None, trust=(), held=None, given=folder)

    def mended(self, folder: Path, still: str) -> Layers:
        """Return these with the object's masks from a folder: one of every frame, or one, `still`.

        What was marked in single frames is taken from there, too.
        """
        if self.held is not None:
            return self.with_object(keys={**self.keys, self.held: folder / still})
        keys = {frame: folder / f"{self.names[frame]}.png" for frame in self.keys}
        if self.followed is not None:
            return self.with_object(keys=keys, followed=folder)
        return self.with_object(keys=keys, given=folder)

    @property
    def moves(self) -> bool:
        """Whether frames have masks of their own, not one that serves them all."""
        folders = (self.followed, self.given, self.subtitles)
        return any(folder is not None for folder in folders) or bool(set(self.keys) - {self.held})

    @property
    def casts(self) -> bool:
        """Whether the object has a mask in every frame that may tell its shadow: one that moves."""
        there = self.followed is not None or self.given is not None
        return self.held is None and (there or len(self.keys) == len(self.names))

    @property
    def everywhere(self) -> bool:
        """Whether there is a mask for all of the clip, not for single frames alone."""
        found = (self.followed, self.held, self.given, self.static, self.subtitles)
        return any(mask is not None for mask in found) or len(self.keys) == len(self.names)


def read_at(path: Path, size: tuple[int, int]) -> Holes:
    """Read a mask at a size (height, width)."""
    hole = read_picture(path)
    if hole.shape == size:
        return hole
    smaller = hole.shape[0] > size[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(hole.astype(np.float32), size[::-1], interpolation=how)
    return np.asarray(resized > SURE, np.bool_)
