"""An object followed from one frame to the next."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from cleanplate.masks.follow.follower import WEIGHTS, Follower

SIZE = (100, 160)
STEP = 5  # pixels that the object goes by


def scene(t):
    """A block that walks over a ground of the same texture, and where it is."""
    rng = np.random.default_rng(3)
    ground, thing = (
        cv2.GaussianBlur(rng.normal(0, 1, (*size, 3)), (0, 0), 1.5) for size in (SIZE, (40, 30))
    )
    picture = np.clip(128 + 220 * ground, 0, 255)
    left = 20 + STEP * t
    picture[30:70, left : left + 30] = np.clip(128 + 220 * thing, 0, 255)
    mask = np.zeros(SIZE, np.float32)
    mask[30:70, left : left + 30] = 1
    return picture.astype(np.uint8), mask


def test_how_pixels_go_on_tells_what_a_mask_has_too_much_of():
    (before, truth), (here, there) = scene(0), scene(1)
    mark = np.maximum(truth, np.float32(0.7) * (cv2.blur(truth, (9, 9)) > 0))
    towards, back = np.zeros((2, *SIZE, 2), np.float32)
    towards[truth > 0, 0], back[there > 0, 0] = STEP, -STEP
    found = []
    for onward in (0.0, WEIGHTS.onward):
        follower = Follower(before, mark, replace(WEIGHTS, onward=onward, move=0, held=0))
        follower.step(here, towards, back)
        wrong = (follower.soft > 0.5) != (there > 0.5)
        found.append(int(wrong.sum()))
    assert found[1] < 0.5 * found[0]


def test_what_goes_nowhere_beside_the_camera_stays_as_it_was_thought():
    picture, truth = scene(0)
    still = np.zeros((*SIZE, 2), np.float32)
    follower = Follower(picture, truth)
    for _ in range(4):
        follower.step(picture, still, still)
    found, there = follower.soft > 0.5, truth > 0.5
    assert (found & there).sum() > 0.95 * (found | there).sum()
    assert follower.trust > 0.6


def test_masks_that_were_given_or_shown_stay_as_they_are():
    (before, truth), (here, _) = scene(0), scene(1)
    mark = cv2.blur(truth, (9, 9))
    towards, back = np.zeros((2, *SIZE, 2), np.float32)
    towards[truth > 0, 0] = STEP
    given, follower = mark.copy(), Follower(before, mark)
    follower.step(here, towards, back)
    assert (mark == given).all()
    shown, copy = follower.soft, follower.soft.copy()
    follower.step(here, towards, back)
    assert (shown == copy).all()


def test_a_foot_that_stands_on_the_ground_stays_the_object_while_the_rest_walks_on():
    def walking(t):
        picture, mask = scene(t)
        picture[70:95, 40:50] = (200, 90, 40)
        mask[70:95, 40:50] = 1
        return picture, mask

    (picture, truth), shares = walking(0), []
    for held in (0.0, WEIGHTS.held):
        follower = Follower(picture, truth, replace(WEIGHTS, held=held, key=0, recent=0))
        for t in range(1, 7):
            (here, _), towards = walking(t), np.zeros((*SIZE, 2), np.float32)
            back = towards.copy()
            towards[30:70, 20 + STEP * (t - 1) : 50 + STEP * (t - 1), 0] = STEP
            back[30:70, 20 + STEP * t : 50 + STEP * t, 0] = -STEP
            follower.step(here, towards, back)
        shares.append((follower.soft > 0.5)[72:93, 40:50].mean())
    assert shares[0] < 0.2 and shares[1] > 0.8


def test_ground_that_a_generous_mask_takes_in_is_let_go_of():
    rng, size, pace = np.random.default_rng(3), (100, 160), 3
    ground, thing = (
        cv2.GaussianBlur(rng.normal(0, 1, (*of, 3)), (0, 0), 1.5) for of in (size, (40, 30))
    )
    block = np.clip(np.array([200, 90, 40]) + 60 * thing, 0, 255)

    def walking(t):
        picture, mask = np.clip(128 + 220 * ground, 0, 255), np.zeros(size, np.float32)
        there = np.s_[30:70, 20 + pace * t : 50 + pace * t]
        picture[there], mask[there] = block, 1
        return picture.astype(np.uint8), mask

    before, was = walking(0)
    follower = Follower(before, cv2.dilate(was, np.ones((17, 17), np.uint8)))
    for t in range(1, 31):
        here, there = walking(t)
        towards, back = np.zeros((2, *size, 2), np.float32)
        towards[was > 0, 0], back[there > 0, 0] = pace, -pace
        follower.step(here, towards, back)
        was = there
    found = follower.soft > 0.5
    assert (found & (there > 0)).sum() > 0.9 * (found | (there > 0)).sum()
