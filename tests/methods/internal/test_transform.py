"""Changes of view are what their numbers say, and reveal nothing of a hole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cleanplate.methods.internal.transform import RANGES, Change, Ranges, draw_change

SIZE = (40, 60)
STILL = Ranges(0, 0, (1, 1), 0)


def pictures(count=2):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SIZE, 3)).astype(np.float32)


def holes(count=2):
    marked = np.zeros((count, *SIZE), bool)
    marked[:, 10:20, 30:45] = True
    return marked


def test_no_change_is_none():
    change = draw_change(SIZE, STILL, np.random.default_rng(0))
    after, hidden = change.apply(np.where(holes()[..., None], 0, pictures()), holes())
    assert np.array_equal(hidden, holes())
    np.testing.assert_allclose(after[~hidden], pictures()[~hidden], atol=1e-5)
    assert not after[hidden].any()


def test_a_shift_of_whole_pixels():
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[..., 0], flow[..., 1] = 3, -2
    after, hidden = Change(flow).apply(pictures(), holes())
    assert hidden[:, :2].all()
    assert hidden[:, :, -3:].all()
    np.testing.assert_allclose(after[:, 30:, :-3], pictures()[:, 28:-2, 3:], atol=1e-5)
    assert np.array_equal(hidden[:, 12:22, 27:42], np.ones((2, 10, 15), bool))


@pytest.mark.parametrize("name", RANGES)
def test_changes_stay_within_their_ranges(name):
    """Around the centre the flow is an affine map; its parts are turned back into numbers."""
    ranges, rng = RANGES[name], np.random.default_rng(1)
    for _ in range(50):
        change = draw_change(SIZE, ranges, rng)
        right = change.flow[0, 1] - change.flow[0, 0] + [1, 0]
        centre = change.flow.reshape(-1, 2).mean(axis=0)
        scale = 1 / np.hypot(*right)
        assert np.abs(centre).max() <= ranges.shift + 1e-3
        assert ranges.scale[0] - 1e-3 <= scale <= ranges.scale[1] + 1e-3
        assert abs(math.degrees(math.atan2(right[1], right[0]))) <= ranges.turn + 0.05
        assert abs(change.brightness - 1) <= ranges.brightness
        assert change.blur in (ranges.blurs or (1,))


@pytest.mark.parametrize("blur", [1, 3, 5])
def test_nothing_of_a_hole_shows(blur):
    flow = np.random.default_rng(2).uniform(-2, 2, (*SIZE, 2)).astype(np.float32)
    change = Change(flow, 1.05, blur)
    loud = np.where(holes()[..., None], np.float32(1e6), pictures())
    after, hidden = change.apply(loud, holes())
    assert np.abs(after[~hidden]).max() < 3
