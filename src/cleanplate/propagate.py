"""Follow the flow from hole pixels to known pixels, and keep where each colour comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cleanplate.video import UNSEEN, Flow, Holes
from cleanplate.warp import sample_vector

Index = NDArray[np.int64]


class Sources(NamedTuple):
    """For N hole pixels of one frame, the place in a source frame that shows them.

    frame: (N,) int32, UNSEEN where there is none. y, x: (N,) float32, position in that frame.
    inconsistency: (N,) float32, forward-backward residual along the way, pixels a step.
    """

    frame: NDArray[np.int32]
    y: NDArray[np.float32]
    x: NDArray[np.float32]
    inconsistency: NDArray[np.float32]

    def distance(self, here: int) -> NDArray[np.int32]:
        """(N,) int32, frames between `here` and the source, at least 1."""
        return np.maximum(np.abs(self.frame - np.int32(here)), 1)

    def where(self, keep: NDArray[np.bool_]) -> Sources:
        """The same sources, those not kept turned into none."""
        return self._replace(frame=np.where(keep, self.frame, np.int32(UNSEEN)))

    def or_else(self, other: Sources) -> Sources:
        """These sources, and the other's where these have none."""
        mine = self.frame >= 0
        return Sources(*(np.where(mine, a, b) for a, b in zip(self, other, strict=True)))


def follow(
    pixels: tuple[Index, Index],
    start: int,
    forward: Flow,
    backward: Flow,
    known: Holes,
    *,
    towards: int,
    tolerance: float,
) -> Sources:
    """Follow the flow from pixels of frame `start` to the first frame that really shows them.

    pixels: rows and columns, (N,) each. forward, backward: completed flow, (T-1, H, W, 2).
    known: (T, H, W) bool, True where a colour may be taken; a source needs all four pixels around
    it. towards: +1 into the future, -1 into the past. A trajectory composes the flow at sub-pixel
    positions; it ends without a source where it leaves the picture or the clip, or where forward
    and backward flow disagree by more than `tolerance` pixels in one step.
    Source: Xu et al., CVPR 2019, section 3.3.
    """
    steps, checks = (forward, backward) if towards > 0 else (backward, forward)
    return Sources(*_follow(*pixels, start, towards, steps, checks, known, tolerance))


@njit(cache=True, nogil=True)
def _follow(
    rows: Index,
    columns: Index,
    start: int,
    towards: int,
    steps: Flow,
    checks: Flow,
    known: Holes,
    tolerance: float,
) -> Any:
    length, height, width = known.shape
    count = len(rows)
    frame = np.full(count, UNSEEN, np.int32)
    ys, xs, residual = np.zeros((3, count), np.float32)
    for i in range(count):
        y, x, t, total = float(rows[i]), float(columns[i]), start, 0.0
        while 0 <= t + towards < length:
            pair = min(t, t + towards)
            dx, dy = sample_vector(steps[pair], y, x)
            y, x, t = y + dy, x + dx, t + towards
            if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
                break
            back_dx, back_dy = sample_vector(checks[pair], y, x)
            error = np.sqrt((dx + back_dx) ** 2 + (dy + back_dy) ** 2)
            if not error <= tolerance:
                break
            total += error
            if _all_known(known[t], y, x):
                frame[i], ys[i], xs[i] = t, y, x
                residual[i] = total / abs(t - start)
                break
    return frame, ys, xs, residual


@njit(cache=True, nogil=True, inline="always")
def _all_known(known: Any, y: float, x: float) -> bool:
    """Are the pixels that a bilinear sample at y, x reads all known?"""
    y0, x0 = int(y), int(x)
    y1 = y0 + 1 if y > y0 else y0
    x1 = x0 + 1 if x > x0 else x0
    return known[y0, x0] and known[y0, x1] and known[y1, x0] and known[y1, x1]


def enlarge(sources: Sources, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Sources:
    """Return sources for the pixels of a hole at full size from those found at a smaller size.

    small_hole: (h, w) with n pixels. hole: (H, W) with N pixels. A pixel takes the source frame
    of the nearest small pixel that has one; its displacement is interpolated between the small
    pixels around it whose sources lie in the same frame and move alike, so that the border
    between two motions stays sharp.
    """
    if small_hole.shape == hole.shape:
        return sources
    return Sources(*_enlarge(*sources, small_hole, *np.nonzero(hole), *hole.shape))


_ALIKE = 1.5  # pixels between displacements that belong to one motion


@njit(cache=True, nogil=True)
def _enlarge(
    frame: Any,
    ys: Any,
    xs: Any,
    residual: Any,
    small_hole: Any,
    rows: Any,
    columns: Any,
    height: int,
    width: int,
) -> Any:
    small_height, small_width = small_hole.shape
    index = np.full((small_height, small_width), -1, np.int32)
    filled = 0
    for r in range(small_height):
        for c in range(small_width):
            if small_hole[r, c]:
                index[r, c] = filled if frame[filled] >= 0 else -1
                filled += 1
    count = len(rows)
    out_frame = np.full(count, UNSEEN, np.int32)
    out_y, out_x, out_residual = np.zeros((3, count), np.float32)
    scale_y, scale_x = small_height / height, small_width / width
    for i in range(count):
        y = (rows[i] + 0.5) * scale_y - 0.5
        x = (columns[i] + 0.5) * scale_x - 0.5
        y0, x0 = int(np.floor(y)), int(np.floor(x))
        nearest, best = -1, 0.0
        for corner in range(4):
            r, c = y0 + corner // 2, x0 + corner % 2
            if 0 <= r < small_height and 0 <= c < small_width and index[r, c] >= 0:
                weight = (1 - abs(y - r)) * (1 - abs(x - c))
                if nearest < 0 or weight > best:
                    nearest, best = index[r, c], weight
                    near_dy, near_dx = ys[nearest] - r, xs[nearest] - c
        if nearest < 0:
            continue
        total, dy, dx = 0.0, 0.0, 0.0
        for corner in range(4):
            r, c = y0 + corner // 2, x0 + corner % 2
            if 0 <= r < small_height and 0 <= c < small_width and index[r, c] >= 0:
                j = index[r, c]
                if frame[j] == frame[nearest]:
                    jy, jx = ys[j] - r, xs[j] - c
                    if abs(jy - near_dy) < _ALIKE and abs(jx - near_dx) < _ALIKE:
                        weight = max((1 - abs(y - r)) * (1 - abs(x - c)), 1e-6)
                        total, dy, dx = total + weight, dy + weight * jy, dx + weight * jx
        out_frame[i] = frame[nearest]
        out_y[i] = rows[i] + dy / total / scale_y
        out_x[i] = columns[i] + dx / total / scale_x
        out_residual[i] = residual[nearest]
    return out_frame, out_y, out_x, out_residual
