"""Masks, packed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.masks.follow.trail import Trail


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_what_is_put_comes_back(height, width, seed):
    rng = np.random.default_rng(seed)
    soft = np.where(rng.random((height, width)) < 0.6, 0, rng.random((height, width)))
    trail = Trail((height, width))
    trail.put(7, soft.astype(np.float32), 0.25)
    np.testing.assert_allclose(trail.soft(7), soft, atol=0.5 / 255 + 1e-6)
    assert trail.trust(7) == 0.25
    assert 7 in trail


def test_a_frame_that_has_none():
    trail = Trail((2, 3))
    assert 4 not in trail
    assert trail.trust(4) == 0
    assert (trail.soft(4) == np.zeros((2, 3))).all()


def test_who_watches_sees_every_mask_as_it_is_put():
    seen = {}
    trail = Trail((2, 3), lambda frame, soft: seen.update({frame: soft.sum()}))
    for frame in (3, 1):
        trail.put(frame, np.full((2, 3), frame / 6, np.float32), 1.0)
    assert list(seen.items()) == [(3, 3.0), (1, 1.0)]


def test_masks_take_little():
    trail = Trail((480, 854))
    soft = np.zeros((480, 854), np.float32)
    soft[100:300, 200:500] = 1
    trail.put(0, soft, 1.0)
    assert len(trail._kept[0].body) < 2000
