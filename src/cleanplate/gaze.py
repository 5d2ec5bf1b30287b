"""Draw what holes attend to: a sheet a frame, for a few frames of a video.

A sheet has a row for each head of the attention, which cuts frames into patches of its own size:
first the frame whose hole asks, the patches that do so framed, then the frames that they attend to
most, with the share that each gets. Patches that get more than the even share glow, from red over
yellow to white; frames are dark and grey otherwise. Holes are outlined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.io import whole_folder, write_picture
from cleanplate.video import Frames, Holes

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Turn = Callable[[NDArray[Any]], NDArray[Any]]  # of (H, W) or (H, W, C)


@dataclass(frozen=True)
class Head:
    """What one head, which cuts frames into rows and columns of patches, does for a hole.

    asking: (rows, columns) bool, the patches that the hole takes up. heat: (N, rows, columns)
    float32, what part of their attention each patch of N frames gets; it adds up to 1.
    """

    asking: NDArray[np.bool_]
    heat: NDArray[np.float32]


@dataclass(frozen=True)
class Gaze:
    """What the hole of one frame attends to.

    frame: its number in the stretch. looked_at: those of the N frames that it sees, its own among
    them. heads: at least one.
    """

    frame: int
    looked_at: list[int]
    heads: list[Head]


GazeOf = Callable[[Frames, Holes, int], Gaze]  # of the hole of a frame in a stretch
Onlooker = Callable[[int, Frames, Holes], None]  # number of the first frame, a stretch

MOST = 12  # sheets of one video
SPACING = 5  # frames between sheets at first; it doubles when there are too many
SHOWN = 5  # frames that are attended to most, in a row
TILE = (180, 240)  # height and width in pixels that a frame is fitted into
GLOWING = 4  # even shares that a patch has to get at least to glow most
DARKENED, OPAQUE = 0.6, 0.7  # of a frame that glows: its own light, and what covers it at most
STRIP, GAP = 20, 6  # pixels: the line above a tile, and what is between tiles
PAPER, INK = 24, 235  # grey levels
EDGE, ASKING = (40, 230, 90), (90, 200, 255)  # of the hole; of the patches that ask


@contextmanager
def attention_pictures(
    folder: str | Path | None, gaze_of: GazeOf | None, turn: Turn
) -> Iterator[Onlooker | None]:
    """Give what draws sheets of a video into a folder, which appears when all are there.

    folder: new or empty; without one nothing is given. Sheets are named by the frame's number, from
    0. gaze_of: tells what a hole attends to. turn: brings frames upright. Raises BadOutput.
    """
    if folder is None or gaze_of is None:
        yield None
        return
    with whole_folder(Path(folder)) as part:
        spread = Spread()

        def attend(first: int, frames: Frames, holes: Holes) -> None:
            for t in np.flatnonzero(holes.any(axis=(1, 2))).tolist():
                if not spread.is_due(first + t):
                    continue
                sheet = gaze_picture(gaze_of(frames, holes, t), frames, holes, first, turn)
                write_picture(part / f"{first + t:05d}.png", sheet)
                for number in spread.keep(first + t):
                    (part / f"{number:05d}.png").unlink()

        yield attend


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


def _as_is(picture: NDArray[Any]) -> NDArray[Any]:
    return picture


def gaze_picture(
    gaze: Gaze, frames: Frames, holes: Holes, first: int = 0, turn: Turn = _as_is
) -> Picture:
    """Draw one sheet, (H, W, 3) uint8; what it shows is in the module's docstring.

    frames, holes: the stretch, (T, H, W, 3) and (T, H, W). first: number of its first frame.
    turn: brings frames upright.
    """
    tiles = {t: _fitted(_eight_bit(turn(frames[t]))) for t in gaze.looked_at}

    def finished(t: int, title: str, picture: Picture) -> Picture:
        return _titled(_outlined(picture, turn(holes[t]), EDGE, 1), title)

    rows = []
    for head in gaze.heads:
        asking = turn(head.asking)
        title = f"frame {first + gaze.frame}, {asking.shape[1]} x {asking.shape[0]} patches"
        row = [finished(gaze.frame, title, _outlined(tiles[gaze.frame], asking, ASKING, 2))]
        shares = head.heat.sum(axis=(1, 2))
        levels = _levels(head.heat)
        for n in np.argsort(-shares, kind="stable")[:SHOWN].tolist():
            t = gaze.looked_at[n]
            name = f"frame {first + t}{', itself' if t == gaze.frame else ''}"
            title = f"{name}: {100 * shares[n]:.0f} %"
            row.append(finished(t, title, _glowing(tiles[t], turn(levels[n]))))
        rows.append(_joined(row, axis=1))
    return _joined(rows, axis=0)


def _levels(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much patches glow, 0 to 1: not at all up to the even share."""
    even = 1 / heat.size
    top = max(heat.max(), GLOWING * even)
    return np.asarray(np.sqrt(np.clip((heat - even) / (top - even), 0, 1)), np.float32)


def _eight_bit(frame: NDArray[Any]) -> Picture:
    return np.ascontiguousarray(frame // 257 if frame.dtype == np.uint16 else frame, np.uint8)


def _fitted(picture: Picture) -> Picture:
    """Bring a picture to the size of a tile, its shape kept."""
    scale = min(side / have for side, have in zip(TILE, picture.shape[:2], strict=True))
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=kind), np.uint8)


def _large(array: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Bring (H, W) uint8 or bool to the size of a picture (H', W', 3), edges kept sharp."""
    small = np.ascontiguousarray(array, np.uint8)
    return np.asarray(cv2.resize(small, size[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _outlined(
    picture: Picture, shape: NDArray[np.bool_], colour: tuple[int, int, int], thickness: int
) -> Picture:
    """Draw the outline of a shape, (H', W') bool at any size, over a copy of a picture."""
    edges, _ = cv2.findContours(
        _large(shape, picture.shape), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE
    )
    return np.asarray(cv2.drawContours(picture.copy(), edges, -1, colour, thickness), np.uint8)


def _glowing(picture: Picture, levels: NDArray[np.float32]) -> Picture:
    """Lay levels, (rows, columns) from 0 to 1, over a picture made dark and grey."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] * DARKENED
    level = _large(np.rint(255 * levels), picture.shape)
    glow = cv2.applyColorMap(level, cv2.COLORMAP_HOT)[..., ::-1]
    share = level[..., None] / 255 * OPAQUE
    return np.asarray((1 - share) * grey + share * glow, np.uint8)


def _titled(picture: Picture, title: str) -> Picture:
    """Write a line of Latin letters above a picture; what does not fit is cut off."""
    strip = np.full((STRIP, picture.shape[1], 3), PAPER, np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, title, (2, STRIP - 6), font, 0.42, (INK,) * 3, 1, cv2.LINE_AA)
    return np.concatenate([strip, picture])


def _joined(pictures: list[Picture], *, axis: int) -> Picture:
    """Put pictures of the same size below each other (axis 0) or side by side (1)."""
    shape = list(pictures[0].shape)
    shape[axis] = GAP
    gap = np.full(shape, PAPER, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)]
    return np.concatenate(parts[1:], axis=axis)
