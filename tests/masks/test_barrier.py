"""The minimum barrier distance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.masks.barrier import barrier


def slow_barrier(plane, seeds):
    """Every interval of levels that opens a way from a seed: the narrowest, by flooding."""
    found = np.full(plane.shape, np.inf)
    levels = np.unique(plane)
    for low in levels:
        for high in levels[levels >= low]:
            allowed = (plane >= low) & (plane <= high)
            reached = allowed & seeds
            while True:
                spread = np.pad(reached, 1)
                spread = spread[:-2, 1:-1] | spread[2:, 1:-1] | spread[1:-1, :-2] | spread[1:-1, 2:]
                more = reached | (spread & allowed)
                if (more == reached).all():
                    break
                reached = more
            found[reached] = np.minimum(found[reached], high - low)
    return found


def noise(seed, height, width):
    """A plane of five levels, and its left edge as seeds."""
    plane = np.random.default_rng(seed).integers(0, 5, (height, width)).astype(np.float32)
    seeds = np.zeros((height, width), bool)
    seeds[:, 0] = True
    return plane, seeds


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(2, 7))
def test_no_way_is_shorter_than_the_shortest(seed, height, width):
    plane, seeds = noise(seed, height, width)
    found = barrier(plane, seeds)
    assert (found >= slow_barrier(plane, seeds)).all()
    assert (found[seeds] == 0).all()


def test_most_ways_are_the_shortest():
    drawn = [noise(seed, 7, 7) for seed in range(40)]
    exact = [barrier(*each) == slow_barrier(*each) for each in drawn]
    assert np.mean(exact) > 0.8


def test_a_wall_must_be_crossed():
    plane = np.zeros((9, 9), np.float32)
    plane[2:7, 2:7] = 50
    plane[3:6, 3:6] = 0
    seeds = np.zeros((9, 9), bool)
    seeds[0] = True
    found = barrier(plane, seeds)
    assert found[4, 4] == 50
    assert found[8, 8] == 0
