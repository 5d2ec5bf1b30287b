"""Clips that are held as arrays, as a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.folders import Dataset
from cleanplate.datasets.sources import Source
from cleanplate.errors import BadInput
from cleanplate.video import Frames, Holes, check_pair


@dataclass(frozen=True)
class HeldFrames(Source):
    """The frames of one clip; array: (T, H, W, 3) uint8 or uint16."""

    array: Frames

    def frames(self, only: Sequence[int] | None) -> Iterator[NDArray[Any]]:
        """Give frames one by one, as any source."""
        there = range(len(self.array))
        yield from (self.array[t] for t in (there if only is None else only) if t in there)


@dataclass(frozen=True)
class HeldClip(Clip):
    """A clip with its holes, (T, H, W) bool, in the place of annotations."""

    holes: Holes | None = None

    def load_annotations(
        self, size: tuple[int, int] | None = None, *, count: int | None = None
    ) -> Holes | None:
        """Return the holes of the first so many frames; at another size they are not to be had."""
        if self.holes is not None and size not in (None, self.holes.shape[1:]):
            raise BadInput(f"the holes of {self.name} are not {size}. Resize them before.")
        return None if self.holes is None else self.holes[:count]


def held_dataset(clips: Mapping[str, Frames], holes: Mapping[str, Holes] | None = None) -> Dataset:
    """Return clips, and their holes if they are given, as a data set.

    clips: frames by name, (T, H, W, 3) uint8 or uint16. holes: (T, H, W) or (H, W) bool by the same
    names. The path of the data set is a name that other contents would not have. Raises BadInput.
    """
    if not clips or (holes is not None and holes.keys() != clips.keys()):
        raise BadInput(
            f"clips {sorted(clips)} and holes {sorted(holes or ())} were given. Give at least one "
            "clip, and holes of the same names or none."
        )
    stamp, held = hashlib.sha256(), []
    for name, given in clips.items():
        drawn = np.zeros(np.shape(given)[1:3], np.bool_) if holes is None else holes[name]
        frames, hole = check_pair(given, drawn)
        for array in (frames, hole):
            stamp.update(f"{name} {array.shape} {array.dtype}".encode())
            stamp.update(array.tobytes())
        source = HeldFrames(Path(name), frames)
        held.append(HeldClip(name, len(frames), source, holes=None if holes is None else hole))
    return Dataset(Path(f"arrays-{stamp.hexdigest()[:16]}"), "arrays", None, tuple(held))
