"""Remove exposure seams in the gradient domain: let a fill meet the known picture at its edge."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.harmonic import harmonic_fill
from cleanplate.merge import average_inside
from cleanplate.propagate import Sources
from cleanplate.region import bounding_box, pixels_of

Colours = NDArray[np.float32]

_RING = 3  # pixels around the hole that are compared with what the sources show beside it
_WINDOW = 7  # pixels over which what differs is averaged to tell a step of exposure, and
_FIT_WINDOW = 31  # an error
_LEAST_ERROR = 3.0  # levels squared
_MOST_DOUBT = 100.0
_SWEEPS = 4  # a correction only has to be smooth
_PLAUSIBLE = 25.0  # levels; a larger step is no matter of exposure and is left alone


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
    fit = np.zeros((len(sources.frame), 4), np.float32)
    hole = album.holes[t]
    box = bounding_box(hole, margin=_RING)
    if box is None or not (sources.frame >= 0).any():
        return Fit(fit[:, :3], np.exp(fit[:, 3]))
    inner = hole[box]
    disk = np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)
    wide = cv2.dilate(inner.astype(np.uint8), disk).astype(np.bool_)
    ring = wide & ~inner
    nearest, beside = _beside(sources, inner, ring, hole.shape)
    colours, found = album.sample(beside)
    ring[ring] = found
    if ring.any():
        apart = album.frames[t][box][ring] - colours[found]
        values = np.zeros((*inner.shape, 4), np.float32)
        values[ring] = _smoothed(apart, expected[nearest[found]], ring)
        # Beyond the ring lies 0: where nothing can be compared, the sources are taken to fit.
        fit = harmonic_fill(values, wide & ~ring, sweeps=_SWEEPS, coarse=True)[inner]
    return Fit(fit[:, :3], np.exp(fit[:, 3]))


def _smoothed(
    apart: Colours, expected: NDArray[np.float32], ring: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(M, 4): the steps of exposure in a ring, and the logarithm of the error beside them.

    apart: (M, 3), picture minus fill. expected: (M,).
    """
    everywhere = np.ones(len(apart), np.bool_)
    step = average_inside(apart, everywhere, ring, _WINDOW)
    largest = np.abs(step).max(axis=1, keepdims=True)
    applied = step * np.exp(-np.square(largest / _PLAUSIBLE))
    errors = np.stack([np.square(apart - applied).mean(axis=1), expected], axis=1)
    errors = average_inside(errors, everywhere, ring, _FIT_WINDOW) + _LEAST_ERROR
    doubt = np.log(np.clip(errors[:, 0] / errors[:, 1], 1 / _MOST_DOUBT, _MOST_DOUBT))
    return np.concatenate([applied, doubt[:, None]], axis=1)


def _beside(
    sources: Sources, hole: NDArray[np.bool_], ring: NDArray[np.bool_], size: tuple[int, ...]
) -> tuple[NDArray[np.intp], Sources]:
    """Return sources for the pixels of a ring: those of the nearest hole pixels, moved along.

    And the place of that hole pixel's source among the sources.

    size: (height, width) of the pictures that the sources lie in.
    """
    has_source = hole.copy()
    has_source[hole] = sources.frame >= 0
    _, labels = cv2.distanceTransformWithLabels(
        (~has_source).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(labels.max() + 1, np.intp)
    place[labels[has_source]] = np.flatnonzero(sources.frame >= 0)
    nearest = place[labels[ring]]
    (rows, columns), (ring_rows, ring_columns) = pixels_of(hole), pixels_of(ring)
    parts: list[NDArray[Any]] = [part[nearest] for part in sources]
    y = parts[1] + (ring_rows - rows[nearest]).astype(np.float32)
    x = parts[2] + (ring_columns - columns[nearest]).astype(np.float32)
    inside = (y >= 0) & (y <= size[0] - 1) & (x >= 0) & (x <= size[1] - 1)
    return nearest, Sources(parts[0], y, x, parts[3]).where(inside)
