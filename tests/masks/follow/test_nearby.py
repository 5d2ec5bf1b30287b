"""The bilateral grid: against a twin that knows no compiled loop."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.masks.follow import nearby as module
from cleanplate.masks.follow.nearby import nearby

STEPS = np.array([module.CELL, module.CELL, module.LIGHT, module.HUE, module.HUE])


def twin(lab, soft, weight):
    """Splat, blur and slice node by node, in a dictionary that has no borders."""
    height, width = soft.shape
    low = lab.reshape(-1, 3).min(axis=0).astype(int)
    nodes = {}
    places = {
        (y, x): np.array([y, x, *(lab[y, x].astype(int) - low)]) / STEPS
        for y in range(height)
        for x in range(width)
    }
    for at, place in places.items():
        node = tuple(np.floor(place + 0.5).astype(int))
        for off in itertools.product((-1, 0, 1), repeat=5):
            share = np.prod([0.5 if o == 0 else 0.25 for o in off]) * weight[at]
            total = nodes.setdefault(tuple(np.add(node, off)), np.zeros(2))
            total += share * np.array([soft[at], 1.0])
    mean, behind = np.zeros(soft.shape), np.zeros(soft.shape)
    for at, place in places.items():
        total = np.zeros(2)
        for off in itertools.product((0, 1), repeat=5):
            node = np.floor(place).astype(int) + off
            share = np.prod(1 - np.abs(place - node))
            total += share * nodes.get(tuple(node), 0)
        mean[at], behind[at] = total[0] / max(total[1], 1e-6), total[1]
    return mean, behind


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_as_the_slow_twin(height, width, seed):
    rng = np.random.default_rng(seed)
    lab = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    soft, weight = rng.random((2, height, width), np.float32)
    weight[0] = 0
    mean, behind = nearby(lab, soft, weight)
    wanted = twin(lab, soft, weight)
    np.testing.assert_allclose(behind, wanted[1], atol=1e-4)
    sure = wanted[1] > 1e-3
    np.testing.assert_allclose(mean[sure], wanted[0][sure], atol=2e-3)


def test_like_pixels_share_a_mask_and_others_do_not():
    lab = np.full((20, 40, 3), 128, np.uint8)
    lab[:, 20:] = (220, 180, 90)
    soft = np.zeros((20, 40), np.float32)
    soft[:, 20:] = 1
    weight = np.zeros_like(soft)
    weight[:, 10:30] = 1  # nothing is known at both ends
    mean, behind = nearby(lab, soft, weight)
    assert (mean[:, :20] < 0.05).all()
    assert (mean[:, 20:] > 0.95).all()
    assert (behind[:, [0, -1]] > 0).all()
