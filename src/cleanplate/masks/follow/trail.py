"""Where an object was found, frame by frame: soft masks in a few kilobytes each."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.region import Region, bounding_box

Soft = NDArray[np.float32]  # (h, w), 0 to 1: how sure it is that a pixel is the object's
Watch = Callable[[int, Soft], None]  # is told a frame, and the mask that is found for it

_LEVELS = 255
_LEVEL_OF_ZLIB = 1  # more takes long and saves little


@dataclass(frozen=True)
class _Packed:
    box: Region
    body: bytes
    trust: float


class Trail:
    """The soft masks of a clip's frames, packed; frames that have none are not in it.

    size: (height, width) of the masks. watch: called with every mask as it is put.
    """

    def __init__(self, size: tuple[int, int], watch: Watch | None = None) -> None:
        self.size = size
        self._watch = watch
        self._kept: dict[int, _Packed] = {}

    def __contains__(self, frame: int) -> bool:
        return frame in self._kept

    def put(self, frame: int, soft: Soft, trust: float) -> None:
        """Keep the mask of a frame, to a 255th, and how far it is to be trusted, 0 to 1."""
        levels = np.rint(soft * np.float32(_LEVELS)).astype(np.uint8)
        box = bounding_box(levels > 0, margin=0)
        region = Region(0, 0, 0, 0) if box is None else Region.spanning(*box)
        body = zlib.compress(region.crop(levels).tobytes(), _LEVEL_OF_ZLIB)
        self._kept[frame] = _Packed(region, body, trust)
        if self._watch:
            self._watch(frame, soft)

    def soft(self, frame: int) -> Soft:
        """Return the mask of a frame, (h, w); nothing where it has none."""
        mask = np.zeros(self.size, np.float32)
        kept = self._kept.get(frame)
        if kept is not None:
            part = kept.box.crop(mask)
            levels = np.frombuffer(zlib.decompress(kept.body), np.uint8).reshape(part.shape)
            part[...] = levels / np.float32(_LEVELS)
        return mask

    def trust(self, frame: int) -> float:
        """Return how far the mask of a frame is to be trusted; 0 where it has none."""
        kept = self._kept.get(frame)
        return 0.0 if kept is None else kept.trust
