"""Laplace's equation, against an exact sparse solution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from cleanplate.harmonic import harmonic_fill


def exact(values, hole):
    """Every hole pixel is the mean of its neighbours inside the picture: solved directly."""
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(hole.sum())
    rows, columns, weights = [], [], []
    right = np.zeros((hole.sum(), values.shape[2]))
    for y, x in np.argwhere(hole):
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        around = [(r, c) for r, c in around if 0 <= r < hole.shape[0] and 0 <= c < hole.shape[1]]
        i = number[y, x]
        rows.append(i), columns.append(i), weights.append(float(len(around)))
        for r, c in around:
            if hole[r, c]:
                rows.append(i), columns.append(number[r, c]), weights.append(-1.0)
            else:
                right[i] += values[r, c]
    matrix = coo_matrix((weights, (rows, columns))).tocsc()
    filled = values.astype(float)
    filled[hole] = spsolve(matrix, right).reshape(right.shape)
    return filled


def photograph_like(size, seed):
    """A smooth picture of contrast about 100 with some texture."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(size) / 9
    waves = [50 * np.sin(rows * a + columns * b + c) for a, b, c in rng.uniform(-1, 1, (3, 3))]
    return (np.stack(waves, axis=-1) + 120 + rng.normal(0, 3, (*size, 3))).astype(np.float32)


def holes_of(kind, size):
    hole = np.zeros(size, bool)
    if kind == "box":
        hole[12:34, 15:47] = True
    elif kind == "at the border":
        hole[:20, 40:] = hole[-9:, :30] = True
    elif kind == "thin":
        hole[::6, 5:] = hole[10:40, 25:27] = True
    else:  # most of the picture
        hole[2:-1, 1:-2] = True
        hole[24, 30] = False
    return hole


@pytest.mark.parametrize("kind", ["box", "at the border", "thin", "most"])
@pytest.mark.parametrize(("coarse", "worst", "average"), [(False, 0.05, 0.01), (True, 0.08, 0.02)])
def test_is_close_to_the_exact_solution(kind, coarse, worst, average):
    values, hole = photograph_like((50, 61), 1), holes_of(kind, (50, 61))
    truth = exact(values, hole)
    error = np.abs(harmonic_fill(values, hole, coarse=coarse) - truth)[hole]
    contrast = np.ptp(values[~hole])
    assert error.mean() < average * contrast
    assert np.quantile(error, 0.99) < worst * contrast
    assert harmonic_fill(values, hole, coarse=coarse).dtype == np.float32


def test_more_sweeps_come_closer():
    values, hole = photograph_like((50, 61), 2), holes_of("most", (50, 61))
    truth = exact(values, hole)
    errors = [np.abs(harmonic_fill(values, hole, sweeps=n) - truth).mean() for n in (2, 12, 200)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.05


@pytest.mark.parametrize("coarse", [False, True])
def test_a_constant_stays(coarse):
    hole = holes_of("at the border", (50, 61))
    values = np.full((50, 61, 2), 7.0)
    filled = harmonic_fill(values, hole, coarse=coarse)
    np.testing.assert_allclose(filled, 7, atol=1e-3)


def test_a_ramp_stays():
    rows, columns = np.indices((50, 61))
    values = np.stack([columns, rows, 2 * columns - rows], axis=-1).astype(np.float32)
    hole = holes_of("box", (50, 61))
    np.testing.assert_allclose(harmonic_fill(values, hole), values, atol=0.6)  # of 60
    np.testing.assert_allclose(harmonic_fill(values, hole, sweeps=300), values, atol=0.01)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 3),
    st.sampled_from([0.1, 0.6, 0.95]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_never_reads_under_the_hole_nor_touches_what_is_known(h, w, channels, share, coarse, seed):
    rng = np.random.default_rng(seed)
    hole = rng.random((h, w)) < share
    values = rng.uniform(0, 255, (h, w, channels)).astype(np.float32)
    poisoned = np.where(hole[..., None], np.float32(np.nan), values)
    before = poisoned.copy()
    filled = harmonic_fill(poisoned, hole, coarse=coarse)
    np.testing.assert_array_equal(poisoned, before)
    np.testing.assert_array_equal(filled[~hole], values[~hole])
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled, harmonic_fill(values, hole, coarse=coarse))
    if not hole.all():  # no new extremes, but for what over-relaxation leaves
        slack = 0.1 * np.ptp(values[~hole]) + 1e-3
        assert filled.min() >= values[~hole].min() - slack
        assert filled.max() <= values[~hole].max() + slack


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (30, 31)])
def test_a_hole_without_an_edge_is_filled_with_0(size):
    values = np.full((*size, 3), 80, np.uint8)
    assert not harmonic_fill(values, np.ones(size, bool)).any()


def test_an_empty_hole_gives_a_copy():
    values = photograph_like((8, 9), 0)
    filled = harmonic_fill(values, np.zeros((8, 9), bool))
    np.testing.assert_array_equal(filled, values)
    assert not np.shares_memory(filled, values)


def test_in_place_is_the_same_in_the_very_values():
    rng = np.random.default_rng(0)
    values, hole = rng.random((19, 23, 3), np.float32), rng.random((19, 23)) < 0.4
    wanted = harmonic_fill(values, hole)
    assert harmonic_fill(values, hole, in_place=True) is values
    np.testing.assert_array_equal(values, wanted)
