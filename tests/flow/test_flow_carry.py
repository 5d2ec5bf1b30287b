"""Motion that is carried into holes."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.flow.camera import CameraMotion
from cleanplate.flow.carry import Carried, carry, turned

SIZE = (9, 14)


def shifts(*by):
    """The motion of a camera that makes everything move so, (dx, dy) each."""
    matrices = np.stack([np.eye(3, dtype=np.float32)] * len(by))
    matrices[:, :2, 2] = by
    return CameraMotion(matrices, SIZE)


def land_slowly(flow, steps, camera, sign, landed, taken):
    """The twin: ask every lost pixel which of all pixels land on it."""
    rows, columns = np.indices(SIZE)
    to_x = np.floor(columns + (flow + camera)[..., 0] + 0.5)
    to_y = np.floor(rows + (flow + camera)[..., 1] + 0.5)
    for y, x in zip(*np.nonzero(taken), strict=True):
        there = np.flatnonzero((to_x == x) & (to_y == y) & (steps >= 0))
        if len(there):
            best = min(there, key=lambda place: (steps.flat[place], place))
            landed[y, x] = sign * flow.reshape(-1, 2)[best]
            taken[y, x] = steps.flat[best] + 1


def case(seed):
    rng = np.random.default_rng(seed)
    flow = rng.normal(0, 1.5, (5, *SIZE, 2)).astype(np.float32)
    lost = np.zeros((5, *SIZE), bool)
    lost[:, 2:7, 3:10] = True
    lost[2] = False
    lost[4] |= rng.random(SIZE) < 0.3
    return flow, shifts(*rng.normal(0, 1, (5, 2))), lost


def same(ours: Carried, flow, steps):
    np.testing.assert_array_equal(ours.steps, steps)
    np.testing.assert_array_equal(ours.flow, flow)


@pytest.mark.parametrize("towards", [1, -1])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_slow_twin(seed, towards):
    flow, camera, lost = case(seed)
    ours = carry(flow, camera, lost, towards=towards)
    slow, steps = flow.copy(), -lost.astype(np.int32)
    for t in list(range(5))[::towards][1:]:
        before = t - towards
        land_slowly(slow[before], steps[before], camera[before], 1, slow[t], steps[t])
    same(ours, slow, steps)
    back = turned(ours, camera, flow, lost)
    other, others = flow.copy(), -lost.astype(np.int32)
    for t in range(5):
        land_slowly(slow[t], steps[t], camera[t], -1, other[t], others[t])
    same(back, other, others)


def test_a_thing_moves_on_inside_the_hole():
    """Beside a camera that moves by one pixel, it moves by two more."""
    flow, lost = np.zeros((4, *SIZE, 2), np.float32), np.zeros((4, *SIZE), bool)
    lost[1:, :, 3:] = lost[:, 0] = True  # what is in no frame comes from nowhere
    flow[0, 4, 2] = (2, 0)
    found = carry(flow, shifts(*[(1, 0)] * 4), lost, towards=1)
    for t in (1, 2, 3):
        assert found.steps[t, 4, 2 + 3 * t] == t
        assert tuple(found.flow[t, 4, 2 + 3 * t]) == (2, 0)
    assert (found.steps[:, 0] == -1).all()
    assert not found.steps[0, 1:].any()


def test_the_nearer_in_time_wins():
    flow, lost = np.zeros((3, *SIZE, 2), np.float32), np.zeros((3, *SIZE), bool)
    lost[1, 4, 5] = lost[2, 4, 5] = True
    flow[0, 4, 5] = (0.25, 0)  # stays where it is, for two frames
    flow[1, 4, 8] = (-3, 0)  # comes in one
    found = carry(flow, shifts(*[(0, 0)] * 3), lost, towards=1)
    assert tuple(found.flow[2, 4, 5]) == (-3, 0)
    assert found.steps[2, 4, 5] == 1


def test_what_was_given_is_not_changed_and_may_be_of_no_frame_or_no_end():
    flow, camera, lost = case(0)
    flow[0, 0, 0] = (3e30, -3e30)
    before = flow.copy()
    carry(flow, camera, lost, towards=1)
    np.testing.assert_array_equal(flow, before)
    nothing = carry(flow[:0], camera, lost[:0], towards=-1)
    assert nothing.steps.shape == (0, *SIZE)
