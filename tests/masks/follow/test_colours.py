"""Colours of an object and of its surroundings."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.masks.follow.colours import Colours, _count, blurred_along

INSIDE = np.zeros((24, 24), np.float32)
INSIDE[8:16, 8:16] = 1
EVEN = np.ones_like(INSIDE)


def scene(inside, around):
    lab = np.empty((24, 24, 3), np.uint8)
    lab[:] = around
    lab[INSIDE > 0] = inside
    return lab


def test_what_was_learned_is_told_apart():
    model, lab = Colours(), scene((200, 150, 110), (60, 128, 128))
    model.learn(lab, INSIDE, EVEN, rate=1.0)
    evidence = model.evidence(lab)
    assert (evidence[INSIDE > 0] > 1).all()
    assert (evidence[INSIDE == 0] < -1).all()
    assert model.trust == 1


def test_colours_that_are_alike_are_not_trusted():
    model, lab = Colours(), scene((100, 128, 128), (100, 128, 128))
    model.learn(lab, INSIDE, EVEN, rate=1.0)
    assert model.trust == 0


def test_colours_never_seen_say_nothing():
    model = Colours()
    model.learn(scene((200, 150, 110), (60, 128, 128)), INSIDE, EVEN, rate=1.0)
    assert (model.evidence(np.full((3, 3, 3), 20, np.uint8)) == 0).all()


def test_a_handful_of_pixels_teaches_nothing():
    model, lab = Colours(), scene((200, 150, 110), (60, 128, 128))
    model.learn(lab, INSIDE, EVEN * 0.01, rate=1.0)
    assert model.trust == 0
    assert (model.evidence(lab) == 0).all()


def test_counts_are_those_of_numpy():
    rng = np.random.default_rng(3)
    lab = rng.integers(0, 256, (9, 7, 3)).astype(np.uint8)
    soft, weight = rng.random((2, 9, 7), np.float32)
    counts = np.zeros((2, 32, 32, 32), np.float32)
    _count(lab, soft, weight, counts)
    hue = np.clip((lab[..., 1:].astype(int) - 64) // 4, 0, 31)
    wanted = np.zeros_like(counts)
    for side, share in enumerate((soft, 1 - soft)):
        np.add.at(wanted[side], (lab[..., 0] // 8, hue[..., 0], hue[..., 1]), share * weight)
    np.testing.assert_allclose(counts, wanted, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_blur_is_a_convolution(axis):
    array = np.random.default_rng(1).random((5, 6), np.float32)
    wanted = np.apply_along_axis(np.convolve, axis, array, [0.25, 0.5, 0.25], "same")
    np.testing.assert_allclose(blurred_along(array, axis), wanted, atol=1e-6)
