"""A fixed overlay that lets the scene through: how it was laid over, told by many frames.

An overlay of opacity a and colour c turns the scene b into s = a c + (1 - a) b, with the same a and
c in every frame. Where the scene behind is known well enough in many frames, a line through (s, b)
gives b = gain s + offset, with gain = 1 / (1 - a): not the guess itself but what was there, as
sharp as it shows through. A guess from a place that is a little off varies as much as the scene but
not with it, so that the gain is the ratio of both variations and not the slope of a regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.form import reduced
from cleanplate.harmonic import harmonic_fill
from cleanplate.threads import each_frame

Grid = NDArray[np.float32]  # (h, w)

MOST_OPAQUE = 0.9  # more lets too little through: noise would be enlarged tenfold
LEAST_FRAMES = 8  # in which the scene behind a pixel is known
LEAST_VARIED = 1.5  # levels by which a pixel must vary over time
MOST_DOUBT = 8.0  # levels; a fill is hardly worse than that
LEAST_LIKE = 0.8  # correlation over time of what is seen here and what other frames show,
LEAST_ALIKE = 0.8  # in so great a share of what is clear; on five clips 0.9 have more than 0.84
_ROUNDS = 4  # of doubting frames that do not fit
_OUTLIER = 1.5  # deviations
_REACH = 3  # pixels: neighbours of the same overlay are fitted together,
_ALIKE = 4.0  # levels: told by their mean over time
_PRIOR = 1.0  # levels: a pixel that varies less takes the gain of its guide
_ROWS = 32


@dataclass(frozen=True)
class Blend:
    """How to get back what an overlay was laid over, of one plane of a picture.

    gain, offset: (h, w) float32: behind = gain * seen + offset. clear: (h, w) bool, where that is
    worth more than a guess.
    """

    gain: Grid
    offset: Grid
    clear: NDArray[np.bool_]

    @property
    def opacity(self) -> Grid:
        """(h, w), 0 (not there) to 1."""
        return np.asarray(1 - 1 / self.gain, np.float32)

    def within(self, where: NDArray[np.bool_]) -> Blend:
        """Return the same, clear in a region (h, w) and nowhere else."""
        return Blend(self.gain, self.offset, where)

    def along_with(self, other: Blend, weight: float) -> Blend:
        """Return the mean of two blends where both are clear, and else the one that is.

        weight: of this one, 0 to 1.
        """
        both = self.clear & other.clear
        gain, offset = (
            np.where(both, two + weight * (one - two), np.where(self.clear, one, two)).astype(
                np.float32
            )
            for one, two in ((self.gain, other.gain), (self.offset, other.offset))
        )
        return Blend(gain, offset, self.clear | other.clear)

    def behind(self, seen: NDArray[Any], top: int) -> NDArray[Any]:
        """Return a plane (h, w) with what lies behind where that is clear; top: the largest value.

        >>> gain, offset = np.full((1, 1), 2, np.float32), np.full((1, 1), -100, np.float32)
        >>> half = Blend(gain, offset, np.ones((1, 1), bool))
        >>> half.behind(np.array([[125]], np.uint8), 255)
        array([[150]], dtype=uint8)
        """
        found = np.rint(self.gain * seen + self.offset)
        return np.where(self.clear, np.clip(found, 0, top), seen).astype(seen.dtype)


def reduced_gain(gain: Grid, steps: tuple[int, int]) -> Grid:
    """Return a gain at the size of a plane that is halved so often (down, across).

    The opacity of its pixels is averaged.
    """
    return np.asarray(1 / reduced(1 / gain, steps, np.mean), np.float32)


class _Line(NamedTuple):
    """What a line through the frames of each pixel is made from, (h, w) each.

    weight: of the frames. seen, behind: means. seen2, behind2, both: variances, covariance.
    """

    weight: Grid
    seen: Grid
    behind: Grid
    seen2: Grid
    behind2: Grid
    both: Grid


def _line(columns: list[Any]) -> _Line:
    return _Line(*(np.asarray(column, np.float32) for column in columns))


def fit_blend(
    seen: NDArray[Any],
    behind: NDArray[Any],
    known: NDArray[np.bool_],
    *,
    bare: NDArray[np.bool_] | None = None,
    level: float = 1.0,
    guide: Grid | None = None,
) -> Blend:
    """Fit how an overlay was laid over a part of a plane.

    seen: (K, h, w), so many frames of it. behind: what is guessed to lie behind. known: (K, h, w)
    bool, where that guess counts. bare: (h, w) bool, where nothing is laid over: by what the guess
    errs there it is corrected elsewhere. level: how many of the plane's steps are one of 256.
    guide: (h, w), the gain of another plane, which decides where this one varies too little.
    """
    height = seen.shape[1]

    def fit(part: int) -> _Line:
        rows = slice(part * _ROWS, (part + 1) * _ROWS)
        scale = np.float32(1 / level)
        one, other, counts = (a[:, rows].astype(np.float32) for a in (seen, behind, known))
        return _fitted(scale * one, scale * other, counts)

    parts = each_frame(fit, -(-height // _ROWS))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    line = _pooled(_line(columns))
    if bare is not None:
        line = _corrected(line, bare & (line.weight >= LEAST_FRAMES))
    wanted = np.ones_like(line.seen) if guide is None else guide
    prior = np.float32(_PRIOR**2)
    gain = np.maximum(np.sqrt((line.behind2 + prior * wanted**2) / (line.seen2 + prior)), 1)
    offset = (line.behind - gain * line.seen) * np.float32(level)
    clear = _clear(line, gain, guide is not None)
    if guide is None and not _fits(line, clear if bare is None else clear & ~bare):
        clear = np.zeros_like(clear)
    return Blend(gain, offset, clear)


def _corrected(line: _Line, bare: NDArray[np.bool_]) -> _Line:
    """Have the guess be as bright and as varied as what is seen where nothing is laid over."""
    if not bare.any():
        return line
    ratio = np.log((line.behind2 + _PRIOR**2) / (line.seen2 + _PRIOR**2)) / 2
    errors = np.dstack([line.behind - line.seen, ratio])
    smooth = harmonic_fill(np.where(bare[..., None], errors, 0), ~bare)
    scale = np.exp(-smooth[..., 1])
    return line._replace(
        behind=line.behind - smooth[..., 0],
        behind2=line.behind2 * scale**2,
        both=line.both * scale,
    )


def _clear(line: _Line, gain: Grid, guided: bool) -> NDArray[np.bool_]:
    """Tell where a line is certain enough; guided: its gain may come from elsewhere."""
    off = np.maximum(line.behind2 - 2 * gain * line.both + gain**2 * line.seen2, 0)
    count = np.maximum(line.weight, 1)
    varied = line.seen2 > LEAST_VARIED**2
    clear = (line.weight >= LEAST_FRAMES) & (gain * (1 - MOST_OPAQUE) <= 1)
    clear &= np.sqrt(2 * off / count) <= MOST_DOUBT
    return np.asarray(clear if guided else clear & varied)


def _fits(line: _Line, clear: NDArray[np.bool_]) -> bool:
    """Tell whether what is seen goes along with what other frames show.

    Where it does not, these are other places, or the scene changed: then the ratio of both
    variations is no gain, and the whole of it a ghost of the overlay.
    """
    like = line.both >= LEAST_LIKE * np.sqrt(line.seen2 * line.behind2)
    return not clear.any() or bool(like[clear].mean() >= LEAST_ALIKE)


def _fitted(seen: NDArray[np.float32], behind: NDArray[np.float32], known: Any) -> _Line:
    """Fit each pixel by itself, (K, h, w) each; frames that do not fit count less and less."""
    weights = known
    for step in range(_ROUNDS):
        total = np.maximum(weights.sum(axis=0), np.float32(1e-3))
        means = [(weights * values).sum(axis=0) / total for values in (seen, behind)]
        one, other = seen - means[0], behind - means[1]
        seen2, both = ((weights * one * v).sum(axis=0) / total for v in (one, other))
        if step == _ROUNDS - 1:
            break
        behind2 = (weights * other * other).sum(axis=0) / total
        slope = np.sqrt(behind2 / np.maximum(seen2, np.float32(0.1)))
        away = np.abs(other - slope * one)
        usual = np.maximum((known * away).sum(axis=0) / np.maximum(known.sum(axis=0), 1), 1)
        weights = known / np.maximum(1, away / (_OUTLIER * usual))
    behind2 = (weights * other * other).sum(axis=0) / total
    return _line([weights.sum(axis=0), *means, seen2, behind2, both])


def _pooled(line: _Line) -> _Line:
    """Put together what neighbours say which look the same on average: they share an overlay."""
    height, width = line.seen.shape
    sums = [np.zeros((height, width), np.float32) for _ in _Line._fields]
    reach = (min(_REACH, side - 1) for side in (height, width))
    for dy, dx in product(*(range(-most, most + 1) for most in reach)):
        here = slice(max(-dy, 0), height - max(dy, 0)), slice(max(-dx, 0), width - max(dx, 0))
        there = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
        apart = (line.seen[here] - line.seen[there]) / np.float32(_ALIKE)
        share = np.exp(-(apart**2)) * line.weight[there]
        sums[0][here] += share
        for total, values in zip(sums[1:], line[1:], strict=True):
            total[here] += share * values[there]
    weight = np.maximum(sums[0], np.float32(1e-3))
    return _line([line.weight, *(total / weight for total in sums[1:])])
