"""Colours of flow, against those of the benchmark that can be told by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.flow.draw import colour_wheel, flow_picture, usual_length


def one(dx, dy, largest=1.0):
    picture = flow_picture(np.array([[[dx, dy]]], np.float32), largest=largest)
    assert picture.dtype == np.uint8
    return picture[0, 0].tolist()


def test_the_wheel():
    """Six stretches of 15, 6, 4, 11, 13 and 6 colours, from one pure colour to the next."""
    wheel = colour_wheel()
    assert wheel.shape == (55, 3)
    pure = {0: (1, 0, 0), 15: (1, 1, 0), 21: (0, 1, 0), 25: (0, 1, 1), 36: (0, 0, 1), 49: (1, 0, 1)}
    for place, colour in pure.items():
        assert wheel[place].tolist() == list(colour)
    assert wheel[3] == pytest.approx((1, 3 / 15, 0))
    assert wheel[54] == pytest.approx((1, 0, 1 / 6))


@pytest.mark.parametrize(
    ("dx", "dy", "colour"),
    [
        (0, 0, [255, 255, 255]),
        (1, 0, [255, 0, 0]),
        (1, -0.0, [255, 0, 0]),
        (0, 1, [255, 229, 0]),  # 13.5 of the 54 steps around
        (-1, 0, [0, 208, 255]),  # 27
        (0, -1, [88, 0, 255]),  # 40.5
        (0.5, 0, [255, 127, 127]),
        (2, 0, [191, 0, 0]),
    ],
)
def test_known_colours(dx, dy, colour):
    assert one(dx, dy) == colour
    assert one(3 * dx, 3 * dy, largest=3) == colour


def test_only_direction_tells_the_hue():
    for turn in range(16):
        dx, dy = math.cos(turn * math.pi / 8), math.sin(turn * math.pi / 8)
        full, half = np.array(one(dx, dy, 1.001)), np.array(one(dx / 2, dy / 2))
        np.testing.assert_allclose(255 - half, (255 - full) / 2, atol=1.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.7e9, -1.7e9])
def test_unknown_flow_is_black(value):
    assert one(value, 0) == one(0, value) == [0, 0, 0]


def test_the_usual_length_minds_no_wild_vector():
    flow = np.zeros((20, 20, 2), np.float32)
    flow[:] = 3, -4
    flow[0, 0], flow[0, 1], flow[0, 2] = (500, 0), (np.nan, 0), (1e10, 0)
    assert usual_length(flow) == pytest.approx(5)
    assert usual_length(np.full((2, 2, 2), np.nan, np.float32)) == 0


@pytest.mark.parametrize("largest", [0, -1, float("nan"), float("inf")])
def test_scales_that_are_none(largest):
    with pytest.raises(cp.BadInput, match="Give a number of pixels above 0"):
        flow_picture(np.zeros((1, 1, 2), np.float32), largest=largest)
