"""What moves with the hole: shadows over a moving scene."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.flow.attached import attached_to_hole, hole_centres
from cleanplate.flow.camera import CameraMotion

SIZE = (80, 120)
PAN = (-3.0, 0.5)
OBJECT = (2.0, 0.0)
SHADOW = np.s_[50:56, 40:66]  # below the hole and touching it


def camera(dx, dy, count=1):
    matrix = np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], np.float32)
    return CameraMotion(np.stack([matrix] * count), SIZE)


def scene(shadow=SHADOW):
    hole = np.zeros((1, *SIZE), bool)
    hole[0, 25:50, 45:65] = True
    flow = np.full((1, *SIZE, 2), PAN, np.float32)
    flow += np.random.default_rng(0).normal(0, 0.2, flow.shape).astype(np.float32)
    flow[hole] = OBJECT
    if shadow is not None:
        flow[0][shadow] = OBJECT
    return flow, hole


def test_a_shadow_that_moves_with_the_hole_is_found():
    flow, hole = scene()
    found = attached_to_hole(flow, camera(*PAN), hole, np.array([OBJECT]))
    assert found.dtype == np.bool_
    assert not (found & hole).any()
    truth = np.zeros_like(found)
    truth[0][SHADOW] = True
    np.testing.assert_array_equal(found, truth & ~hole)


def test_without_a_shadow_nothing_is_found():
    flow, hole = scene(shadow=None)
    assert not attached_to_hole(flow, camera(*PAN), hole, np.array([OBJECT])).any()


def test_what_does_not_touch_the_hole_is_something_else():
    flow, hole = scene(shadow=np.s_[56:62, 40:66])
    assert not attached_to_hole(flow, camera(*PAN), hole, np.array([OBJECT])).any()


def test_what_is_far_from_the_hole_is_something_else():
    flow, hole = scene(shadow=np.s_[50:56, 46:120])
    found = attached_to_hole(flow, camera(*PAN), hole, np.array([OBJECT]))
    assert found[0, 50:56, 46:89].all()
    assert not found[0, :, 100:].any()


def test_a_still_hole_under_a_still_camera_tells_nothing():
    """Nobody can tell what hangs on it: all things move alike."""
    flow, hole = scene()
    flow[:] = 0
    flow[0][SHADOW] = (0.3, 0)
    assert not attached_to_hole(flow, camera(0, 0), hole, np.array([[0.0, 0.0]])).any()


def test_a_hole_that_moves_with_the_scene_tells_nothing():
    flow, hole = scene()
    assert not attached_to_hole(flow, camera(*PAN), hole, np.array([PAN])).any()


def test_a_logo_that_stands_still_in_a_pan_takes_along_what_stands_still():
    flow, hole = scene(shadow=None)
    flow[0][SHADOW] = (0, 0)
    found = attached_to_hole(flow, camera(*PAN), hole, np.array([[0.0, 0.0]]))
    assert found[0][SHADOW].any()


def test_frames_without_a_hole_or_a_neighbour():
    flow, hole = scene()
    nan = np.array([[np.nan, np.nan]])
    assert not attached_to_hole(flow, camera(*PAN), hole, nan).any()
    assert not attached_to_hole(flow, camera(*PAN), np.zeros_like(hole), np.array([OBJECT])).any()
    assert attached_to_hole(flow[:0], camera(*PAN), hole[:0], nan[:0]).shape == (0, *SIZE)


def test_centres_of_holes():
    holes = np.zeros((3, 9, 9), bool)
    holes[0, 2:5, 4:9] = True
    holes[2, 8, 0] = True
    centres = hole_centres(holes)
    assert centres[0] == pytest.approx((6, 3))  # x and y
    assert np.isnan(centres[1]).all()
    assert centres[2] == pytest.approx((0, 8))
