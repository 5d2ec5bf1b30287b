"""One decoded picture: its planes untouched, its RGB, and a fill pasted into its planes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.composite import Mask, clouded, paste_planes
from cleanplate.errors import BadInput
from cleanplate.io.colour import Box, Planes, to_planes, to_rgb
from cleanplate.io.info import Colour
from cleanplate.io.layout import Layout


class Picture:
    """One decoded picture.

    planes: (h, w) each, uint8 or uint16 with native samples (10 bits: 0..1023), as decoded; Y, U, V
    or G, B, R, or one of grey, then alpha. layout, colour: what they mean. pts: when it is shown,
    in time_base; duration: how long, in the same unit, 0 where unknown. carrier: the decoder's own
    frame, kept only where it holds things an encoder wants (captions, field flags), else None.
    """

    __slots__ = ("carrier", "colour", "duration", "layout", "planes", "pts", "time_base")

    def __init__(
        self,
        planes: Planes,
        layout: Layout,
        *,
        colour: Colour = Colour(),  # noqa: B008 - frozen
        pts: int | None = None,
        time_base: Fraction | None = None,
        duration: int = 0,
        carrier: Any = None,
    ) -> None:
        self.planes = planes
        self.layout = layout
        self.colour = colour
        self.pts = pts
        self.time_base = time_base
        self.duration = duration
        self.carrier = carrier

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) as coded."""
        height, width = self.planes[0].shape
        return height, width

    @property
    def time_seconds(self) -> Fraction | None:
        """When it is shown, None where the clip does not say."""
        if self.pts is None or self.time_base is None:
            return None
        return self.pts * self.time_base

    def rgb(self) -> NDArray[Any]:
        """Return (H, W, 3), uint8 of an 8-bit clip, else uint16 spanning 16 bits; as coded."""
        return to_rgb(self.planes, self.layout, self.colour)

    def identify(self, update: Callable[[Any], None]) -> None:
        """Call with the planes, and with what they mean: buffers that tell it from all others."""
        update(f"{self.layout} {self.colour} {self.size}".encode())
        for plane in self.planes:
            update(np.ascontiguousarray(plane))

    def clouded(self, hole: Mask) -> Mask:
        """Return the pixels (H, W) whose rgb() is mixed with what lies under the hole."""
        return clouded(hole, self.layout.log2_w, self.layout.log2_h)

    def pasted(self, rgb: NDArray[Any], hole: Mask) -> Picture:
        """Return a picture with the fill inside the hole, in the clip's own planes.

        rgb: (H, W, 3) as rgb() gives it, of the whole picture. hole: (H, W) bool. A chroma sample
        is inside when any of its luma pixels is; every other sample stays as decoded.
        """
        self._check(rgb, hole)
        box = self._box(hole)
        if box is None:
            return self.with_planes(self.planes)
        top, bottom, left, right = box
        fill = to_planes(rgb, self.layout, self.colour, box)
        shifts = (self.layout.log2_w, self.layout.log2_h)
        views = [self._cut(index, box) for index in range(len(fill))]
        inside = paste_planes(views, fill, hole[top:bottom, left:right], shifts)
        planes = tuple(p.copy() if i < len(fill) else p for i, p in enumerate(self.planes))
        changed = self.with_planes(planes)
        for index, part in enumerate(inside):
            changed._cut(index, box)[...] = part
        return changed

    def _cut(self, index: int, box: Box) -> NDArray[Any]:
        """View a plane inside a box of luma samples that is aligned to chroma."""
        top, bottom, left, right = box
        down, across = (self.layout.log2_h, self.layout.log2_w) if index in (1, 2) else (0, 0)
        rows = slice(top >> down, -(-bottom >> down))
        return self.planes[index][rows, left >> across : -(-right >> across)]

    def with_planes(self, planes: Planes) -> Picture:
        """Return the same picture with other samples; planes: of the same shapes and types."""
        return Picture(
            planes,
            self.layout,
            colour=self.colour,
            pts=self.pts,
            time_base=self.time_base,
            duration=self.duration,
            carrier=self.carrier,
        )

    def _box(self, hole: Mask) -> Box | None:
        """Bound the hole, grown to whole chroma samples; None where it is empty."""
        rows = np.flatnonzero(hole.any(axis=1))
        if rows.size == 0:
            return None
        columns = np.flatnonzero(hole[rows[0] : rows[-1] + 1].any(axis=0))
        height, width = hole.shape
        down, across = 1 << self.layout.log2_h, 1 << self.layout.log2_w
        top, left = int(rows[0]) // down * down, int(columns[0]) // across * across
        bottom = min(-(-(int(rows[-1]) + 1) // down) * down, height)
        right = min(-(-(int(columns[-1]) + 1) // across) * across, width)
        return top, bottom, left, right

    def _check(self, rgb: NDArray[Any], hole: Mask) -> None:
        dtype = np.dtype(np.uint8 if self.layout.bits == 8 else np.uint16)
        if rgb.shape != (*self.size, 3) or rgb.dtype != dtype:
            raise BadInput(
                f"fill is {rgb.dtype} {rgb.shape}, the picture is {dtype} {(*self.size, 3)}. "
                "Give a fill as rgb() returns it."
            )
        if hole.shape != self.size or hole.dtype != np.bool_:
            raise BadInput(f"hole is {hole.dtype} {hole.shape}. Give bool {self.size}.")
