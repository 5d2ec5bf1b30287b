from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.flow.region_fill import region_fill
from cleanplate.poisson import poisson_fill, steps_of


@st.composite
def pictures(draw):
    height, width = draw(st.integers(2, 14)), draw(st.integers(2, 14))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    hole = rng.random((height, width)) < draw(st.floats(0.1, 0.9))
    hole[rng.integers(height), rng.integers(width)] = False
    return rng.normal(0, 40, (height, width, 2)), hole, rng


@settings(max_examples=40, deadline=None)
@given(pictures())
def test_the_true_steps_give_the_picture_back(given):
    picture, hole, _ = given
    start = np.where(hole[..., None], -7, picture)
    got = poisson_fill(start, hole, steps_of(picture))
    np.testing.assert_allclose(got, picture, atol=0.05)


@settings(max_examples=40, deadline=None)
@given(pictures())
def test_no_steps_are_the_smoothest_fill(given):
    """Slow twin: Laplace's equation, solved directly."""
    picture, hole, _ = given
    none = np.zeros_like(picture)
    got = poisson_fill(picture, hole, (none, none))
    np.testing.assert_allclose(got, region_fill(picture, hole), atol=0.05)
    np.testing.assert_array_equal(got[~hole], picture[~hole].astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(pictures())
def test_weights_say_where_to_give_way(given):
    """Slow twin: least squares of all equations, one by one."""
    picture, hole, rng = given
    wanted = rng.normal(0, 9, (2, *picture.shape))
    weights = rng.uniform(0.05, 1, (2, *hole.shape))
    got = poisson_fill(picture, hole, tuple(wanted), tuple(weights))
    np.testing.assert_allclose(got, slowly(picture, hole, wanted, weights), atol=0.1)


def slowly(picture, hole, wanted, weights):
    number = {place: n for n, place in enumerate(zip(*np.nonzero(hole), strict=True))}
    rows, right = [], []
    for (dy, dx), steps, weight in zip(((0, 1), (1, 0)), wanted, weights, strict=True):
        for y in range(hole.shape[0] - dy):
            for x in range(hole.shape[1] - dx):
                row, value = np.zeros(len(number)), steps[y, x].copy()
                for sign, place in ((-1, (y, x)), (1, (y + dy, x + dx))):
                    if hole[place]:
                        row[number[place]] = sign
                    else:
                        value -= sign * picture[place]
                rows.append(row * np.sqrt(weight[y, x]))
                right.append(value * np.sqrt(weight[y, x]))
    filled = picture.copy()
    if number:
        filled[hole] = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return filled


@pytest.mark.parametrize("inside", [False, True])
def test_no_hole_and_nothing_but_a_hole_change_nothing(inside):
    picture = np.arange(12.0).reshape(3, 4, 1)
    got = poisson_fill(picture, np.full((3, 4), inside), steps_of(0 * picture))
    np.testing.assert_array_equal(got, picture)


@pytest.mark.parametrize("shape", [(1, 9), (9, 1)])
def test_a_line_is_filled_along_itself(shape):
    line = np.arange(9.0).reshape(*shape, 1)
    hole = np.zeros(shape, bool)
    hole.ravel()[2:6] = True
    none = np.zeros_like(line)
    got = poisson_fill(np.where(hole[..., None], 0, line), hole, (none, none))
    np.testing.assert_allclose(got, line, atol=1e-3)
