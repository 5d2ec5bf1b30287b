"""What stands behind an object, learned from frames before."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.masks.follow.ground import Ground

SIZE = (80, 120)
PAN = np.array([[1, 0, -2], [0, 1, 0]], np.float64)
STILL = np.eye(2, 3)
WIDE = np.clip(
    128 + 300 * cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, (80, 200, 3)), (0, 0), 2),
    0,
    255,
).astype(np.uint8)


def seen(t, object_left=None, pan=2):
    """Frame t of a ground that is panned, with a grey block if that is told where."""
    picture, mask = WIDE[:, pan * t : pan * t + SIZE[1]].copy(), np.zeros(SIZE, np.float32)
    if object_left is not None:
        mask[30:50, object_left : object_left + 20] = 1
        picture[mask > 0] = (90, 90, 200)
    return picture, mask


def learned(frames=4, pan=2, matrix=PAN):
    ground = Ground(*seen(0, 20, pan))
    for t in range(1, frames):
        picture, mask = seen(t, 20 + 6 * t, pan)
        ground.compare(picture, matrix, mask)
        ground.learn(mask)
    return ground


def test_what_differs_from_the_ground_is_told_and_what_is_like_it():
    for pan, matrix in ((2, PAN), (0, STILL)):
        picture, mask = seen(4, 60, pan)
        told = learned(4, pan, matrix).compare(picture, matrix, mask)
        assert told[mask > 0].mean() > 0.6
        assert np.quantile(told[:, 8:-12][mask[:, 8:-12] == 0], 0.99) < 0.3
        assert told[5:25, 60:100].mean() < -0.7


def test_nothing_is_told_where_the_ground_was_never_seen():
    told = learned(2).compare(*seen(2, 32)[:1], PAN, seen(2, 32)[1])
    assert abs(told[:, -2:]).max() < 0.1  # it just came into the picture
    assert abs(told[32:48, 26:34]).max() < 0.2  # where the object was from the start


def test_ground_that_moves_on_its_own_tells_little():
    rng = np.random.default_rng(1)
    ground, mask = learned(4, 0, STILL), seen(4, 60, 0)[1]
    told = ground.compare(rng.integers(0, 256, (*SIZE, 3), np.uint8), STILL, mask)
    assert abs(told).max() < 0.35


def test_what_was_hidden_for_long_is_forgotten():
    ground, picture = learned(4, 0, STILL), seen(0, None, 0)[0]
    hidden = np.ones(SIZE, np.float32)
    hidden[:, :40] = 0
    least = []
    for _ in range(60):
        least.append(ground.compare(picture, STILL, hidden)[:, 60:].min())
        ground.learn(hidden)
    assert least[0] < -0.9
    assert 0.3 * least[0] < least[-1] < 0
