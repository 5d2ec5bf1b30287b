"""What moves beside the camera, and which frames show it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.masks.stirred import AWAY, as_colours, how_far, near, stirred
from cleanplate.region import Region

SIZE = (96, 128)
BOX = Region(30, 60, 40, 80)


def noise(seed, size=SIZE):
    rng = np.random.default_rng(seed)
    plane = cv2.GaussianBlur(rng.normal(0, 1, (*size, 3)), (0, 0), 2)
    return np.clip(128 + 400 * plane, 0, 255).astype(np.uint8)


def scene(step):
    """A ground that is panned by two pixels a frame, and a thing on it that goes the other way."""
    picture = np.roll(noise(1), 2 * step, axis=1)
    thing = noise(2)
    picture[34:56, 48 - 2 * step : 72 - 2 * step] = thing[34:56, 48:72]
    return picture


def test_what_goes_its_own_way_stands_out():
    moved = stirred(scene(0), [scene(1)], BOX)
    far = how_far(moved[0])
    assert far[38:52, 52:68].mean() > 2 * far[5:25, 10:110].mean()
    assert np.median(moved[0][38:52, 52:68, 0]) < 0


def test_no_other_frame_shows_nothing():
    assert stirred(scene(0), [], BOX) == []


def test_a_box_around_everything_still_tells():
    whole = Region(0, SIZE[0], 0, SIZE[1])
    assert np.isfinite(stirred(scene(0), [scene(1)], whole)[0]).all()


@pytest.mark.parametrize("at", [0, 9, 19])
def test_near_frames_are_of_the_same_shot(at):
    stretch = [noise(7) // 2] * 10 + [255 - noise(8) // 3] * 10
    mine = range(10) if at < 10 else range(10, 20)
    found = near(stretch, at)
    assert len(found) == sum(at + away in mine for away in AWAY)
    assert all((other == stretch[at]).all() for other in found)


def test_motion_as_colours_tells_directions_apart():
    motion = np.array([[[3, 0], [-3, 0], [0, 3], [0, 0]]], np.float32)
    assert len({tuple(colour) for colour in as_colours(motion)[0].tolist()}) == 4
