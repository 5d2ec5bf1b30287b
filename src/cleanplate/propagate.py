"""Follow the flow from hole pixels to known pixels, and keep where each colour comes from.

Frame after frame, beginning where nothing goes further, each pixel takes one step and goes on with
the trajectories that begin around the place where it arrives, interpolated where they lead to the
same frame by like ways: a step a pixel, however far the source. Trajectories begin on the holes'
rim as well: through it goes what moves by less than a pixel a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.region import pixels_of
from cleanplate.threads import each_frame
from cleanplate.video import UNSEEN, Holes
from cleanplate.warp import bilinear_weight, sample_vector

INVENTED = np.float32(-1)  # residual of a source that is no trajectory's but an invention
_ALIKE = 1.5  # pixels between displacements that belong to one motion


class Sources(NamedTuple):
    """For N hole pixels of one frame, the place in a source frame that shows them.

    frame: (N,) int32, UNSEEN where there is none. y, x: (N,) float32, position in that frame.
    residual: (N,) float32, forward-backward residual summed along the way, pixels; INVENTED where
        no trajectory leads there.
    """

    frame: NDArray[np.int32]
    y: NDArray[np.float32]
    x: NDArray[np.float32]
    residual: NDArray[np.float32]

    def distance(self, here: int) -> NDArray[np.int32]:
        """(N,) int32, frames between `here` and the source, at least 1."""
        return np.asarray(np.maximum(np.abs(self.frame - here), 1), np.int32)

    def inconsistency(self, here: int) -> NDArray[np.float32]:
        """(N,) float32, forward-backward residual in pixels a step."""
        return (self.residual / self.distance(here)).astype(np.float32)

    def where(self, keep: NDArray[np.bool_]) -> Sources:
        """Keep these sources, turn the others into none."""
        return self._replace(frame=np.where(keep, self.frame, np.int32(UNSEEN)))

    def or_else(self, other: Sources) -> Sources:
        """Take these sources, and the other's where these have none."""
        mine = self.frame >= 0
        return Sources(*(np.where(mine, a, b) for a, b in zip(self, other, strict=True)))


class Starts(NamedTuple):
    """Where the trajectories of one frame begin: the pixels of its hole and of the rim around it.

    rows, columns: (M,) int64. inside: (M,) bool, which of them are the hole's.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    inside: NDArray[np.bool_]


def starts(holes: Holes) -> list[Starts]:
    """Return where the trajectories of each frame's hole (T, H, W) begin."""

    def of(t: int) -> Starts:
        wide = cv2.dilate(holes[t].astype(np.uint8), np.ones((3, 3), np.uint8))
        pixels = pixels_of(wide.view(np.bool_))
        return Starts(*pixels, holes[t][pixels])

    return each_frame(of, len(holes))


def follow(
    forward: Sequence[NDArray[np.float32]],
    backward: Sequence[NDArray[np.float32]],
    begin: Sequence[Starts],
    known: Holes,
    *,
    towards: int,
    tolerance: float,
) -> list[Sources]:
    """Follow the flow from every hole pixel to the first frame that really shows it.

    forward, backward: T-1 fields of completed flow, (H, W, 2) each. begin: T of the holes'
    `starts`. known: (T, H, W) bool, where a colour may be taken; a source needs all four pixels
    around it. towards: +1 into the future, -1 into the past. Trajectories compose the flow at
    sub-pixel positions; one ends without a source where it leaves the picture, the clip, or both
    the holes and `known`, or where forward and backward flow disagree by more than `tolerance`
    pixels in a step. Returns T Sources, one for each frame's hole.
    Source: Xu et al., CVPR 2019, section 3.3.
    """
    steps, checks = (forward, backward) if towards > 0 else (backward, forward)
    length = len(known)
    index = np.full(known.shape[1:], -1, np.int32)
    reached, last = _no_sources(0), None
    found = [reached] * length
    for t in range(length)[::-towards]:
        rows, columns, inside = begin[t]
        next_frame = t + towards
        if 0 <= next_frame < length:
            pair = min(t, next_frame)
            flows = steps[pair], checks[pair]
            reached = _step(rows, columns, *flows, known, next_frame, index, reached, tolerance)
        else:
            reached = _no_sources(len(rows))
        if last is not None:
            index[last] = -1  # only what was set: cheaper than the whole picture
        index[last := (rows, columns)] = np.arange(len(rows), dtype=np.int32)
        found[t] = Sources(*(field[inside] for field in reached))
    return found


@compiled()
def _no_sources(count: int) -> Any:
    """Return Sources of so many pixels, to be set: none has one yet."""
    nothing = np.zeros((3, count), np.float32)
    return Sources(np.full(count, UNSEEN, np.int32), nothing[0], nothing[1], nothing[2])


@compiled()
def _step(
    rows: Any,
    columns: Any,
    step: Any,
    check: Any,
    known: Any,
    next_frame: int,
    index: Any,
    reached: Any,
    tolerance: float,
) -> Any:
    """Take one step from each pixel and, where nothing is known yet, go on from there.

    rows, columns: (N,). step, check: (H, W, 2), flow to the next frame and back. index, reached:
    the next frame's trajectories, as in `_join`. Returns Sources of the N pixels.
    """
    height, width = known.shape[1:]
    frame, ys, xs, residual = reached
    out_frame, out_y, out_x, out_residual = out = _no_sources(len(rows))
    at_y, at_x, errors = np.full((3, len(rows)), np.nan)
    for i in range(len(rows)):
        dx, dy = step[rows[i], columns[i], 0], step[rows[i], columns[i], 1]
        y, x = rows[i] + dy, columns[i] + dx
        if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
            continue
        back_dx, back_dy = sample_vector(check, y, x)
        error = np.sqrt((dx + back_dx) ** 2 + (dy + back_dy) ** 2)
        if not error <= tolerance:  # NaN is not
            continue
        y0, x0 = int(y), int(x)
        y1, x1 = y0 + (y > y0), x0 + (x > x0)  # what a bilinear sample reads
        above = known[next_frame, y0, x0] and known[next_frame, y0, x1]
        if above and known[next_frame, y1, x0] and known[next_frame, y1, x1]:
            out_frame[i], out_y[i], out_x[i], out_residual[i] = next_frame, y, x, error
        else:
            at_y[i], at_x[i], errors[i] = y, x, error
    nearest, go_y, go_x = _join(at_y, at_x, index, frame, ys, xs)
    for i in range(len(rows)):
        if nearest[i] < 0:
            continue
        # What was interpolated may end a hair outside.
        out_y[i] = min(max(at_y[i] + go_y[i], 0.0), height - 1.0)
        out_x[i] = min(max(at_x[i] + go_x[i], 0.0), width - 1.0)
        source = frame[nearest[i]]
        if known[source, int(out_y[i] + 0.5), int(out_x[i] + 0.5)]:
            out_frame[i] = source
            out_residual[i] = residual[nearest[i]] + errors[i]
    return out


@compiled()
def _join(at_y: Any, at_x: Any, index: Any, frame: Any, ys: Any, xs: Any) -> Any:
    """Find where the trajectories that begin around N places lead.

    at_y, at_x: (N,), NaN where nothing is asked. index: (H, W) int32, each pixel's place in frame,
    ys, xs; -1 where none begins. Returns (N,) each: the place of the nearest pixel with a source,
    or -1, and the displacement to that source: the bilinear mean over those of the four pixels
    around whose sources lie in the same frame and whose displacements are alike, so that the border
    between two motions stays sharp.
    """
    # One call for all places: numba counts the references of all arrays at each.
    found, (all_y, all_x) = np.full(len(at_y), -1, np.int32), np.zeros((2, len(at_y)))
    for i in range(len(at_y)):
        y, x = at_y[i], at_x[i]
        if np.isnan(y):
            continue
        y0, x0 = int(np.floor(y)), int(np.floor(x))
        nearest, best, near_y, near_x = -1, 0.0, 0.0, 0.0
        for corner in range(4):
            r, c = y0 + corner // 2, x0 + corner % 2
            if 0 <= r < index.shape[0] and 0 <= c < index.shape[1]:
                j = index[r, c]
                weight = bilinear_weight(y, x, r, c)
                if j >= 0 and frame[j] >= 0 and weight > best:
                    nearest, best, near_y, near_x = j, weight, ys[j] - r, xs[j] - c
        if nearest < 0:
            continue
        total, go_y, go_x = 0.0, 0.0, 0.0
        for corner in range(4):
            r, c = y0 + corner // 2, x0 + corner % 2
            if 0 <= r < index.shape[0] and 0 <= c < index.shape[1]:
                j = index[r, c]
                if j >= 0 and frame[j] == frame[nearest]:
                    j_y, j_x = ys[j] - r, xs[j] - c
                    if abs(j_y - near_y) < _ALIKE and abs(j_x - near_x) < _ALIKE:
                        weight = bilinear_weight(y, x, r, c) + 1e-6
                        total, go_y, go_x = total + weight, go_y + weight * j_y, go_x + weight * j_x
        found[i], all_y[i], all_x[i] = nearest, go_y / total, go_x / total
    return found, all_y, all_x


def moved(
    sources: Sources,
    hole: NDArray[np.bool_],
    index: NDArray[np.integer[Any]],
    place: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Sources:
    """Return sources for M pixels: those of hole pixels near them, moved along.

    hole: (H, W), with a source for each pixel. index: (M,), whose source is taken. place: rows and
    columns of the M pixels. None where that leads off the picture.
    """
    rows, columns = pixels_of(hole)
    parts: list[NDArray[Any]] = [part[index] for part in sources]
    y = parts[1] + (place[0] - rows[index]).astype(np.float32)
    x = parts[2] + (place[1] - columns[index]).astype(np.float32)
    inside = (y >= 0) & (y <= hole.shape[0] - 1) & (x >= 0) & (x <= hole.shape[1] - 1)
    return Sources(parts[0], y, x, parts[3]).where(inside)


def enlarge(sources: Sources, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Sources:
    """Return sources for the pixels of a hole at full size from those found at a smaller size.

    small_hole: (h, w) with n pixels. hole: (H, W) with N pixels. A pixel takes the source frame
    of the nearest small pixel that has one, and the displacement interpolated around it.
    """
    if small_hole.shape == hole.shape:
        return sources
    index = np.full(small_hole.shape, -1, np.int32)
    index[small_hole] = np.arange(len(sources.frame), dtype=np.int32)
    return Sources(*_enlarge(*pixels_of(hole), hole.shape, index, sources))


@compiled()
def _enlarge(rows: Any, columns: Any, size: tuple[int, int], index: Any, sources: Any) -> Any:
    """Return Sources for pixels of a picture of that size; index, sources: as in `_join`, small."""
    scale_y, scale_x = index.shape[0] / size[0], index.shape[1] / size[1]
    frame, ys, xs, residual = sources
    out_frame, out_y, out_x, out_residual = out = _no_sources(len(rows))
    at_y, at_x = (rows + 0.5) * scale_y - 0.5, (columns + 0.5) * scale_x - 0.5
    nearest, go_y, go_x = _join(at_y, at_x, index, frame, ys, xs)
    for i in range(len(rows)):
        if nearest[i] >= 0:
            out_frame[i], out_residual[i] = frame[nearest[i]], residual[nearest[i]]
            out_y[i], out_x[i] = rows[i] + go_y[i] / scale_y, columns[i] + go_x[i] / scale_x
    return out
