from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt

from cleanplate.errors import BadInput
from cleanplate.masks.edit import grow


def slow_grow(holes, pixels):
    """Distance to the nearest hole pixel, one frame at a time."""
    return np.stack([distance_transform_edt(~h) <= pixels if h.any() else h.copy() for h in holes])


@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=24)),
    st.integers(0, 30),
)
def test_grow_is_every_pixel_within_reach(holes, pixels):
    before = holes.copy()
    grown = grow(holes, pixels)
    assert np.array_equal(grown, slow_grow(holes, pixels))
    assert np.array_equal(holes, before)
    assert np.array_equal(grow(holes[0], pixels), grown[0])


@given(st.integers(0, 200))
def test_grow_reaches_exactly_that_far(pixels):
    hole = np.zeros((1, 420), bool)
    hole[0, 210] = True
    assert grow(hole, pixels).sum() == 2 * pixels + 1


def test_grow_refuses_to_shrink_and_grey():
    with pytest.raises(BadInput, match="cannot grow by -1"):
        grow(np.zeros((3, 3), bool), -1)
    with pytest.raises(BadInput, match="Give bool"):
        grow(np.zeros((3, 3), np.uint8), 1)


@pytest.mark.parametrize("pixels", [33, 40, 50])
def test_large_growth_is_every_pixel_within_reach(pixels):
    holes = np.random.default_rng(pixels).random((2, 90, 120)) < 0.0005
    assert np.array_equal(grow(holes, pixels), slow_grow(holes, pixels))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pixels", [3000, 10**6, 10**30])
def test_huge_growth_covers_everything_in_no_time(pixels):
    hole = np.zeros((540, 960), bool)
    assert not grow(hole, pixels).any()
    hole[3, 5] = True
    assert grow(hole, pixels).all()


@pytest.mark.parametrize("pixels", [1.5, 2.0, "a", None, True, np.bool_(True), np.float32(2), [1]])
def test_pixels_are_whole_numbers(pixels):
    with pytest.raises(BadInput, match="Give a whole number from 0 up") as refusal:
        grow(np.zeros((3, 3), bool), pixels)
    assert repr(pixels) in str(refusal.value)


def test_whole_numbers_of_numpy_will_do():
    hole = np.zeros((300, 9), bool)
    hole[150, 4] = True
    for kind in (np.uint8, np.int8, np.int64):
        assert np.array_equal(grow(hole, kind(100)), grow(hole, 100))
    assert np.array_equal(grow(hole.tolist(), 3), grow(hole, 3))
