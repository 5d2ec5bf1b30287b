"""Remove exposure seams in the gradient domain: let a fill meet the known picture at its edge."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import average_inside, mean_channel
from cleanplate.propagate import Sources, moved
from cleanplate.region import bounding_box, halve_hole, pixels_of

Colours = NDArray[np.float32]

_RING = 2  # pixels around the hole that are compared with what the sources show beside it, and
_WINDOW = 11  # pixels over which what differs is averaged, both at half size
_LEAST_ERROR = 3.0  # levels squared
_MOST_DOUBT = 100.0
_SWEEPS = 4  # a correction only has to be smooth
_PLAUSIBLE = 50.0  # levels; a larger step is no matter of exposure and is left alone


class Fit(NamedTuple):
    """How a fill of N pixels meets the picture around the hole.

    correction: (N, 3) float32, what to add to its colours, levels. doubt: (N,) float32, by how
    much the squared error beside the fill, once corrected, exceeds what was expected.
    """

    correction: Colours
    doubt: NDArray[np.float32]


def fit_edge(
    sources: Sources,
    expected: NDArray[np.float32],
    album: Album,
    t: int,
) -> Fit:
    """Compare what lies beside the sources of frame t's hole with the picture around it.

    sources: of the hole's N pixels. expected: (N,) squared error expected of each. album: what the
    sources point into, 8 bits deep; what lies under holes is never read. Differences of exposure
    are continued into the hole by Laplace's equation, so that the fill keeps its own gradients
    (Perez et al., SIGGRAPH 2003, equation 4). Large ones are contents, not exposure, and count less
    and less. What remains tells how far the sources can be trusted, and is continued as well.
    """
    hole = album.holes[t]
    box = bounding_box(hole, margin=4 * _RING)
    if box is None or not (sources.frame >= 0).any():
        return Fit(
            np.zeros((len(sources.frame), 3), np.float32), np.ones(len(sources.frame), np.float32)
        )
    # At half size: what is looked for is smooth.
    inner = hole[box]
    small = halve_hole(halve_hole(inner, 0), 1)
    disk = np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)
    wide = cv2.dilate(small.astype(np.uint8), disk).astype(np.bool_)
    rows, columns = pixels_of(wide & ~small)
    place = 2 * rows + box[0].start, 2 * columns + box[1].start
    nearest = _nearest(sources, inner, small)[rows, columns]
    colours, found = album.sample(moved(sources, hole, nearest, place))
    ring = np.zeros_like(small)
    ring[rows[found], columns[found]] = True
    values = np.zeros((*small.shape, 4), np.float32)
    if ring.any():
        apart = album.frames[t][place][found] - colours[found]
        values[ring] = _smoothed(apart, expected[nearest[found]], ring)
        # Beyond the ring lies 0: where nothing can be compared, the sources are taken to fit.
        values = harmonic_fill(values, wide & ~ring, sweeps=_SWEEPS)
    large = cv2.resize(values, (2 * small.shape[1], 2 * small.shape[0]))
    fit = large[: inner.shape[0], : inner.shape[1]][inner]
    return Fit(fit[:, :3], np.exp(fit[:, 3]))


def _nearest(
    sources: Sources, hole: NDArray[np.bool_], small: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return for each pixel at half size the place of a source near it, the nearest there is."""
    has_source = np.flatnonzero(sources.frame >= 0)
    rows, columns = pixels_of(hole)
    at = np.full(small.shape, -1, np.intp)
    at[rows[has_source] // 2, columns[has_source] // 2] = has_source
    _, labels = cv2.distanceTransformWithLabels(
        (at < 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(labels.max() + 1, np.intp)
    place[labels[at >= 0]] = at[at >= 0]
    return np.asarray(place[labels])


def _smoothed(
    apart: Colours, expected: NDArray[np.float32], ring: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(M, 4): the steps of exposure in a ring, and the logarithm of the error beside them.

    apart: (M, 3), picture minus fill. expected: (M,).
    """
    squares = mean_channel(np.square(apart))
    values = np.concatenate([apart, squares[:, None], expected[:, None]], axis=1)
    means = average_inside(values, np.ones(len(apart), np.bool_), ring, _WINDOW)
    step = means[:, :3]
    largest = np.abs(step).max(axis=1, keepdims=True)
    applied = step * np.exp(-np.square(largest / _PLAUSIBLE))
    # The mean of the squares of what remains when so much of the mean is taken away.
    error = means[:, 3] - mean_channel(applied * (2 * step - applied))
    ratio = (np.maximum(error, 0) + _LEAST_ERROR) / (means[:, 4] + _LEAST_ERROR)
    doubt = np.log(np.clip(ratio, 1 / _MOST_DOUBT, _MOST_DOUBT))
    return np.concatenate([applied, doubt[:, None]], axis=1)
