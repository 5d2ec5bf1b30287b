"""What moves beside the camera."""

from __future__ import annotations

import numpy as np

from cleanplate.masks.stirred import as_colours, how_far, stirred
from cleanplate.region import Region
from made_panned import panned

BOX = Region(30, 60, 40, 80)


def test_what_goes_its_own_way_stands_out():
    moved = stirred(panned(0), [panned(1)], BOX)
    far = how_far(moved[0])
    assert far[38:52, 52:68].mean() > 2 * far[5:25, 10:110].mean()
    assert np.median(moved[0][38:52, 52:68, 0]) < 0


def test_no_other_frame_shows_nothing():
    assert stirred(panned(0), [], BOX) == []


def test_a_box_around_everything_still_tells():
    whole = Region(0, 96, 0, 128)
    assert np.isfinite(stirred(panned(0), [panned(1)], whole)[0]).all()


def test_motion_as_colours_tells_directions_apart():
    motion = np.array([[[3, 0], [-3, 0], [0, 3], [0, 0]]], np.float32)
    assert len({tuple(colour) for colour in as_colours(motion)[0].tolist()}) == 4
