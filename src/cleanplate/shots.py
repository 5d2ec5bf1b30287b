"""Where the cuts are: found on thumbnails of what lies outside the holes.

Two things must change at once for a cut. The **colours**: a fast pan, a moving object and motion
blur leave them nearly as they were. And the **picture itself** after alignment by a coarse flow,
compared by correlation: a flash or a change of exposure leaves that nearly as it was. Their product
is compared with a threshold that rises with the running level of the shot, so that a whip pan
which gathers speed does not become a cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Frames, Holes
from cleanplate.warp import warp_by

Plane = NDArray[np.float32]

WIDTH, HEIGHT = 64, 36  # of a thumbnail
COLOURS = 6  # levels a channel in the histogram
WINDOW = (7, 7)  # cells over which the local correlation is taken
FLAT = 9.0  # grey levels squared: variation below this is noise, not picture
LEAST_KNOWN = 0.02  # of the picture; with less than this in common nobody can tell
# Measured on five clips, with and without holes. Product inside a shot: up to 0.03, in a whip pan
# over a third of the picture a frame 0.25; at cuts: 0.4 and more. Misalignment inside a shot: up to
# 0.25, at a flash of twice the light about 0.4; at cuts: 0.75 and more.
CUT = 0.22
MISALIGNED = 0.5
RISE = 3.0  # how much of the running level is added to CUT
MEMORY = 0.5  # of the running level, a frame


@dataclass(frozen=True)
class _Thumbnail:
    """What is kept of a frame: mean colour of the known pixels of a cell, and their share."""

    colour: Plane  # (36, 64, 3), 0 to 255
    grey: Plane  # (36, 64), 0 to 255
    known: Plane  # (36, 64), 0 to 1


class CutDetector:
    """Tell, frame by frame, where a new shot starts; holds one thumbnail.

    What lies under a hole never has any influence, not even on the last bit.
    """

    def __init__(self) -> None:
        self._previous: _Thumbnail | None = None
        self._level = 0.0
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(0)

    def is_cut(self, frame: Frames, hole: Holes) -> bool:
        """Tell whether ``frame`` starts a new shot after the frame given before it.

        frame: (H, W, 3) uint8 or uint16, RGB. hole: (H, W) bool. False for the first frame, and
        where too little is known to tell: the next frame is then compared with the one before.
        """
        here, before = _thumbnail(frame, hole), self._previous
        if before is None:
            self._previous = here
            return False
        known = np.minimum(here.known, before.known)
        known[known < 0.5] = 0
        if np.count_nonzero(known) < LEAST_KNOWN * known.size:
            return False
        self._previous = here
        misaligned = self._misalignment(before, here, known > 0)
        change = misaligned * _colour_distance(before.colour, here.colour, known)
        if misaligned > MISALIGNED and change > CUT + RISE * self._level:
            self._level = 0.0
            return True
        self._level = MEMORY * self._level + (1 - MEMORY) * change
        return False

    def _misalignment(
        self, before: _Thumbnail, here: _Thumbnail, known: NDArray[np.bool_]
    ) -> float:
        """Return 1 minus the correlation after alignment, 0 to 1, weighted by contrast."""
        grey_before, grey_here = (
            np.where(known, t.grey, t.grey[known].mean()).astype(np.float32) for t in (before, here)
        )
        flow = self._flow.calc(
            grey_here.astype(np.uint8),
            grey_before.astype(np.uint8),
            None,  # type: ignore[call-overload]
        )
        # Outside the thumbnail and at the rim of a hole nothing is known: both become zero here.
        seen = warp_by(known.astype(np.float32), flow) > 0.99
        moved = warp_by(grey_before, flow)
        weights = (seen & known).astype(np.float32)
        # Two smooth pictures can agree in every window, but then not as a whole.
        overall = max(0.0, _correlation(moved, grey_here, weights))
        return 1 - overall * _local_correlation(moved, grey_here, weights)


def cuts(frames: Iterable[Frames], holes: Iterable[Holes]) -> list[int]:
    """Return the first frame of every shot, 0 always among them ([] without frames).

    frames: (T, H, W, 3), or any iterable of (H, W, 3), uint8 or uint16. holes: as many (H, W) bool.
    """
    detector = CutDetector()
    starts = []
    for number, (frame, hole) in enumerate(zip(frames, holes, strict=False)):
        if detector.is_cut(frame, hole) or number == 0:
            starts.append(number)
    return starts


def _thumbnail(frame: Frames, hole: Holes) -> _Thumbnail:
    # Every fourth pixel of a 480p frame is enough, and the same ones are taken from the hole.
    step = max(1, min(frame.shape[0] // (3 * HEIGHT), frame.shape[1] // (3 * WIDTH)))
    known = np.logical_not(hole[::step, ::step]).astype(np.uint8)
    sparse = np.ascontiguousarray(frame[::step, ::step])
    if sparse.dtype == np.uint16:
        sparse = (sparse >> 8).astype(np.uint8)
    colour = _shrink(cv2.bitwise_and(sparse, sparse, mask=known))  # nothing is left of the hole
    share = _shrink(known)
    colour /= np.maximum(share, 1e-3)[..., None]
    grey = cv2.transform(colour, np.array([[0.299, 0.587, 0.114]], np.float32))
    return _Thumbnail(colour, np.asarray(grey, np.float32), share)


def _shrink(picture: NDArray[Any]) -> Plane:
    small = cv2.resize(picture.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _colour_distance(before: Plane, here: Plane, known: Plane) -> float:
    """Hellinger distance of two colour histograms, 0 to 1, of the cells known in both."""
    weights = known.ravel()
    both = []
    for colour in (before, here):
        level = np.minimum((colour * (COLOURS / 256)).astype(np.int32), COLOURS - 1)
        index = (level[..., 0] * COLOURS + level[..., 1]) * COLOURS + level[..., 2]
        both.append(np.bincount(index.ravel(), weights, COLOURS**3) / weights.sum())
    return float(np.sqrt(max(0.0, 1 - np.sqrt(both[0] * both[1]).sum())))


def _local_correlation(moved: Plane, here: Plane, weights: Plane) -> float:
    """Correlation in windows, 0 to 1; immune to gain and offset, windows weighted by contrast."""

    def mean(plane: Plane) -> Plane:
        return _blur(plane * weights) / share

    share = _blur(weights) + 1e-6
    mean_moved, mean_here = mean(moved), mean(here)
    var_moved = np.maximum(mean(moved * moved) - mean_moved**2, 0)
    var_here = np.maximum(mean(here * here) - mean_here**2, 0)
    joint = mean(moved * here) - mean_moved * mean_here
    correlation = np.clip(joint / (np.sqrt(var_moved * var_here) + FLAT), 0, 1)
    contrast = np.sqrt(np.maximum(var_moved, var_here)) * weights
    return float((correlation * contrast).sum() / max(contrast.sum(), 1e-6))


def _correlation(moved: Plane, here: Plane, weights: Plane) -> float:
    """Correlation over the whole picture, -1 to 1."""
    total = weights.sum() + 1e-6
    a = moved - float((moved * weights).sum() / total)
    b = here - float((here * weights).sum() / total)
    joint, var_a, var_b = (
        float((product * weights).sum() / total) for product in (a * b, a * a, b * b)
    )
    return float(joint / (np.sqrt(var_a * var_b) + FLAT))


def _blur(plane: Plane) -> Plane:
    return np.asarray(cv2.blur(plane, WINDOW, borderType=cv2.BORDER_REFLECT), np.float32)
