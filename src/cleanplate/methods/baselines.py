"""What every method has to beat: fills that know nothing of motion, and need nothing.

They keep the doors of a room, so that whatever runs a method runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.methods.options import CommonOptions
from cleanplate.threads import each_frame
from cleanplate.video import KNOWN, UNSEEN, Filled, Frames, Holes, Prior, Provenance

_RADIUS = 3  # pixels around a hole pixel that are asked

Fill = Callable[[Frames, Holes], NDArray[np.int32]]  # paints in place; returns (T, H, W) sources


@dataclass(frozen=True)
class Baseline:
    """A fill that is always the same, as a room: `Method` makes what fills."""

    paint: Fill

    DEVICES = ("auto", "cpu")
    Options = CommonOptions
    longest_window = 90

    def Method(self, options: CommonOptions | None = None) -> Baseline:  # noqa: N802 - a room's door
        """Return itself: no option makes a difference."""
        return self

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Prior | None = None,
        progress: Callable[[float], None] | None = None,
        in_place: bool = False,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True."""
        painted = frames if in_place else frames.copy()
        source = self.paint(painted, holes)
        if progress:
            progress(1.0)
        return Filled.of(painted, holes, Provenance(source, np.zeros(holes.shape, np.float16)))


def _each_alone(how: int) -> Fill:
    """Inpaint every frame by itself with OpenCV."""

    def paint(frames: Frames, holes: Holes) -> NDArray[np.int32]:
        each_frame(lambda t: _inpaint(frames[t], holes[t], how), len(frames))
        return np.where(holes, np.int32(UNSEEN), np.int32(KNOWN))

    return paint


def _inpaint(frame: NDArray[np.generic], hole: NDArray[np.bool_], how: int) -> None:
    """Inpaint a frame (H, W, 3) in place; one that is all hole becomes black."""
    frame[hole] = 0
    if hole.all() or not hole.any():
        return
    mask = hole.astype(np.uint8)
    channels = [frame] if frame.dtype == np.uint8 else list(np.moveaxis(frame, 2, 0))
    for channel in channels:  # of 16 bits OpenCV takes one channel at a time
        filled = cv2.inpaint(np.ascontiguousarray(channel), mask, _RADIUS, how)
        channel[hole] = filled[hole]


def _median(frames: Frames, holes: Holes) -> NDArray[np.int32]:
    """Take the median over time of what is known at a pixel's place; Telea's fill of the rest.

    Serves a camera that does not move.
    """
    each_frame(lambda row: _median_of_row(frames[:, row], holes[:, row]), holes.shape[1])
    never = holes & holes.all(axis=0)
    each_frame(lambda t: _inpaint(frames[t], never[t], cv2.INPAINT_TELEA), len(frames))
    return _nearest_known(holes)


def _median_of_row(pixels: NDArray[np.generic], holes: NDArray[np.bool_]) -> None:
    """Fill (T, W, 3) in place where holes (T, W) have known pixels before or after them."""
    count = (~holes).sum(axis=0)
    columns = np.flatnonzero((count > 0) & (count < len(holes)))
    if not len(columns):
        return
    known = pixels[:, columns].astype(np.int32)
    known[holes[:, columns]] = np.iinfo(np.int32).max  # sorted behind all that is known
    known.sort(axis=0)
    n, place = count[columns], np.arange(len(columns))
    middle = (known[(n - 1) // 2, place] + known[n // 2, place] + 1) // 2
    for t in range(len(holes)):
        here = holes[t, columns]
        pixels[t, columns[here]] = middle[here]


def _nearest_known(holes: Holes) -> NDArray[np.int32]:
    """(T, H, W) the frame nearest in time that shows a hole pixel's place; the earlier of two."""
    length = len(holes)
    source = np.full(holes.shape, KNOWN, np.int32)
    before = np.full(holes.shape[1:], -2 * length, np.int32)
    for t in range(length):
        before[~holes[t]] = t
        source[t][holes[t]] = before[holes[t]]
    after = np.full(holes.shape[1:], 3 * length, np.int32)
    for t in reversed(range(length)):
        after[~holes[t]] = t
        closer = holes[t] & (after - t < t - source[t])
        source[t][closer] = after[closer]
    source[holes & ((source < 0) | (source >= length))] = UNSEEN
    return source


BASELINES = {
    "telea": Baseline(_each_alone(cv2.INPAINT_TELEA)),
    "ns": Baseline(_each_alone(cv2.INPAINT_NS)),
    "median": Baseline(_median),
}
