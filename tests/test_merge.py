"""Merging what several sources say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.merge import (
    Candidate,
    average_inside,
    expected_variance,
    mean_around,
    mean_channel,
    merge_by_reliability,
    most_reliable,
    one_side,
)
from cleanplate.propagate import Sources
from cleanplate.video import UNSEEN

HOLE = np.zeros((60, 120), bool)
HOLE[10:50, 10:110] = True
COUNT = int(HOLE.sum())
COLUMNS = np.nonzero(HOLE)[1]
SMOOTH = np.full((COUNT, 3), 100, np.float32)


def candidate(colour, variance, frame=3):
    colours = np.broadcast_to(np.asarray(colour, np.float32), (COUNT, 3)).copy()
    variances = np.broadcast_to(np.asarray(variance, np.float32), COUNT).copy()
    frames = np.where(np.isfinite(variances), frame, UNSEEN).astype(np.int32)
    nothing = np.zeros(COUNT, np.float32)
    return Candidate(colours, variances, Sources(frames, nothing, nothing, nothing))


def depth():
    """How many pixels it is to the hole's edge."""
    rows, columns = np.nonzero(HOLE)
    return np.minimum.reduce([rows - 9, 50 - rows, columns - 9, 110 - columns])


# ---- the mean


def test_candidates_that_agree_are_believed():
    merged, seen = merge_by_reliability([candidate(60, 20), candidate(60, 40)], HOLE, SMOOTH)
    assert seen.all()
    assert np.abs(merged - 60).max() < 6  # of 40 towards the smooth fill, at the very edge
    assert np.abs(merged[depth() > 10] - 60).max() < 1


def test_weights_are_inverse_variances():
    """Close to each other, so that nothing shrinks: 3 parts of 120 and 1 part of 124."""
    smooth = np.full((COUNT, 3), 121, np.float32)
    pair = [candidate(120, 1), candidate(124, 3)]
    merged, _ = merge_by_reliability(pair, HOLE, smooth)
    np.testing.assert_allclose(merged, 121, atol=0.01)
    mirrored, _ = merge_by_reliability(pair[::-1], HOLE, smooth)
    np.testing.assert_allclose(mirrored, merged, atol=1e-4)


def test_where_candidates_disagree_the_smooth_fill_counts_more():
    agree = [candidate(60, 40), candidate(60, 40)]
    differ = [candidate(20, 40), candidate(100, 40)]  # the mean is 60 as well
    sure, unsure = (merge_by_reliability(pair, HOLE, SMOOTH)[0] for pair in (agree, differ))
    inner = depth() > 10
    assert (unsure > sure).all()
    assert unsure[inner].mean() - 60 > 5 * (sure[inner].mean() - 60)
    assert (unsure < 100).all()


def test_the_smooth_fill_counts_less_deep_inside():
    merged, _ = merge_by_reliability([candidate(20, 40), candidate(100, 40)], HOLE, SMOOTH)
    towards = (merged[:, 0] - 60) / 40
    at = [towards[depth() == d].mean() for d in (1, 5, 15)]
    assert at[0] > at[1] > at[2] > 0
    # At twice the size, twice as deep.
    large, _ = merge_by_reliability(
        [candidate(20, 40), candidate(100, 40)], HOLE, SMOOTH, scale=2.0
    )
    assert (large[:, 0] > merged[:, 0]).all()


def test_without_a_source_stands_the_smooth_fill():
    variance = np.where(COLUMNS < 60, 20, np.inf)
    merged, seen = merge_by_reliability(
        [candidate(60, variance), candidate(250, np.inf)], HOLE, SMOOTH
    )
    np.testing.assert_array_equal(seen, COLUMNS < 60)
    np.testing.assert_array_equal(merged[~seen], SMOOTH[~seen])
    assert np.abs(merged[seen] - 60).max() < 10
    assert merged.dtype == np.float32


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_merge_lies_between_all_that_is_said(seed):
    rng = np.random.default_rng(seed)
    several = [
        candidate(rng.uniform(0, 255, (COUNT, 3)), rng.choice([5.0, 80.0, np.inf], COUNT))
        for _ in range(4)
    ]
    merged, seen = merge_by_reliability(several, HOLE, SMOOTH)
    said = np.stack([SMOOTH, *(c.colours for c in several)])
    valid = np.stack([np.ones(COUNT, bool), *(np.isfinite(c.variance) for c in several)])
    low = np.where(valid[..., None], said, np.inf).min(axis=0)
    high = np.where(valid[..., None], said, -np.inf).max(axis=0)
    assert (merged >= low - 1e-2).all()
    assert (merged <= high + 1e-2).all()
    np.testing.assert_array_equal(seen, valid[1:].any(axis=0))


def test_variance_grows_with_distance_and_residual():
    nothing = np.zeros(5, np.float32)
    frames = np.array([6, 8, 2, 6, UNSEEN], np.int32)
    residual = np.array([0, 0, 0, 2, 0], np.float32)
    near, far, back, drifting, unseen = expected_variance(
        Sources(frames, nothing, nothing, residual), here=5
    )
    assert far == pytest.approx(3 * near)
    assert back == pytest.approx(3 * near)
    assert drifting > 2 * near
    assert unseen == np.inf


# ---- averages


def test_averages_are_over_the_valid_pixels_of_the_window():
    values = np.arange(COUNT, dtype=np.float32)
    valid = COLUMNS % 3 == 0
    picture, mask = np.zeros(HOLE.shape), np.zeros(HOLE.shape, bool)
    picture[HOLE], mask[HOLE] = values, valid
    averages = average_inside(values, valid, HOLE, 5)
    for i in range(0, COUNT, 97):
        row, column = np.argwhere(HOLE)[i]
        around = np.s_[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        assert averages[i] == pytest.approx(picture[around][mask[around]].mean(), rel=1e-4)
    np.testing.assert_allclose(
        average_inside(np.stack([values] * 3, axis=1), valid, HOLE, 5)[:, 1], averages, rtol=1e-6
    )


def test_an_average_of_nothing_is_0():
    valid = COLUMNS < 30
    averages = average_inside(np.full(COUNT, 5, np.float32), valid, HOLE, 9)
    assert (averages[COLUMNS > 40] == 0).all()
    np.testing.assert_allclose(averages[valid], 5, rtol=1e-5)


def test_infinite_values_of_what_is_not_valid_do_no_harm():
    valid = COLUMNS < 60
    averages = average_inside(np.where(valid, 5, np.inf).astype(np.float32), valid, HOLE, 9)
    np.testing.assert_allclose(averages[valid], 5, rtol=1e-5)


def test_means_are_over_what_counts_around_a_pixel():
    rng = np.random.default_rng(0)
    counts = (rng.random((20, 30)) < 0.3).astype(np.float32)
    picture = rng.uniform(0, 255, (20, 30, 3)).astype(np.float32) * counts[..., None]
    where = np.zeros(counts.shape, bool)
    where[3:-3, 3:-3] = rng.random((14, 24)) < 0.5
    means = mean_around(picture, counts, where, 7)
    for (row, column), mean in zip(np.argwhere(where), means, strict=True):
        around = np.s_[row - 3 : row + 4, column - 3 : column + 4]
        known = picture[around][counts[around] > 0]
        np.testing.assert_allclose(mean, known.mean(axis=0) if len(known) else 0, rtol=1e-4)
    np.testing.assert_array_equal(mean_around(picture[..., 1], counts, where, 7), means[:, 1])


# ---- one of them


def test_the_most_reliable_source_is_named():
    left = candidate(10, np.where(COLUMNS < 60, 5, np.inf), frame=1)
    right = candidate(20, np.where(COLUMNS < 30, np.inf, 50), frame=7)
    sources = most_reliable([left, right])
    np.testing.assert_array_equal(sources.frame, np.where(COLUMNS < 60, 1, 7))
    nobody = most_reliable([candidate(0, np.inf), candidate(0, np.inf)])
    assert (nobody.frame == UNSEEN).all()


def test_a_side_is_taken_where_it_is_the_only_one():
    past = candidate(0, np.where(COLUMNS < 60, 5, np.inf))
    future = candidate(0, np.where(COLUMNS < 30, np.inf, 500))
    ahead = one_side(past, future, HOLE)
    np.testing.assert_array_equal(ahead[COLUMNS < 30], False)
    np.testing.assert_array_equal(ahead[COLUMNS >= 60], True)
    np.testing.assert_array_equal(ahead[(COLUMNS >= 30) & (COLUMNS < 60)], False)


def test_whole_neighbourhoods_take_one_side():
    """The better side is drawn pixel by pixel, two to one: left the past's, right the future's."""
    better = np.random.default_rng(0).random(COUNT) < np.where(COLUMNS < 60, 1 / 3, 2 / 3)
    past = candidate(0, np.where(better, 20, 10))
    future = candidate(0, np.where(better, 10, 20))
    ahead = one_side(past, future, HOLE)
    assert not ahead[COLUMNS < 50].any()
    assert ahead[COLUMNS > 70].all()
    picture = np.zeros(HOLE.shape, bool)
    picture[HOLE] = ahead
    changes = (picture[10:50, 10:109] != picture[10:50, 11:110]).sum(axis=1)
    assert changes.max() <= 3  # along a row of a hundred


def test_the_mean_channel_is_that_of_numpy():
    colours = np.random.default_rng(0).normal(0, 90, (4, 50, 3)).astype(np.float32)
    found = mean_channel(colours)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, colours.mean(axis=-1), rtol=1e-5, atol=1e-4)
