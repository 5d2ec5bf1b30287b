"""Where a frame's ground lies in frames near it, and which frames these are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.masks.ways import AWAY, about, near, shown, ways
from cleanplate.region import Region
from made_panned import noise, panned

SIZE = (96, 128)
BOX = Region(30, 60, 40, 80)


@pytest.mark.parametrize("at", [0, 9, 19])
def test_near_frames_are_of_the_same_shot(at):
    stretch = [noise(7, SIZE) // 2] * 10 + [255 - noise(8, SIZE) // 3] * 10
    mine = range(10) if at < 10 else range(10, 20)
    found = near(stretch, at)
    assert len(found) == sum(at + away in mine for away in AWAY)
    assert all((other == stretch[at]).all() for other in found)


def test_the_nearest_come_first():
    stretch = [np.full((*SIZE, 3), shade, np.uint8) for shade in range(60, 70)]
    assert [int(other[0, 0, 0]) - 64 for other in near(stretch, 4)] == [2, -2, 4, -4]


def fast(step):
    """Return a frame of a pan by 16 pixels a step; its ground is as coarse as pictures are."""
    return panned(step, size=(192, 256), by=16, soft=8)


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (5, 3, 1, 2, 4)])
def test_a_pan_is_found_in_any_order_and_from_far_away(order):
    found = ways(fast(0), [fast(step) for step in order], BOX)
    for step, way in zip(order, found, strict=True):
        x, y, w = way @ [128, 150, 1]
        assert np.allclose([x / w, y / w], [128 + 16 * step, 150], atol=0.7)


def test_that_far_flow_alone_does_not_reach():
    far = ways(fast(0), [fast(5)], BOX)
    assert abs((far[0] @ [128, 150, 1])[0] - 208) > 5


def test_no_others():
    assert ways(panned(0), [], BOX) == []


def test_what_may_belong_to_an_object():
    near_it = about(BOX, SIZE)
    assert near_it[20, 60]
    assert not near_it[5, 5]
    assert not about(Region(0, 90, 0, 128), SIZE).any()


def test_what_another_picture_shows():
    other = cv2.GaussianBlur(noise(3, SIZE), (0, 0), 2)
    way = np.array([[1, 0, 5], [0, 1, 0], [0, 0, 1]], np.float64)
    picture, seen = shown(other, way, np.zeros((*SIZE, 2), np.float32))
    assert (picture[:, :100] == other[:, 5:105]).all()
    assert seen[:, :123].all()
    assert not seen[:, 123:].any()
    up = np.zeros((*SIZE, 2), np.float32)
    up[..., 1] = 3
    assert (shown(other[..., 0], way, up)[0][:90, :100] == other[3:93, 5:105, 0]).all()
