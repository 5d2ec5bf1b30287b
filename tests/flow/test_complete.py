"""Completion of the flow inside the hole."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.flow.camera import CameraMotion, camera_motion
from cleanplate.flow.complete import Effort, complete_flow

SIZE = (60, 80)
COUNT = 6


def at_rest(count=COUNT - 1, size=SIZE):
    return CameraMotion(np.stack([np.eye(3, dtype=np.float32)] * count), size)


def hole(count=COUNT):
    holes = np.zeros((count, *SIZE), bool)
    holes[:, 20:40, 30:55] = True
    return holes


def complete(forward, backward, holes, camera=None, effort=None):
    """Complete with rubbish under the hole; returns new arrays."""
    doubtful = holes[:-1], holes[1:]
    given = [
        np.where(unknown[..., None], np.float32(1e3), flow).astype(np.float32)
        for flow, unknown in zip((forward, backward), doubtful, strict=True)
    ]
    return complete_flow(
        *given, camera or (at_rest(), at_rest()), doubtful, effort=effort or Effort()
    )


def affine(scale=0.02):
    rows, columns = np.indices(SIZE, np.float32)
    flow = np.stack([2 + scale * (columns - 40), 1 - scale * (rows - 30)], axis=-1)
    return np.stack([flow] * (COUNT - 1))


@pytest.mark.parametrize("effort", [Effort(), Effort(edge_sweeps=5, passes=2, sweeps=4)])
def test_a_constant_flow_is_completed(effort):
    flow = np.full((COUNT - 1, *SIZE, 2), (3.25, -1.5), np.float32)
    for done in complete(flow, -flow, hole(), effort=effort):
        sign = np.sign(done[0, 0, 0, 0])
        np.testing.assert_allclose(done, sign * flow, atol=1e-3)


def test_an_affine_flow_is_completed():
    """A zoom that changes by 0.5 pixels over the hole, without the camera's help."""
    flow = affine()
    forward, backward = complete(flow, -flow, hole())
    assert np.abs(forward - flow)[:, 20:40, 30:55].max() < 0.1
    assert np.abs(backward + flow)[:, 20:40, 30:55].max() < 0.1


def test_an_affine_flow_is_completed_exactly_by_the_camera():
    flow = affine()
    camera = camera_motion(flow, hole()[:-1]), camera_motion(-flow, hole()[1:])
    forward, backward = complete(flow, -flow, hole(), camera)
    np.testing.assert_allclose(forward, flow, atol=0.02)
    np.testing.assert_allclose(backward, -flow, atol=0.02)


def test_known_flow_is_left_to_float_rounding():
    rng = np.random.default_rng(0)
    forward, backward = rng.normal(0, 5, (2, COUNT - 1, *SIZE, 2)).astype(np.float32)
    motion = CameraMotion(
        np.stack([np.array([[1.1, 0, 9], [0, 0.9, -7], [0, 0, 1]], np.float32)] * (COUNT - 1)), SIZE
    )
    before = forward.copy(), backward.copy()
    after = complete(forward, backward, hole(), (motion, motion))
    np.testing.assert_allclose(after[0][~hole()[:-1]], before[0][~hole()[:-1]], atol=1e-5)
    np.testing.assert_allclose(after[1][~hole()[1:]], before[1][~hole()[1:]], atol=1e-5)


def test_what_lies_under_the_hole_has_no_influence():
    flow, holes = affine(), hole()
    results = []
    for rubbish in (1e3, -77.0):
        under = np.where(holes[:-1, ..., None], np.float32(rubbish), flow).astype(np.float32)
        back = np.where(holes[1:, ..., None], np.float32(rubbish), -flow).astype(np.float32)
        doubtful = holes[:-1], holes[1:]
        camera = at_rest(), at_rest()
        results.append(complete_flow(under, back, camera, doubtful, effort=Effort()))
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


def test_time_tells_what_the_edge_of_the_hole_does_not():
    """A patch moves through a still scene, wholly inside the hole in the middle frame.

    It is seen before and after. From the edge alone its motion would be nought.
    """
    flow = np.zeros((COUNT - 1, *SIZE, 2), np.float32)
    holes = np.zeros((COUNT, *SIZE), bool)
    holes[2:4, 15:45, 20:60] = True  # both ends of the pair in the middle
    places = [np.s_[25:35, 26 + 4 * t : 40 + 4 * t] for t in range(COUNT)]
    for t in range(COUNT - 1):
        flow[t][places[t]] = (4, 0)
    back = np.zeros_like(flow)
    for t in range(COUNT - 1):
        back[t][places[t + 1]] = (-4, 0)
    by_edge, _ = complete(flow, back, holes, effort=Effort(passes=0))
    by_time, _ = complete(flow, back, holes)
    assert np.abs(by_edge[2][places[2]]).max() < 0.5
    # The motion of the patch at t = 2 is that of the pairs before and after, along the motion.
    assert by_time[2][places[2]][..., 0].mean() > by_edge[2][places[2]][..., 0].mean() + 0.2


def test_whole_frames_and_single_pixels_without_any_flow():
    """Nothing is known anywhere: at rest, and no division by nothing."""
    for size in ((1, 1), (1, 2), (5, 7)):
        for count in (1, 3):
            forward = np.ones((count, *size, 2), np.float32)
            unknown = np.ones((count, *size), bool)
            camera = at_rest(count, size), at_rest(count, size)
            done = complete_flow(
                forward, forward.copy(), camera, (unknown, unknown), effort=Effort()
            )
            assert not np.any(done)


def test_no_pairs_are_left_as_they_are():
    nothing = np.zeros((0, *SIZE, 2), np.float32)
    none = np.zeros((0, *SIZE), bool)
    done = complete_flow(nothing, nothing, (at_rest(1), at_rest(1)), (none, none), effort=Effort())
    assert [f.shape for f in done] == [nothing.shape] * 2


def resting(*rests):
    return CameraMotion(np.stack([np.eye(3, dtype=np.float32)] * len(rests)), SIZE, np.array(rests))


def by_pairs(*sizes):
    """A flow that is the same everywhere in each pair of frames, to the right and downwards."""
    lengths = np.array(sizes, np.float32)[:, None, None, None]
    return lengths * np.broadcast_to(np.float32([0.6, 0.8]), (len(sizes), *SIZE, 2))


@pytest.mark.parametrize("size", [0.05, 0.1, 0.14])
def test_what_hardly_moves_does_not_where_the_camera_rests(size):
    """It is noise, and would add up: gone from the holes, left alone outside."""
    flow, holes = by_pairs(*[size] * (COUNT - 1)), hole()
    camera = resting(*[True] * (COUNT - 1))
    for done, sign, unknown in zip(
        complete(flow, -flow, holes, (camera, camera)),
        (1, -1),
        (holes[:-1], holes[1:]),
        strict=True,
    ):
        assert not done[unknown].any()
        np.testing.assert_array_equal(done[~unknown], sign * flow[~unknown])


@pytest.mark.parametrize("size", [2, 10])
def test_what_really_moves_goes_on_where_the_camera_rests(size):
    flow = by_pairs(*[size] * (COUNT - 1))
    camera = resting(*[True] * (COUNT - 1))
    for done, sign in zip(complete(flow, -flow, hole(), (camera, camera)), (1, -1), strict=True):
        np.testing.assert_allclose(done, sign * flow, rtol=0.02)


def test_only_where_the_camera_rests_does_small_motion_vanish():
    flow, holes = by_pairs(*[0.1] * (COUNT - 1)), hole()
    rests = [True, True, False, False, True]
    for done, unknown in zip(
        complete(flow, -flow, holes, (resting(*rests), resting(*rests))),
        (holes[:-1], holes[1:]),
        strict=True,
    ):
        for t, at_ease in enumerate(rests):
            inside = np.linalg.norm(done[t][unknown[t]], axis=-1)
            np.testing.assert_allclose(inside, 0 if at_ease else 0.1, atol=1e-3)
