"""Crop around the hole, and fit a working size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN_SHARE = 0.25  # of the hole's own box, on every side: where colours are borrowed from
LEAST_MARGIN = 64  # pixels
_ROOMY = 33  # pixels: what lies that close is one piece; a box has more room than that
_CLOSE = 0.06  # share by which a working size may differ from the one asked for


@dataclass(frozen=True)
class Region:
    """A box of the picture: rows top to bottom and columns left to right, ends not included."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def spanning(cls, rows: slice, columns: slice) -> Region:
        """Return the box of rows and columns."""
        return cls(rows.start, rows.stop, columns.start, columns.stop)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def crop(self, array: NDArray[Any]) -> NDArray[Any]:
        """View of the box in an array (H, W, ...)."""
        return array[self.slices]

    def grown(self, by: int, size: tuple[int, int]) -> Region:
        """Return a box with so many pixels more on every side, cut to a size (height, width)."""
        return Region(
            max(self.top - by, 0),
            min(self.bottom + by, size[0]),
            max(self.left - by, 0),
            min(self.right + by, size[1]),
        )

    def scaled(self, by: int) -> Region:
        """Return the same box where every pixel is so many, along either side."""
        return Region(by * self.top, by * self.bottom, by * self.left, by * self.right)

    def shrunk(self, by: int) -> Region:
        """Return the least box that covers this one where so many pixels are one.

        >>> Region(3, 5, 4, 8).shrunk(2)
        Region(top=1, bottom=3, left=2, right=4)
        """
        return Region(self.top // by, -(-self.bottom // by), self.left // by, -(-self.right // by))

    def within(self, other: Region) -> Region:
        """Return the same box counted from another's corner."""
        return Region(
            self.top - other.top,
            self.bottom - other.top,
            self.left - other.left,
            self.right - other.left,
        )


def whole_of(size: tuple[int, ...]) -> Region:
    """Return the box of a whole picture of a size (height, width)."""
    return Region(0, size[0], 0, size[1])


def region_around(hole: NDArray[np.bool_]) -> Region:
    """Return the box that holds every hole pixel and a margin to borrow from.

    hole: (H, W) bool, the union over a window; it must not be empty.
    """
    box = bounding_box(hole, margin=0)
    assert box is not None
    top, bottom = _widen(box[0].start, box[0].stop, hole.shape[0])
    left, right = _widen(box[1].start, box[1].stop, hole.shape[1])
    return Region(top, bottom, left, right)


def apart(hole: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Part a hole (H, W) into pieces that have room for themselves: their boxes do not touch.

    Logos in two corners are two boxes, and not the whole picture between them.
    """
    boxes = cv2.dilate(hole.astype(np.uint8), np.ones((_ROOMY, _ROOMY), np.uint8))
    before = 0
    while True:
        count, labels = cv2.connectedComponents(boxes, connectivity=8)
        parts = [hole & (labels == label) for label in range(1, count)]
        if count == before:
            return parts
        before, boxes = count, np.zeros(hole.shape, np.uint8)
        for part in parts:
            region_around(part).crop(boxes)[...] = 1


def bounding_box(hole: NDArray[np.bool_], *, margin: int) -> tuple[slice, slice] | None:
    """Rows and columns that hold every hole pixel and a margin, cut to the picture; None if empty.

    >>> bounding_box(np.eye(5, dtype=bool)[:, 1:] & (np.arange(5) == 2)[:, None], margin=1)
    (slice(1, 4, None), slice(0, 3, None))
    """
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return None
    return (
        slice(max(int(rows[0]) - margin, 0), min(int(rows[-1]) + 1 + margin, hole.shape[0])),
        slice(max(int(columns[0]) - margin, 0), min(int(columns[-1]) + 1 + margin, hole.shape[1])),
    )


def pixels_of(hole: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a hole's pixels in row order, as np.nonzero but several times faster."""
    rows, columns = np.divmod(np.flatnonzero(hole), hole.shape[1])
    return rows, columns


def in_bands(hole: NDArray[np.bool_], pixels: int) -> Iterator[NDArray[np.bool_]]:
    """Yield the hole (H, W) in bands of rows, each of the same size, with so many pixels or fewer.

    A row with more is a band of its own. A hole with no more is one band, itself.

    >>> [band.sum(axis=1).tolist() for band in in_bands(np.ones((3, 2), bool), 4)]
    [[2, 2, 0], [0, 0, 2]]
    """
    counts = np.count_nonzero(hole, axis=1)
    if counts.sum() <= pixels:
        yield hole
        return
    start, held = 0, 0
    for row, count in enumerate(counts.tolist()):
        if held and held + count > pixels:
            yield _rows(hole, start, row)
            start, held = row, 0
        held += count
    yield _rows(hole, start, len(hole))


def _rows(hole: NDArray[np.bool_], start: int, stop: int) -> NDArray[np.bool_]:
    band = np.zeros_like(hole)
    band[start:stop] = hole[start:stop]
    return band


def _widen(start: int, stop: int, limit: int) -> tuple[int, int]:
    margin = max(LEAST_MARGIN, round(MARGIN_SHARE * (stop - start)))
    return max(start - margin, 0), min(stop + margin, limit)


def working_size(size: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """Return (height, width) of the same shape with about so many pixels at most; never larger.

    A size close to a half, a third, ... of the picture's becomes just that: whole blocks of pixels
    average faster and better.

    >>> working_size((480, 854), 432 * 240), working_size((240, 432), 432 * 240)
    ((240, 427), (240, 432))
    """
    height, width = size
    shrink = max(1.0, (height * width / most_pixels) ** 0.5)
    if abs(shrink - round(shrink)) < _CLOSE * shrink:
        shrink = round(shrink)
    return max(1, round(height / shrink)), max(1, round(width / shrink))


def reduce_picture(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Picture (H, W, ...) averaged down to size (height, width), its type kept."""
    if picture.shape[:2] == size:
        return picture
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)


def levels(frames: NDArray[Any]) -> int:
    """Return the steps of the frames' type for one 8-bit level: 1, or 257 for uint16."""
    return 257 if frames.dtype == np.uint16 else 1


def reduced_picture(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reduce a picture (H, W, 3) to a size and to 8 bits."""
    return eight_bits(reduce_picture(picture, size))


def eight_bits(frames: NDArray[Any]) -> NDArray[np.uint8]:
    """Return frames of uint8, or of uint16 that spans 16 bits, as uint8: a copy."""
    step = levels(frames)
    return (frames // step if step > 1 else frames).astype(np.uint8)


def reduce_hole(hole: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Hole (H, W) at a smaller size: True wherever a hole pixel has any share.

    So a reduced pixel outside the reduced hole holds nothing of what lies under the hole.
    """
    if hole.shape == size:
        return hole
    return reduce_picture(hole.astype(np.float32), size) > 0


def halve_hole(hole: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Hole (H, W) at half the height (axis 0) or width (1), rounded up: either of a pair counts."""
    first, second = ((hole[0::2], hole[1::2]), (hole[:, 0::2], hole[:, 1::2]))[axis]
    joined = first.copy()
    pairs = joined[: len(second)] if axis == 0 else joined[:, : second.shape[1]]
    pairs |= second
    return joined
