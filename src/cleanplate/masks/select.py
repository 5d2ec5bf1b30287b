"""select(): the object of one frame from a box around it, a few clicks, or a scribble.

No network: what was said becomes hints for `cut.py`, and the result is tidied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.masks.cut import cut_out
from cleanplate.masks.hints import reduced_hints
from cleanplate.region import (
    Region,
    bounding_box,
    reduced_picture,
    working_size,
)
from cleanplate.video import Frames, Holes, whole

MOST_PIXELS = 854 * 480  # of the picture that is looked at
_CLICK = 0.012  # of the picture's height: the radius of what a click says
_REACH = 0.15  # of the picture: how far an object may reach beyond what is marked of it
_SMALL = 0.05  # of the largest piece: smaller ones are none of the object
_BESIDE = 0.012  # of the picture's height: pieces so near one another are one
_GAP = 0.005  # of the object: smaller gaps in it are none

NOTHING = "nothing points at the object. Give a box, or a click or a mark inside it."

Box = tuple[int, int, int, int]  # x, y, width, height
Point = tuple[int, int]  # x, y


class Selector(Protocol):
    """Finds an object in one frame, as `select` does; another may take another way."""

    def __call__(
        self,
        frame: Frames,
        box: Box | None = None,
        *,
        inside: Sequence[Point] = (),
        outside: Sequence[Point] = (),
        scribble: NDArray[np.uint8] | None = None,
        others: Sequence[Frames] = (),
    ) -> Holes:
        """Return the object (H, W) in a frame (H, W, 3)."""
        ...


def select(
    frame: Frames,
    box: Box | None = None,
    *,
    inside: Sequence[Point] = (),
    outside: Sequence[Point] = (),
    scribble: NDArray[np.uint8] | None = None,
    others: Sequence[Frames] = (),
) -> Holes:
    """Return the object (H, W) in a frame (H, W, 3) that a box, clicks or a scribble point at.

    box: (x, y, width, height) in pixels, the object inside it, none of it outside. inside,
    outside: (x, y) of clicks on the object, and beside it. scribble: (H, W) uint8, 255 where the
    object is, 0 where it is not, anything else says nothing. At least a box, a click inside or a
    scribble of the object is needed. others: frames of the same shot, (H, W, 3), before and after,
    the nearest first, best every second one to 16 frames away: with what they show to move, and
    behind it, the mask is better. The same input gives the same mask. Raises BadInput.

    >>> scene = np.full((60, 80, 3), 40, np.uint8); scene[20:40, 30:50] = (200, 90, 60)
    >>> bool((select(scene, (26, 16, 28, 28)) == (scene[..., 0] > 100)).all())
    True
    """
    frame = checked_frame(frame)
    size = (frame.shape[0], frame.shape[1])
    hints = _hints(size, box, inside, outside, scribble)
    small = working_size(size, MOST_PIXELS)
    less = reduced_hints(hints, small)
    beside = [reduced_picture(checked_frame(other), small) for other in others]
    found = _tidied(cut_out(reduced_picture(frame, small), less, beside), less)
    if small != size:
        large = cv2.resize(found.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
        found = (large > 0.5) & (hints != cv2.GC_BGD) | (hints == cv2.GC_FGD)
    return np.asarray(found if found.any() else _wire(hints), np.bool_)


def checked_frame(given: Frames) -> Frames:
    """Return a picture (H, W, 3) of 8 or 16 bits, or refuse it: raises BadInput."""
    frame: Frames = np.asarray(given)
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype not in (np.uint8, np.uint16):
        raise BadInput(f"frame is {frame.dtype} {frame.shape}. Give (H, W, 3), uint8 or uint16.")
    return frame


def _hints(
    size: tuple[int, int],
    box: Box | None,
    inside: Sequence[Point],
    outside: Sequence[Point],
    scribble: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """Return what is said of each pixel, (H, W), in GrabCut's terms; raises BadInput."""
    hints = np.full(size, cv2.GC_PR_BGD, np.uint8)
    marks = np.zeros(size, np.uint8)
    for points, kind in ((inside, cv2.GC_FGD), (outside, cv2.GC_BGD)):
        for point in points:
            _click(marks, point, kind + 1)
    if scribble is not None:
        marks[_checked_scribble(scribble, size) == 255] = cv2.GC_FGD + 1
        marks[scribble == 0] = cv2.GC_BGD + 1
    meant = marks == cv2.GC_FGD + 1
    if box is not None:
        region = checked_box(box, size)
        hints[:] = cv2.GC_BGD
        region.crop(hints)[...] = cv2.GC_PR_FGD
    elif meant.any():
        region = _around(meant, size)
        region.crop(hints)[...] = cv2.GC_PR_FGD
    else:
        raise BadInput(NOTHING)
    hints[marks > 0] = marks[marks > 0] - 1
    return hints


def _click(marks: NDArray[np.uint8], point: Point, value: int) -> None:
    """Draw a disc where somebody clicked; raises BadInput beside the picture."""
    height, width = marks.shape
    check_click(point, (height, width))
    x, y = point
    cv2.circle(marks, (int(x), int(y)), max(1, round(_CLICK * height)), value, cv2.FILLED)


def check_click(point: Point, size: tuple[int, int]) -> None:
    """Refuse a click beside a picture of a size (height, width); raises BadInput."""
    height, width = size
    x, y = point
    if not (whole(x) and whole(y) and 0 <= x < width and 0 <= y < height):
        raise BadInput(
            f"a click at {x},{y} lies beside the picture of {width}x{height}. "
            f"Give x,y from 0,0 to {width - 1},{height - 1}."
        )


def checked_box(box: Box, size: tuple[int, int]) -> Region:
    """Return a box cut to the picture; raises BadInput."""
    if len(box) != 4 or not all(whole(value) for value in box) or min(box[2:]) < 1:
        raise BadInput(f"box is {box!r}. Give x,y,width,height in whole pixels.")
    x, y, width, height = box
    region = Region(max(y, 0), min(y + height, size[0]), max(x, 0), min(x + width, size[1]))
    if region.top >= region.bottom or region.left >= region.right:
        raise BadInput(f"the box {x},{y},{width},{height} lies beside the picture.")
    return region


def _checked_scribble(scribble: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if scribble.shape != size or scribble.dtype != np.uint8:
        raise BadInput(
            f"the scribble is {scribble.dtype} {scribble.shape}. Give uint8 {size}: 255 on the "
            "object, 0 beside it, 128 elsewhere."
        )
    return scribble


def _around(meant: NDArray[np.bool_], size: tuple[int, int]) -> Region:
    """Return the box that an object may fill of which some pixels are marked."""
    box = bounding_box(meant, margin=0)
    assert box is not None
    region = Region.spanning(*box)
    sides = max(region.bottom - region.top, region.right - region.left)
    return region.grown(max(sides // 2, round(_REACH * size[0])), size)


def _wire(hints: NDArray[np.uint8]) -> Holes:
    """Return all that may be the object, (H, W), where that is no wider than a click; or nothing.

    In so thin a box, as of a wire, there is little beside the object.
    """
    perhaps = np.asarray(hints == cv2.GC_PR_FGD, np.bool_)
    box = bounding_box(perhaps, margin=0)
    if box is None:
        return perhaps
    region = Region.spanning(*box)
    thin = min(region.bottom - region.top, region.right - region.left)
    return perhaps if thin <= 2 * _CLICK * hints.shape[0] + 1 else np.zeros_like(perhaps)


def _tidied(found: Holes, hints: NDArray[np.uint8]) -> Holes:
    """Drop pieces that are small beside the largest, and fill small gaps, but for marked ones."""
    tidy = found.copy()
    pieces, areas = _pieces(found, max(1, round(_BESIDE * found.shape[0])))
    _paint(tidy, pieces, areas < _SMALL * areas.max(initial=0), cv2.GC_FGD, hints)
    gaps, areas = _pieces(~found, 0)
    _paint(tidy, gaps, areas < _GAP * found.sum(), cv2.GC_BGD, hints)
    tidy[hints == cv2.GC_FGD] = True
    return tidy


def _pieces(mask: Holes, beside: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return to which piece pixels (h, w) belong, from 1 on, and the pieces' areas from 0 on.

    beside: pixels; pieces that are nearer to each other than about twice that count as one.
    """
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * beside + 1, 2 * beside + 1), np.uint8))
    count, labels = cv2.connectedComponents(near, connectivity=4)
    pieces: NDArray[np.int32] = np.where(mask, labels, 0).astype(np.int32)
    return pieces, np.bincount(pieces.ravel(), minlength=count)[1:]


def _paint(
    tidy: Holes,
    pieces: NDArray[np.int32],
    those: NDArray[np.bool_],
    kind: int,
    hints: NDArray[np.uint8],
) -> None:
    """Turn those pieces of a kind over, but for such as somebody marked as that kind."""
    marked = np.bincount(pieces[hints == kind], minlength=len(those) + 1)[1:] > 0
    turned = np.concatenate([[False], those & ~marked])
    tidy[turned[pieces]] = kind == cv2.GC_BGD
