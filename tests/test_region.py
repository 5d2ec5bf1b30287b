"""Boxes around holes, and smaller sizes that hold nothing of what lies under a hole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.region import (
    LEAST_MARGIN,
    Region,
    bounding_box,
    halve_hole,
    in_bands,
    pixels_of,
    reduce_hole,
    reduce_picture,
    region_around,
    working_size,
)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_a_region_holds_the_hole_and_its_margin(height, width, seed):
    rng = np.random.default_rng(seed)
    hole = np.zeros((height, width), bool)
    hole[rng.integers(height, size=2), rng.integers(width, size=2)] = True
    region = region_around(hole)
    assert region.crop(hole).sum() == hole.sum()
    rows, columns = np.nonzero(hole)
    assert region.top == 0 or rows.min() - region.top >= LEAST_MARGIN
    assert region.bottom == height or region.bottom - rows.max() - 1 >= LEAST_MARGIN
    assert region.left == 0 or columns.min() - region.left >= LEAST_MARGIN
    assert region.right == width or region.right - columns.max() - 1 >= LEAST_MARGIN
    assert 0 <= region.top < region.bottom <= height
    assert 0 <= region.left < region.right <= width


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_a_bounding_box_is_the_smallest(height, width, margin, seed):
    hole = np.random.default_rng(seed).random((height, width)) < 0.1
    box = bounding_box(hole, margin=margin)
    if not hole.any():
        assert box is None
        return
    rows, columns = np.nonzero(hole)
    for cut, places, size in ((box[0], rows, height), (box[1], columns, width)):
        assert cut.start == max(places.min() - margin, 0)
        assert cut.stop == min(places.max() + 1 + margin, size)


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_pixels_come_in_row_order(height, width, seed):
    hole = np.random.default_rng(seed).random((height, width)) < 0.4
    for mine, numpys in zip(pixels_of(hole), np.nonzero(hole), strict=True):
        np.testing.assert_array_equal(mine, numpys)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 30), st.integers(0, 99))
def test_bands_of_a_hole_are_rows_of_it_in_order(height, width, pixels, seed):
    hole = np.random.default_rng(seed).random((height, width)) < 0.5
    bands = list(in_bands(hole, pixels))
    np.testing.assert_array_equal(np.sum(bands, axis=0), hole)
    found = [np.flatnonzero(band) for band in bands]
    np.testing.assert_array_equal(np.concatenate(found), np.flatnonzero(hole))
    rows = [np.unique(own // width) for own in found]
    assert all(len(own) <= pixels or len(row) == 1 for own, row in zip(found, rows, strict=True))
    assert all(one[-1] < two[0] for one, two in pairwise([row for row in rows if len(row)]))
    assert hole.sum() > pixels or bands[0] is hole


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 200_000))
def test_a_working_size_is_never_larger_and_of_the_same_shape(height, width, most):
    small = working_size((height, width), most)
    assert 1 <= small[0] <= height
    assert 1 <= small[1] <= width
    assert small == (height, width) or height * width > most
    if min(small) > 20:
        assert small[0] * small[1] <= 1.2 * most
        assert small[0] / small[1] == pytest.approx(height / width, rel=0.05)


@settings(deadline=None, max_examples=150)
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.floats(0.02, 1),
    st.sampled_from([np.uint8, np.uint16, np.float32]),
    st.integers(0, 2**32 - 1),
)
def test_a_reduced_hole_holds_all_that_lies_under_it(height, width, share, dtype, seed):
    rng = np.random.default_rng(seed)
    small = (max(1, round(height * share)), max(1, round(width * share)))
    hole = rng.random((height, width)) < 0.1
    picture = (rng.random((height, width, 3)) * 255).astype(dtype)
    other = np.where(hole[..., None], dtype(255) - picture, picture)
    outside = ~reduce_hole(hole, small)
    first, second = reduce_picture(picture, small), reduce_picture(other, small)
    assert first.shape == (*small, 3)
    assert first.dtype == dtype
    np.testing.assert_array_equal(first[outside], second[outside])
    assert outside.shape == small
    assert hole.any() == (not outside.all())


def test_reducing_by_whole_blocks_is_their_mean():
    picture = np.random.default_rng(0).random((12, 18)).astype(np.float32)
    blocks = picture.reshape(4, 3, 6, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(reduce_picture(picture, (4, 6)), blocks, atol=1e-5)
    assert reduce_picture(picture, (12, 18)) is picture


@pytest.mark.parametrize("size", [(1, 1), (4, 6), (5, 7), (2, 9)])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_halved_hole_counts_either_of_a_pair(size, axis):
    hole = np.random.default_rng(0).random(size) < 0.3
    pairs = np.pad(hole, [(0, s % 2 if a == axis else 0) for a, s in enumerate(size)])
    shape = list(pairs.shape)
    shape[axis : axis + 1] = [shape[axis] // 2, 2]
    np.testing.assert_array_equal(halve_hole(hole, axis), pairs.reshape(shape).any(axis + 1))


def test_a_region_grows_to_the_edge_and_scales():
    assert Region(2, 5, 1, 9).grown(2, (6, 12)) == Region(0, 6, 0, 11)
    assert Region(2, 5, 1, 9).scaled(4) == Region(8, 20, 4, 36)
