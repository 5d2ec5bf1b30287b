"""Which frame serves the most unseen pixels."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.flow.behind import Motion
from cleanplate.flow.camera import CameraMotion
from cleanplate.methods.flow_guided.keys import served
from cleanplate.propagate import Sources
from cleanplate.video import UNSEEN

SIZE = (20, 30)


def motion_of(flow, count):
    forward = np.full((count - 1, *SIZE, 2), flow, np.float32)
    camera = CameraMotion(np.tile(np.eye(3, dtype=np.float32), (count - 1, 1, 1)), SIZE)
    return Motion(forward, -forward, camera, camera)


def sources_of(holes, lost):
    """Of the hole's pixels those that are lost have none."""
    result = []
    for hole, mask in zip(holes, lost, strict=True):
        nothing = np.zeros(int(hole.sum()), np.float32)
        frame = np.where(mask[hole], UNSEEN, 0).astype(np.int32)
        result.append(Sources(frame, nothing, nothing, nothing))
    return result


def box(count, *places):
    holes = np.zeros((count, *SIZE), bool)
    for t, (top, left) in enumerate(places):
        holes[t, top : top + 4, left : left + 5] = True
    return holes


def serves(flow, holes, lost=None):
    lost = holes if lost is None else lost
    return served(motion_of(flow, len(holes)), holes, sources_of(holes, lost))


def test_the_middle_of_what_does_not_move_serves_the_most():
    """All frames serve all pixels, but ways from the middle are the shortest."""
    found = serves((0, 0), box(5, *[(8, 10)] * 5))
    assert found.argmax() == 2
    np.testing.assert_allclose(found, found[::-1])
    np.testing.assert_allclose(found[0], 20 * (0.99 ** np.arange(5)).sum(), rtol=1e-5)


@pytest.mark.parametrize("flow", [(2, -1), (-1.6, 0.7)], ids=str)
def test_ways_are_followed_where_the_scene_moves(flow):
    places = [(8 + round(flow[1] * t), 10 + round(flow[0] * t)) for t in range(4)]
    found = serves(flow, box(4, *places))
    assert found[1] > 20 * 3  # what is rounded misses some
    assert found[1] <= 20 * (1 + 2 * 0.99 + 0.99**2) + 1e-3


def test_ways_end_where_they_leave_the_picture():
    """Each frame shows five columns fewer of what the first one shows."""
    lost = np.ones((3, *SIZE), bool)
    found = serves((5, 0), lost)
    height, width = SIZE
    whole = height * width
    forth = [0, height * (width - 5) * 0.99]
    forth.append(0.99 * (height * (width - 5) + height * (width - 10) * 0.99))
    np.testing.assert_allclose(found, whole + np.add(forth, forth[::-1]), rtol=1e-5)


def test_only_what_is_unseen_counts():
    """Three fifths of the second box are seen: ways end there, and they are no frame's to serve."""
    holes = box(3, *[(8, 10)] * 3)
    lost = holes.copy()
    lost[1, :, 12:] = False
    found = serves((0, 0), holes, lost)
    np.testing.assert_allclose(found[1], 8 + 2 * 8 * 0.99, rtol=1e-5)
    np.testing.assert_allclose(found[0], 20 + 8 * (0.99 + 0.99**2), rtol=1e-5)
    assert (serves((0, 0), holes, np.zeros_like(holes)) == 0).all()


def test_a_single_frame_serves_itself():
    assert serves((0, 0), box(1, (2, 3))).tolist() == [20]
