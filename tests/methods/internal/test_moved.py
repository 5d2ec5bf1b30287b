"""Moved holes lie where the truth is known, and near the boundary more often where asked."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.methods.internal.moved import draw_offset, elsewhere, moved, near_boundary


def box(size=(48, 96), at=(12, 20), extent=(10, 16), count=3):
    holes = np.zeros((count, *size), bool)
    for t in range(count):
        holes[t, at[0] : at[0] + extent[0], at[1] + t : at[1] + t + extent[1]] = True
    return holes


def test_all_holes_move_by_the_same_and_come_in_again():
    holes = box()
    there = moved(holes, (40, -30))
    assert np.array_equal(there.sum(axis=(1, 2)), holes.sum(axis=(1, 2)))
    assert there[1, 52 % 48, (20 + 1 - 30) % 96]
    assert np.array_equal(moved(there, (-40, 30)), holes)


def test_near_the_boundary_is_within_a_twelfth_of_the_sides():
    hole = box()[0]
    edge = np.zeros_like(hole)
    edge[12:22, 20:36] = True
    edge[13:21, 21:35] = False
    rows, columns = np.nonzero(edge)
    y, x = np.mgrid[:48, :96]
    close = [
        (abs(y - row) <= 4) & (abs(x - column) <= 8)
        for row, column in zip(rows, columns, strict=True)
    ]
    assert np.array_equal(near_boundary(hole), np.logical_or.reduce(close))


@pytest.mark.parametrize("near", [1.0, 5.0])
def test_offsets_near_the_boundary_are_so_many_times_as_likely(near):
    hole, rng = box()[0], np.random.default_rng(0)
    close, centre = near_boundary(hole), (16.5, 27.5)
    count = 3000
    hits = 0
    for _ in range(count):
        down, right = draw_offset(hole, rng, near=near)
        hits += close[int(centre[0] + down) % 48, int(centre[1] + right) % 96]
    share = close.mean()
    assert hits / count == pytest.approx(near * share / (near * share + 1 - share), abs=0.03)


def test_what_can_be_hidden_is_known_and_the_same_for_a_seed():
    holes = box()

    def drawn(seed):
        return elsewhere(holes, np.random.default_rng(seed), near=5.0)

    there = drawn(1)
    assert there.any(axis=(1, 2)).all()
    assert not (there & holes).any()
    assert np.array_equal(there, drawn(1))
    assert not np.array_equal(there, drawn(2))


@pytest.mark.parametrize("fill", [False, True])
def test_nothing_can_be_hidden_where_nothing_is_known_or_missing(fill):
    holes = np.full((2, 8, 12), fill)
    assert not elsewhere(holes, np.random.default_rng(0), near=5.0).any()
