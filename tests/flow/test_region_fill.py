"""Laplace's equation solved exactly: the official results, and a slow twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden_rule
from cleanplate.errors import BadInput
from cleanplate.flow.region_fill import region_fill

GOLDEN = Path(__file__).parents[1] / "golden" / "regionfill.npz"


@pytest.mark.parametrize(("name", "shrink"), [("regionfill", 1), ("regionfill_factor_half", 0.5)])
def test_golden(name, shrink):
    values = golden_rule.waves(1, 40, 56, 9.0, 0.4)[0, ..., :1]
    hole = np.zeros((40, 56), bool)
    hole[10:30, 14:40] = hole[:9, 44:] = True
    filled = region_fill(values, hole, shrink=shrink)[..., 0]
    assert golden_rule.max_error(filled, np.load(GOLDEN)[name]) < 1e-5


def mean_of_neighbours(values, y, x):
    around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    height, width = values.shape[:2]
    return np.mean([values[r, c] for r, c in around if 0 <= r < height and 0 <= c < width], axis=0)


by_size = given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))


@settings(deadline=None, max_examples=40)
@by_size
def test_every_hole_pixel_is_the_mean_of_its_neighbours(height, width, seed):
    rng = np.random.default_rng(seed)
    values, hole = rng.normal(size=(height, width, 2)), rng.random((height, width)) < 0.6
    filled = region_fill(values, hole)
    assert np.array_equal(filled[~hole], values[~hole])
    if hole.all():
        assert not filled.any()
    else:
        for y, x in np.argwhere(hole):
            np.testing.assert_allclose(filled[y, x], mean_of_neighbours(filled, y, x), atol=1e-9)


@settings(deadline=None, max_examples=40)
@by_size
def test_what_lies_under_the_hole_is_never_read(height, width, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(height, width, 2)).astype(np.float32)
    hole, shrink = rng.random((height, width)) < 0.3, rng.uniform(0.2, 1)
    poisoned = np.where(hole[..., None], np.float32(np.nan), values)
    before = poisoned.copy()
    filled = region_fill(poisoned, hole, shrink=shrink)
    assert np.array_equal(poisoned, before, equal_nan=True)
    assert np.array_equal(filled, region_fill(values, hole, shrink=shrink))
    assert np.array_equal(filled[~hole], values[~hole])
    assert filled.dtype == np.float64
    known = values[~hole]
    if len(known):
        assert np.abs(filled).max() <= np.abs(known).max() + 1e-6


def test_a_shrunk_constant_stays():
    hole = np.zeros((31, 44), bool)
    hole[8:20, 10:30] = True
    np.testing.assert_allclose(region_fill(np.full((31, 44, 2), 7.0), hole, shrink=0.5), 7)


def test_shares_that_mean_nothing():
    for wrong in (0, -1, 1.5, float("nan")):
        with pytest.raises(BadInput, match="Give more than 0, and at most 1"):
            region_fill(np.zeros((4, 4, 2)), np.ones((4, 4), bool), shrink=wrong)
