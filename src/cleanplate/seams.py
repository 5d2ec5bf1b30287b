"""Remove exposure seams in the gradient domain: let a fill meet the known picture at its edge."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.harmonic import harmonic_fill
from cleanplate.region import bounding_box

_WINDOW = 7  # pixels on both sides of the edge whose means are compared
_SWEEPS = 4  # a correction only has to be smooth
_PLAUSIBLE = 25.0  # levels; a larger step is no matter of exposure and is left alone


def edge_correction(
    colours: NDArray[np.float32],
    shown: NDArray[np.bool_],
    frame: NDArray[np.uint8],
    hole: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return what to add to a fill so that it meets the picture around the hole.

    colours: (N, 3) fill of the hole's pixels, 0 to 255. shown: (N,) bool, where there is a fill.
    frame: (H, W, 3); what lies under the hole is never read. hole: (H, W) bool. The step between
    fill and picture, taken between means over a few pixels on either side, is continued into the
    hole by Laplace's equation: so the fill keeps its own gradients (Perez et al., SIGGRAPH 2003).
    Large steps are contents, not exposure, and count less and less. Returns (N, 3) float32.
    """
    corrections = np.zeros_like(colours)
    box = bounding_box(hole, margin=_WINDOW)
    if box is None or not shown.any():
        return corrections
    frame, inner = frame[box], hole[box]
    filled, weight = np.zeros(frame.shape, np.float32), np.zeros(inner.shape, np.float32)
    filled[inner], weight[inner] = np.where(shown[:, None], colours, 0), shown
    known = ~inner
    around = np.where(known[..., None], frame, 0).astype(np.float32)
    rim = (cv2.erode(inner.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0) & (weight > 0)
    if not rim.any():
        return corrections
    step = _local_mean(around, known.astype(np.float32))[rim] - _local_mean(filled, weight)[rim]
    size = np.abs(step).max(axis=1, keepdims=True)
    values = np.zeros(frame.shape, np.float32)
    values[rim] = step * np.exp(-np.square(size / _PLAUSIBLE))
    return harmonic_fill(values, ~rim, sweeps=_SWEEPS, coarse=True)[inner]


def _local_mean(sums: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    window = (_WINDOW, _WINDOW)
    total = cv2.boxFilter(weights, -1, window, normalize=False)
    return cv2.boxFilter(sums, -1, window, normalize=False) / np.maximum(total, 0.5)[..., None]
