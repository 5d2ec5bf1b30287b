"""Merge what several sources say of a hole pixel: a mean by reliability, or one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.propagate import Sources

Colours = NDArray[np.float32]  # (N, 3), 0 to 255
Amount = NDArray[np.float32]  # (N,)

# Squared colour error of a source, in 8-bit levels: grows with the frames in between and with the
# forward-backward residual of the way. Measured with known truth under the holes.
_VARIANCE_A_FRAME = 80.0
_RESIDUAL_SCALE = 1.0  # pixels a step that double it

# How a merged colour shrinks towards the smooth fill where it is not sure of itself.
_DISAGREEMENT_SHARE = 0.4
_PREDICTED_SHARE = 0.3
_LEAST_VARIANCE = 3.0
_DETAIL = 30.0  # levels by which a smooth fill errs deep inside a hole
_DETAIL_LENGTH = 8.0  # pixels from the edge at which it has lost most of that detail
_APART_SHARE = 0.5
_APART_WINDOW = 15  # pixels over which both ends of trajectories are compared
_WINDOW = 9  # pixels over which disagreement is averaged
_SIDE_WINDOW = 41  # pixels over which one side is taken together


class Candidate(NamedTuple):
    """What one kind of trajectory says of the N hole pixels of a frame.

    colours: (N, 3) float32, 0 to 255. variance: (N,) float32, expected squared error; infinite
    where there is no source. sources: where the colours come from.
    """

    colours: Colours
    variance: Amount
    sources: Sources


def expected_variance(sources: Sources, here: int) -> Amount:
    """(N,) expected squared colour error of sources for frame `here`; infinite without one."""
    unreliable = 1 + sources.inconsistency(here) / _RESIDUAL_SCALE
    variance = _VARIANCE_A_FRAME * sources.distance(here) * unreliable
    return np.where(sources.frame >= 0, variance, np.inf).astype(np.float32)


def doubt_where_apart(
    past: Candidate, future: Candidate, hole: NDArray[np.bool_], *, scale: float = 1.0
) -> tuple[Candidate, Candidate]:
    """Add to the variance of both ends of a trajectory what they differ by around a pixel.

    A motion that was guessed right leads to the same colours in the past and in the future.
    scale: pixels here for each pixel of the size at which the window was tuned.
    """
    both = np.isfinite(past.variance) & np.isfinite(future.variance)
    apart = mean_channel(np.square(past.colours - future.colours))
    doubt = _APART_SHARE * average_inside(apart, both, hole, _APART_WINDOW * scale)
    before, after = (
        side._replace(variance=(side.variance + doubt).astype(np.float32))
        for side in (past, future)
    )
    return before, after


def merge_by_reliability(
    candidates: list[Candidate], hole: NDArray[np.bool_], smooth: Colours, *, scale: float = 1.0
) -> tuple[Colours, NDArray[np.bool_]]:
    """Return the mean of the candidates, shrunk towards the smooth fill where it is unsure.

    hole: (H, W) bool with N pixels. smooth: (N, 3), the hole filled smoothly from this frame's
    own edge. scale: pixels here for each pixel of the size at which the lengths were tuned.
    Weights are inverse variances. The mean's own variance (predicted, and seen as disagreement
    around the pixel) is held against that of the smooth fill, which grows from the hole's edge
    inwards. Returns (N, 3) and (N,) bool, False where no candidate has a source.
    """
    colours = np.stack([candidate.colours for candidate in candidates])
    weights = np.stack([1 / candidate.variance for candidate in candidates])
    total = np.maximum(weights.sum(axis=0), 1e-9)
    seen = total > 1e-9
    mean = np.einsum("cnk,cn->nk", colours, weights) / total[:, None]
    spread = np.einsum("cn,cn->n", mean_channel(np.square(colours - mean)), weights) / total
    unsure = _DISAGREEMENT_SHARE * spread + _PREDICTED_SHARE / total
    variance = average_inside(unsure, seen, hole, _WINDOW * scale) + _LEAST_VARIANCE
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)[hole]
    detail = _DETAIL**2 * (1 - np.exp(-depth / (_DETAIL_LENGTH * scale))) + 1
    # A frame that is lost as a whole has no edge to be smooth from.
    share = 1.0 if hole.all() else (detail / (detail + variance))[:, None]
    merged = np.where(seen[:, None], share * mean + (1 - share) * smooth, smooth)
    return merged.astype(np.float32), seen


def mean_channel(colours: Colours) -> Amount:
    """Return the mean of the three channels of colours (..., 3); numpy's own takes ten times."""
    return np.asarray((colours[..., 0] + colours[..., 1] + colours[..., 2]) / 3, np.float32)


def average_inside(
    values: NDArray[Any], valid: NDArray[np.bool_], hole: NDArray[np.bool_], window: float
) -> NDArray[Any]:
    """Average values (N,) or (N, C) of the hole's valid pixels over a square window around each.

    0 where the window holds no valid pixel.
    """
    spread = np.zeros(hole.shape + values.shape[1:], np.float32)
    counted = np.zeros(hole.shape, np.float32)
    mask = valid if values.ndim == 1 else valid[:, None]
    spread[hole], counted[hole] = np.where(mask, values, 0), valid
    return mean_around(spread, counted, hole, window)


def mean_around(
    sums: NDArray[np.float32],
    counts: NDArray[np.float32],
    where: NDArray[np.bool_],
    window: float,
) -> NDArray[Any]:
    """Average over a square window around each of the N pixels of a mask.

    sums: (H, W) or (H, W, C), 0 where nothing counts. counts: (H, W), 1 where something does.
    where: (H, W) bool with N pixels. The picture is mirrored at its border. Returns (N,) or
    (N, C), 0 where nothing in the window counts.
    """
    side = 2 * round((window - 1) / 2) + 1
    total, count = (
        cv2.boxFilter(plane, -1, (side, side), normalize=False)[where] for plane in (sums, counts)
    )
    return np.asarray(total / np.maximum(count if sums.ndim == 2 else count[:, None], 0.5))


def most_reliable(candidates: list[Candidate]) -> Sources:
    """For each of the N pixels the source of the smallest variance among the candidates."""
    best = np.argmin([candidate.variance for candidate in candidates], axis=0)
    rows = np.arange(len(best))
    fields = zip(*(candidate.sources for candidate in candidates), strict=True)
    return Sources(*(np.stack(field)[best, rows] for field in fields))


def one_side(past: Candidate, future: Candidate, hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say for each of the N pixels whether to take the future's source (True) or the past's.

    Whole neighbourhoods take the side that is more reliable on average, since a picture put
    together pixel by pixel shows both wherever the two disagree.
    """
    has_past, has_future = np.isfinite(past.variance), np.isfinite(future.variance)
    both = has_past & has_future
    ratio = np.zeros(len(both), np.float32)
    ratio[both] = np.log(past.variance[both] / future.variance[both])
    preferred = average_inside(ratio, both, hole, _SIDE_WINDOW) > 0
    return np.where(both, preferred, has_future)
