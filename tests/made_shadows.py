"""A small clip with a shadow: a ground that is panned, a block that walks over it."""

from __future__ import annotations

import cv2
import numpy as np

SIZE, COUNT = (120, 192), 30
BLUER = np.array([1.0, 0.97, 0.92])  # of what a shadow leaves, the share that red, green, blue lose


def ground(seed=1, size=SIZE):
    rng = np.random.default_rng(seed)
    plane = cv2.GaussianBlur(rng.normal(0, 1, (size[0], 2 * size[1], 3)), (0, 0), 2)
    return np.clip(140 + 250 * plane, 20, 235)


def shadowed_clip(strength=0.4, *, step=3, count=COUNT, seed=1, tall=10):
    """Frames (T, H, W, 3), a block's holes and its shadow (T, H, W); step: pixels a frame."""
    wide = ground(seed)
    frames = np.empty((count, *SIZE, 3), np.uint8)
    holes, shadow = (np.zeros((count, *SIZE), bool) for _ in range(2))
    for t in range(count):
        left = 30 + (step + 1) * t - t  # the camera goes on by a pixel a frame
        holes[t, 40:70, left : left + 24] = True
        shadow[t, 70 : 70 + tall, left - 6 : left + 24] = True
        light = (
            1 - strength * cv2.GaussianBlur(shadow[t].astype(float), (0, 0), 1)[..., None] * BLUER
        )
        picture = wide[:, t : t + SIZE[1]] * light
        picture[holes[t]] = (200, 120, 90)
        frames[t] = np.rint(picture)
    return frames, holes, shadow & (strength > 0)
