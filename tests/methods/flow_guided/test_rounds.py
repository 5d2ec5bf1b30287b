"""What the motion of the whole frame leads to, and what crosses its way."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.flow.behind import Clip, Motion
from cleanplate.flow.camera import CameraMotion
from cleanplate.methods.flow_guided.rounds import STRAY, trace

COUNT, SIZE, SPEED = 12, (48, 80), 4
BLOCK = (slice(12, 30), slice(50, 62))  # stands beside the hole while the ground goes by
HOLE = (slice(16, 40), slice(20, 50))


@pytest.fixture(scope="module")
def crossed():
    """A ground that goes to the right, and a block that stands where part of it leaves the hole."""
    holes = np.zeros((COUNT, *SIZE), np.bool_)
    holes[(slice(None), *HOLE)] = True
    right = np.tile(np.float32([[1, 0, SPEED], [0, 1, 0], [0, 0, 1]]), (COUNT - 1, 1, 1))
    camera = CameraMotion(right, SIZE), CameraMotion(np.linalg.inv(right).astype("f4"), SIZE)
    flows = [np.stack([*each]) for each in camera]
    for flow in flows:
        flow[(slice(None), *BLOCK)] = 0
    return Clip(np.zeros((*holes.shape, 3), np.uint8), holes), Motion(*flows, *camera)


def landed(sources, place):
    """Say which of the sources lie in a part of the picture, pixels and their neighbours."""
    rows, columns = np.rint(sources.y), np.rint(sources.x)
    inside = (rows >= place[0].start) & (rows < place[0].stop)
    inside &= (columns >= place[1].start) & (columns < place[1].stop)
    return (sources.frame >= 0) & inside


@pytest.mark.parametrize("stray", [1.0, STRAY])
def test_what_crosses_the_way_is_no_source(crossed, stray):
    clip, motion = crossed
    all_ways, ways = trace(clip, motion, stray=np.inf), trace(clip, motion, stray=stray)
    for t in range(COUNT - 8):
        before, after = all_ways.camera_future[t], ways.camera_future[t]
        misled = landed(before, BLOCK)
        assert misled.any()
        assert not landed(after, BLOCK).any()
        free = np.nonzero(clip.holes[t])[0] >= BLOCK[0].stop + 1  # passes below the block
        assert (after.frame[free] == before.frame[free]).all()
        assert (after.frame[free] >= 0).any()


def test_one_frame_alone_has_no_motion():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (1, *SIZE, 3), np.uint8)
    hole = np.zeros((1, *SIZE), np.bool_)
    hole[(slice(None), *HOLE)] = True
    filled = cp.fill(frame, hole)
    assert np.array_equal(filled[~hole], frame[~hole])
