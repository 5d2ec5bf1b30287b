"""The motion of the whole frame, from flow of which much is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.flow.camera import CameraMotion, camera_motion

SIZE = (90, 120)
ZOOM_AND_ROLL = np.array([[1.02, -0.015, 3.2], [0.015, 1.02, -1.7], [2e-5, -3e-5, 1.0]])


def field(matrix, size=SIZE):
    """The homography's flow, in float64."""
    rows, columns = np.indices(size, np.float64)
    x, y, w = np.tensordot(matrix, np.stack([columns, rows, np.ones(size)]), axes=1)
    return np.stack([x / w - columns, y / w - rows], axis=-1)


def test_the_field_of_a_homography():
    motion = CameraMotion(np.stack([np.eye(3), ZOOM_AND_ROLL]).astype(np.float32), SIZE)
    assert len(motion) == 2
    assert not motion[0].any()
    np.testing.assert_allclose(motion[1], field(ZOOM_AND_ROLL), atol=1e-3)
    assert motion[1].dtype == np.float32
    assert [f.shape for f in motion] == [(*SIZE, 2)] * 2  # it ends, as a sequence does


def test_the_flow_at_some_pixels_is_that_of_the_field():
    motion = CameraMotion(np.stack([np.eye(3), ZOOM_AND_ROLL]).astype(np.float32), SIZE)
    rows, columns = np.array([0, 7, 89]), np.array([119, 3, 60])
    np.testing.assert_array_equal(motion.at(1, rows, columns), motion[1][rows, columns])
    assert motion.at(0, rows[:0], columns[:0]).shape == (0, 2)


def test_a_homography_is_found_among_30_per_cent_of_outliers():
    rng = np.random.default_rng(0)
    truth = field(ZOOM_AND_ROLL)
    flow = truth + rng.normal(0, 0.05, truth.shape)
    wrong = rng.random(SIZE) < 0.3
    flow[wrong] = rng.uniform(-15, 15, (wrong.sum(), 2))
    motion = camera_motion(flow[None].astype(np.float32), np.zeros((1, *SIZE), bool))
    assert np.linalg.norm(motion[0] - truth, axis=-1).max() < 0.3


def test_what_is_doubtful_has_no_vote():
    """Most of the frame moves otherwise, but it is marked."""
    truth = field(ZOOM_AND_ROLL)
    flow, doubtful = truth.copy(), np.zeros(SIZE, bool)
    doubtful[:, 35:] = True
    flow[doubtful] = (-6, 4)
    motion = camera_motion(flow[None].astype(np.float32), doubtful[None])
    assert np.linalg.norm(motion[0] - truth, axis=-1)[:, :35].max() < 0.1
    flow[doubtful] = np.nan
    motion = camera_motion(flow[None].astype(np.float32), doubtful[None])
    assert np.isfinite(motion[0]).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 24)])
def test_too_few_votes_are_a_camera_at_rest(size):
    motion = camera_motion(np.full((2, *size, 2), 3, np.float32), np.zeros((2, *size), bool))
    assert len(motion) == 2
    assert not motion[1].any()


def test_a_frame_that_is_all_doubtful_is_at_rest():
    motion = camera_motion(np.full((1, *SIZE, 2), 3, np.float32), np.ones((1, *SIZE), bool))
    assert not motion[0].any()


def test_noise_gives_no_wild_camera():
    """No agreement at all: what is found keeps the picture in front of the camera."""
    rng = np.random.default_rng(1)
    flow = rng.uniform(-60, 60, (5, *SIZE, 2)).astype(np.float32)
    for moved in camera_motion(flow, np.zeros((5, *SIZE), bool)):
        assert np.isfinite(moved).all()


def test_no_pairs_have_no_motion():
    nothing = camera_motion(np.zeros((0, 5, 7, 2), np.float32), np.zeros((0, 5, 7), bool))
    assert len(nothing) == 0


def test_where_it_is_known_to_rest_it_does_not_move_at_all():
    """... whatever the flow says: what it says of the other pairs is heard as before."""
    truth = np.stack([field(ZOOM_AND_ROLL).astype(np.float32)] * 3)
    nothing, rests = np.zeros((3, *SIZE), bool), np.array([True, False, True])
    motion = camera_motion(truth, nothing, rests)
    assert not motion[0].any()
    assert not motion[2].any()
    np.testing.assert_array_equal(motion[1], camera_motion(truth, nothing)[1])
    assert np.linalg.norm(motion[1] - truth[1], axis=-1).max() < 0.1
    assert motion.rests.tolist() == rests.tolist()


def test_a_camera_is_not_known_to_rest_unless_told():
    flow = np.zeros((3, *SIZE, 2), np.float32)
    for motion in (
        camera_motion(flow, np.zeros((3, *SIZE), bool)),
        CameraMotion(np.stack([np.eye(3, dtype=np.float32)] * 3), SIZE),
    ):
        assert motion.rests.dtype == np.bool_
        assert motion.rests.tolist() == [False] * 3


def test_the_motion_of_a_resized_picture_is_the_resized_motion():
    """A flow of half the size, at what is the same place: corners meet, not centres."""
    matrix = np.array([[1.1, 0.05, 4], [-0.02, 0.95, -3], [1e-4, 2e-4, 1]], np.float32)
    large = CameraMotion(matrix[None], (40, 60))
    for size in ((20, 30), (20, 20)):
        small = large.resized(size)[0]
        rows, columns = np.indices(size)
        down, across = 40 / size[0], 60 / size[1]
        places = (rows + 0.5) * down - 0.5, (columns + 0.5) * across - 0.5
        homogeneous = np.stack([places[1], places[0], np.ones(size)], axis=-1) @ matrix.T
        there = homogeneous[..., :2] / homogeneous[..., 2:]
        expected = (there - np.stack([places[1], places[0]], axis=-1)) / [across, down]
        np.testing.assert_allclose(small, expected, atol=1e-3)
