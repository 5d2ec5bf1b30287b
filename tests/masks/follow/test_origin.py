"""What was marked, followed along the flow for as long as it looks the same."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.masks.follow.ground import Ground
from cleanplate.masks.follow.origin import Origin

SIZE = (80, 120)
STILL = np.eye(2, 3)
NOISE = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, (*SIZE, 3)), (0, 0), 2)
PICTURE = np.clip(128 + 300 * NOISE, 0, 255).astype(np.uint8)
BLOCK = np.s_[30:50, 40:70]
OTHER = PICTURE.copy()
OTHER[BLOCK] = 255 - PICTURE[BLOCK]


def marked(value=1.0):
    mark = np.zeros(SIZE, np.float32)
    mark[BLOCK] = value
    ground = Ground(PICTURE, mark)
    return mark, ground, Origin(ground, mark)


def gone_on(picture, towards, back, value=1.0, times=1):
    mark, ground, origin = marked(value)
    for _ in range(times):
        ground.compare(picture, STILL, mark)
        origin.follow(ground, towards, back)
        ground.learn(mark)
    return origin.held


def flow(x=0.0, y=0.0):
    return np.full((*SIZE, 2), (x, y), np.float32)


def test_what_stands_still_and_looks_the_same_is_held():
    held = gone_on(PICTURE, flow(), flow(), times=8)
    assert held[32:48, 42:68].min() > 0.95
    held[29:51, 39:71] = 0
    assert held.max() == 0


def test_what_moves_over_the_ground_is_held_where_it_went():
    mark, ground, origin = marked()
    moved = OTHER.copy()
    moved[30:50, 46:76] = PICTURE[BLOCK]
    towards, back = flow(), flow()
    towards[BLOCK], back[30:50, 46:76] = (6, 0), (-6, 0)
    ground.compare(moved, STILL, mark)
    origin.follow(ground, towards, back)
    assert np.quantile(origin.held[34:46, 50:72], 0.1) > 0.9
    assert origin.held[34:46, :44].max() < 0.1


def test_at_the_border_it_is_held_as_elsewhere():
    mark = np.zeros(SIZE, np.float32)
    mark[60:, 40:70] = 1
    ground = Ground(PICTURE, mark)
    origin = Origin(ground, mark)
    for down in (0.1, -0.1, 0.1, -0.1):
        ground.compare(PICTURE, STILL, mark)
        origin.follow(ground, flow(0, -down), flow(0, down))
    assert origin.held[62:, 42:68].min() > 0.9


def test_where_all_is_noise_nothing_is_held():
    rng = np.random.default_rng(4)
    for mark in (np.ones(SIZE, np.float32), marked()[0]):
        ground = Ground(PICTURE, mark)
        origin = Origin(ground, mark)
        ground.compare(rng.integers(0, 256, (*SIZE, 3), np.uint8), STILL, mark)
        origin.follow(ground, flow(), flow())
        assert origin.held.max() < 0.1


def test_what_looks_different_is_let_go_of_for_good():
    mark, ground, origin = marked()
    for picture in (PICTURE, OTHER, PICTURE):
        ground.compare(picture, STILL, mark)
        origin.follow(ground, flow(), flow())
    assert np.median(origin.held[BLOCK]) == 0


def test_flow_that_does_not_lead_back_is_not_believed():
    assert gone_on(PICTURE, flow(9), flow()).max() < 0.25


def test_what_is_marked_for_likely_is_not_held():
    assert gone_on(PICTURE, flow(), flow(), value=0.7).max() == 0
