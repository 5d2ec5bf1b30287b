"""A ground that a camera pans over, and a thing on it that goes the other way."""

from __future__ import annotations

import cv2
import numpy as np


def noise(seed, size, soft=2):
    rng = np.random.default_rng(seed)
    plane = cv2.GaussianBlur(rng.normal(0, 1, (*size, 3)), (0, 0), soft)
    return np.clip(128 + 200 * soft * plane, 0, 255).astype(np.uint8)


def panned(step, *, size=(96, 128), by=2, soft=2):
    """Return a frame (H, W, 3): its ground has gone right by so many pixels a step, the thing left.

    The thing covers rows 34 to 56 and columns 48 to 72 at step 0.
    """
    ground = noise(1, (size[0], 3 * size[1]), soft)[:, size[1] - by * step :][:, : size[1]].copy()
    left = 48 - by * step
    ground[34:56, max(0, left) : max(0, left + 24)] = noise(2, (22, 24))[:, max(0, -left) :]
    return ground
