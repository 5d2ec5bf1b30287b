"""The rules that results are compared under."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from cleanplate.report.protocol import PRESETS


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (3, 48, 86, 3), np.uint8)


def test_house_averages_areas(frames):
    small = PRESETS["house"].frames(frames, (24, 43))
    wanted = np.stack([cv2.resize(f, (43, 24), interpolation=cv2.INTER_AREA) for f in frames])
    np.testing.assert_array_equal(small, wanted)


def test_e2fgvi_resizes_as_pillow(frames):
    small = PRESETS["e2fgvi"].frames(frames, (24, 43))
    wanted = np.stack([np.asarray(Image.fromarray(f).resize((43, 24))) for f in frames])
    np.testing.assert_array_equal(small, wanted)


@pytest.mark.parametrize("name", PRESETS)
def test_frames_of_that_size_stay(frames, name):
    assert PRESETS[name].frames(frames, (48, 86)) is frames


def test_holes_grow_by_crosses_where_the_rules_say_so():
    holes = np.zeros((2, 21, 31), bool)
    holes[0, 10, 15] = True
    assert (PRESETS["house"].holes(holes, (21, 31)) == holes).all()
    grown = PRESETS["e2fgvi"].holes(holes, (21, 31))
    rows, columns = np.indices((21, 31))
    np.testing.assert_array_equal(grown[0], np.abs(rows - 10) + np.abs(columns - 15) <= 4)
    assert not grown[1].any()


def test_holes_are_resized_to_the_nearest_pixel():
    holes = np.zeros((1, 40, 60), bool)
    holes[0, 10:20, 20:40] = True
    small = PRESETS["house"].holes(holes, (20, 30))
    assert small.sum() == 5 * 10
    assert small[0, 5:10, 10:20].all()
