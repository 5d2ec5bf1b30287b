"""Sheets: a page of pictures each, for a few frames of a video, in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.io import whole_folder, write_picture
from cleanplate.video import Frames, Holes

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Turn = Callable[[NDArray[Any]], NDArray[Any]]  # of (H, W) or (H, W, C)
Onlooker = Callable[[int, Frames, Holes], None]  # number of the first frame, a stretch
# Looks at a stretch, of that first frame, and returns what draws the sheet of one of its frames.
Look = Callable[[int, Frames, Holes], Callable[[int], Picture]]

MOST = 12  # sheets of one video
SPACING = 5  # frames between sheets at first; it doubles when there are too many
TILE = (180, 240)  # height and width in pixels that a frame is fitted into
STRIP, GAP = 20, 6  # pixels: the line above a tile, and what is between tiles
PAPER, INK = 24, 235  # grey levels
EDGE = (40, 230, 90)  # of a hole


@contextmanager
def sheets(folder: str | Path | None, look: Look) -> Iterator[Onlooker | None]:
    """Give what draws sheets of a video into a folder, which appears when all are there.

    folder: new or empty; without one nothing is given. Sheets are named by the frame's number, from
    0; they are of frames with a hole, spread over the video. Raises BadOutput.
    """
    if folder is None:
        yield None
        return
    with whole_folder(Path(folder)) as part:
        spread = Spread()

        def attend(first: int, frames: Frames, holes: Holes) -> None:
            draw = None
            for t in np.flatnonzero(holes.any(axis=(1, 2))).tolist():
                if not spread.is_due(first + t):
                    continue
                draw = draw or look(first, frames, holes)
                write_picture(part / f"{first + t:05d}.png", draw(t))
                for number in spread.keep(first + t):
                    (part / f"{number:05d}.png").unlink()

        yield attend


def together(*onlookers: Onlooker | None) -> Onlooker | None:
    """Return what calls all onlookers that are there, None without any."""
    there = [onlooker for onlooker in onlookers if onlooker]

    def attend(first: int, frames: Frames, holes: Holes) -> None:
        for onlooker in there:
            onlooker(first, frames, holes)

    return attend if there else None


class Spread:
    """Chooses numbers as they come by: a few, evenly spread, however many there will be."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self._spacing = SPACING

    def is_due(self, number: int) -> bool:
        """Tell whether a number is far enough from the last one that was kept."""
        return not self.kept or number >= self.kept[-1] + self._spacing

    def keep(self, number: int) -> list[int]:
        """Keep a number, and return those that are given up for it."""
        self.kept.append(number)
        if len(self.kept) <= MOST:
            return []
        given_up, self.kept = self.kept[1::2], self.kept[::2]
        self._spacing *= 2
        return given_up


def as_is(picture: NDArray[Any]) -> NDArray[Any]:
    """Return the picture itself: the turn of a video that stands upright."""
    return picture


def eight_bit(frame: NDArray[Any]) -> Picture:
    """Return a frame, uint8 or uint16, with 8 bits."""
    return np.ascontiguousarray(frame // 257 if frame.dtype == np.uint16 else frame, np.uint8)


def fitted(picture: Picture) -> Picture:
    """Bring a picture to the size of a tile, its shape kept."""
    scale = min(side / have for side, have in zip(TILE, picture.shape[:2], strict=True))
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=kind), np.uint8)


def enlarged(array: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Bring (H, W) uint8 or bool to the size of a picture (H', W', 3), edges kept sharp."""
    small = np.ascontiguousarray(array, np.uint8)
    return np.asarray(cv2.resize(small, size[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def outlined(
    picture: Picture, shape: NDArray[np.bool_], colour: tuple[int, int, int], thickness: int
) -> Picture:
    """Draw the outline of a shape, (H', W') bool at any size, over a copy of a picture."""
    edges, _ = cv2.findContours(
        enlarged(shape, picture.shape), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE
    )
    return np.asarray(cv2.drawContours(picture.copy(), edges, -1, colour, thickness), np.uint8)


def titled(picture: Picture, title: str) -> Picture:
    """Write a line of Latin letters above a picture; what does not fit is cut off."""
    strip = np.full((STRIP, picture.shape[1], 3), PAPER, np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, title, (2, STRIP - 6), font, 0.42, (INK,) * 3, 1, cv2.LINE_AA)
    return np.concatenate([strip, picture])


def joined(pictures: list[Picture], *, axis: int) -> Picture:
    """Put pictures of the same size below each other (axis 0) or side by side (1)."""
    shape = list(pictures[0].shape)
    shape[axis] = GAP
    gap = np.full(shape, PAPER, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)]
    return np.concatenate(parts[1:], axis=axis)
