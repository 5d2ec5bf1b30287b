"""Draw what holes attend to: a sheet a frame, for a few frames of a video.

A sheet has a row for each head of the attention, which cuts frames into patches of its own size:
first the frame whose hole asks, the patches that do so framed, then the frames that they attend to
most, with the share that each gets. Patches that get more than the even share glow, from red over
yellow to white; frames are dark and grey otherwise. Holes are outlined.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.sheets import (
    EDGE,
    Onlooker,
    Picture,
    Turn,
    as_is,
    eight_bit,
    enlarged,
    fitted,
    joined,
    outlined,
    sheets,
    titled,
)
from cleanplate.video import Frames, Holes


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

SHOWN = 5  # frames that are attended to most, in a row
GLOWING = 4  # even shares that a patch has to get at least to glow most
DARKENED, OPAQUE = 0.6, 0.7  # of a frame that glows: its own light, and what covers it at most
ASKING = (90, 200, 255)  # of the patches that ask


def attention_pictures(
    folder: str | Path | None, gaze_of: GazeOf | None, turn: Turn
) -> AbstractContextManager[Onlooker | None]:
    """Give what draws sheets of a video into a folder, see `sheets.sheets`.

    gaze_of: tells what a hole attends to. turn: brings frames upright. Raises BadOutput.
    """

    def look(first: int, frames: Frames, holes: Holes) -> Callable[[int], Picture]:
        assert gaze_of is not None
        return lambda t: gaze_picture(gaze_of(frames, holes, t), frames, holes, first, turn)

    return sheets(folder if gaze_of else None, look)


def gaze_picture(
    gaze: Gaze, frames: Frames, holes: Holes, first: int = 0, turn: Turn = as_is
) -> Picture:
    """Draw one sheet, (H, W, 3) uint8; what it shows is in the module's docstring.

    frames, holes: the stretch, (T, H, W, 3) and (T, H, W). first: number of its first frame.
    turn: brings frames upright.
    """
    tiles = {t: fitted(eight_bit(turn(frames[t]))) for t in gaze.looked_at}

    def finished(t: int, title: str, picture: Picture) -> Picture:
        return titled(outlined(picture, turn(holes[t]), EDGE, 1), title)

    rows = []
    for head in gaze.heads:
        asking = turn(head.asking)
        title = f"frame {first + gaze.frame}, {asking.shape[1]} x {asking.shape[0]} patches"
        row = [finished(gaze.frame, title, outlined(tiles[gaze.frame], asking, ASKING, 2))]
        shares = head.heat.sum(axis=(1, 2))
        levels = _levels(head.heat)
        for n in np.argsort(-shares, kind="stable")[:SHOWN].tolist():
            t = gaze.looked_at[n]
            name = f"frame {first + t}{', itself' if t == gaze.frame else ''}"
            title = f"{name}: {100 * shares[n]:.0f} %"
            row.append(finished(t, title, _glowing(tiles[t], turn(levels[n]))))
        rows.append(joined(row, axis=1))
    return joined(rows, axis=0)


def _levels(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much patches glow, 0 to 1: not at all up to the even share."""
    even = 1 / heat.size
    top = max(heat.max(), GLOWING * even)
    return np.asarray(np.sqrt(np.clip((heat - even) / (top - even), 0, 1)), np.float32)


def _glowing(picture: Picture, levels: NDArray[np.float32]) -> Picture:
    """Lay levels, (rows, columns) from 0 to 1, over a picture made dark and grey."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] * DARKENED
    level = enlarged(np.rint(255 * levels), picture.shape)
    glow = cv2.applyColorMap(level, cv2.COLORMAP_HOT)[..., ::-1]
    share = level[..., None] / 255 * OPAQUE
    return np.asarray((1 - share) * grey + share * glow, np.uint8)
