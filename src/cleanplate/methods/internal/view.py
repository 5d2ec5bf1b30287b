"""A frame at its full size, of which parts are looked at, at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.region import Region, bounding_box, eight_bits, reduce_hole, reduce_picture
from cleanplate.video import Frames, Holes

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """What is hidden of a frame, in the box that holds all of it.

    hidden: (h, w). colours, doubts: (h, w, 3) uint8, what another method drafted there, and how far
    that is to be doubted; None where nothing did.
    """

    box: Region
    hidden: Holes
    colours: NDArray[np.uint8] | None = None
    doubts: NDArray[np.uint8] | None = None

    @classmethod
    def of(
        cls, hidden: Holes, drafted: Frames | None = None, doubts: NDArray[np.uint8] | None = None
    ) -> Cover:
        """Return the cover of a frame, given at its full size."""
        found = bounding_box(hidden, margin=0)
        box = Region(0, 0, 0, 0) if found is None else Region.spanning(*found)
        if drafted is None or doubts is None:
            return cls(box, box.crop(hidden).copy())
        return cls(
            box, box.crop(hidden).copy(), eight_bits(box.crop(drafted)), box.crop(doubts).copy()
        )


@dataclass(frozen=True)
class View:
    """A frame (H, W, 3) uint8 or uint16, of which nothing that is hidden is ever read.

    coarse: (h, w, 3), what is added to it where it is hidden, as the coarsest network has it.
    """

    frame: Frames
    cover: Cover
    coarse: Picture

    def part(self, place: Region, factor: int) -> Picture:
        """Return what a network is shown of a part, (h, w, 7): see `correction.inputs`.

        place: of the picture whose pixels are so many of the frame's either way. Beyond the frame's
        border it goes on as it ends. Where nothing was drafted there is nothing (0).
        """
        whole, size = place.scaled(factor), (place.bottom - place.top, place.right - place.left)
        height, width = self.frame.shape[:2]
        inner = Region(whole.top, min(whole.bottom, height), whole.left, min(whole.right, width))
        colours: NDArray[Any] = inner.crop(self.frame).astype(np.float32)
        colours *= np.float32(255 / np.iinfo(self.frame.dtype).max)
        hidden: NDArray[Any] = np.zeros(colours.shape[:2], np.bool_)
        doubts: NDArray[Any] = np.zeros(colours.shape, np.uint8)
        self._lay(inner, colours, hidden, doubts)
        below, beside = whole.bottom - inner.bottom, whole.right - inner.right
        colours = cv2.copyMakeBorder(colours, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        picture = reduce_picture(colours, size) / np.float32(127.5) - 1
        padded = np.pad(hidden, ((0, below), (0, beside))).astype(np.bool_)
        hole = reduce_hole(padded, size)
        if self.cover.colours is None:
            picture[hole] = 0
            told: NDArray[Any] = np.stack([hole, np.zeros_like(hole), np.zeros_like(hole)], axis=-1)
        else:
            doubts = cv2.copyMakeBorder(doubts, 0, below, 0, beside, cv2.BORDER_CONSTANT)
            told = reduce_picture(doubts, size) / np.float32(255)
        return np.concatenate([picture, hole[..., None], told], axis=-1).astype(np.float32)

    def _lay(
        self, inner: Region, colours: Picture, hidden: Holes, doubts: NDArray[np.uint8]
    ) -> None:
        """Put what is hidden in a part of the frame, and what was drafted, in place."""
        cover, box = self.cover, self.cover.box
        common = Region(
            *(max(inner.top, box.top), min(inner.bottom, box.bottom)),
            *(max(inner.left, box.left), min(inner.right, box.right)),
        )
        if common.top >= common.bottom or common.left >= common.right:
            return
        mine, theirs = common.within(inner), common.within(box)
        there = theirs.crop(cover.hidden)
        mine.crop(hidden)[...] = there
        if cover.colours is None or cover.doubts is None:
            mine.crop(colours)[there] = 0
        else:
            mine.crop(colours)[there] = theirs.crop(cover.colours)[there]
            mine.crop(doubts)[there] = theirs.crop(cover.doubts)[there]
