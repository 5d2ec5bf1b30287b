"""Draw what frames may take from their neighbours: a sheet a frame, for a few frames of a video.

As figure 4 of Zou et al., CVPR 2021: after the frame itself a row for the next frame and one for
the frame before, with the flow there, where it is trusted (white), what comes from there along it,
and that of it which is trusted. The flow has the colours of `flow.draw`, by one scale a sheet.
Holes are outlined; what lies under them is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.canvas import Clip
from cleanplate.flow.draw import flow_picture, usual_length
from cleanplate.flow.validity import TrustedFlow
from cleanplate.sheets import (
    EDGE,
    PAPER,
    Onlooker,
    Picture,
    Turn,
    as_is,
    fitted,
    joined,
    outlined,
    sheets,
    titled,
)
from cleanplate.video import Frames, Holes
from cleanplate.warp import warp_by

LEAST = 1.0  # pixels that are drawn in full colour: what moves less would only show its noise

MotionOf = Callable[[Frames, Holes], TrustedFlow]  # of a stretch


class Neighbour(NamedTuple):
    """A frame beside another: its number, the flow to it (h, w, 2), and where that is in doubt."""

    number: int
    flow: NDArray[np.float32]
    doubt: NDArray[np.bool_]


def validity_pictures(
    folder: str | Path | None, motion_of: MotionOf | None, turn: Turn
) -> AbstractContextManager[Onlooker | None]:
    """Give what draws sheets of a video into a folder, see `sheets.sheets`.

    motion_of: finds the flow of a stretch. turn: brings frames upright. Raises BadOutput.
    """

    def look(first: int, frames: Frames, holes: Holes) -> Callable[[int], Picture]:
        assert motion_of is not None
        motion = motion_of(frames, holes)
        return lambda t: trust_picture(motion, frames, holes, t, first=first, turn=turn)

    return sheets(folder if motion_of else None, look)


def trust_picture(
    motion: TrustedFlow,
    frames: Frames,
    holes: Holes,
    t: int,
    *,
    first: int = 0,
    turn: Turn = as_is,
) -> Picture:
    """Draw the sheet of frame t, (H, W, 3) uint8; what it shows is in the module's docstring.

    motion: of the stretch frames (T, H, W, 3), holes (T, H, W), whose first frame has the number
    `first` in the video. turn: brings frames upright.
    """
    clip = Clip(frames, holes, (motion.forward.shape[1], motion.forward.shape[2]))
    beside = list(neighbours(motion, t))
    largest = max([LEAST, *(usual_length(one.flow) for one in beside)])

    def finished(title: str, picture: Picture) -> Picture:
        return titled(outlined(fitted(turn(picture)), turn(clip.hole(t)), EDGE, 1), title)

    def row(one: Neighbour) -> list[Picture]:
        name = f"frame {first + one.number}"
        came = warp_by(shown(clip, one.number).astype(np.float32), one.flow).astype(np.uint8)
        trusted = np.where(one.doubt[..., None], np.uint8(PAPER), came)
        mask = np.where(one.doubt[..., None], np.uint8(0), np.full(3, 255, np.uint8))
        flow = flow_picture(one.flow @ turned(turn), largest=largest)
        return [
            finished(f"flow to {name}", flow),
            finished("trusted: white", mask),
            finished(f"from {name}", came),
            finished("trusted alone", trusted),
        ]

    itself = finished(f"frame {first + t}", shown(clip, t))
    rows = [joined([itself, *row(one)], axis=1) for one in beside]
    return joined(rows or [itself], axis=0)


def neighbours(motion: TrustedFlow, t: int) -> Iterator[Neighbour]:
    """Yield the frame after frame t and the one before, as far as there are any."""
    if t < len(motion.forward):
        yield Neighbour(t + 1, motion.forward[t], motion.doubt_forward[t])
    if t > 0:
        yield Neighbour(t - 1, motion.backward[t - 1], motion.doubt_backward[t - 1])


def shown(clip: Clip, t: int) -> Picture:
    """Return frame t with 8 bits, grey where its hole is."""
    picture = np.rint(255 * clip.picture(t, darkest=0))
    return np.where(clip.hole(t)[..., None], PAPER, picture).astype(np.uint8)


def turned(turn: Turn) -> NDArray[np.float32]:
    """Return the matrix (2, 2) that brings vectors (dx, dy), as rows, upright with their picture.

    >>> (np.array([[3, 1]]) @ turned(np.rot90)).tolist()
    [[1.0, -3.0]]
    """
    x, y = np.meshgrid([0, 1], [0, 1])
    came = turn(np.stack([x, y], axis=-1)).astype(np.float32)  # from where each pixel comes
    return np.stack([came[0, 1] - came[0, 0], came[1, 0] - came[0, 0]], axis=1)
