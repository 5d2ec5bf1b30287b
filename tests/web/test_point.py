from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.web.point import painted, point

SIZE = (72, 96)


@pytest.fixture
def two_discs():
    """A picture (72, 96, 3) with a red disc and a green one, and where they are."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    rng = np.random.default_rng(0)
    picture = rng.integers(90, 110, (*SIZE, 3)).astype(np.uint8)
    red, green = np.hypot(x - 28, y - 36) < 13, np.hypot(x - 68, y - 36) < 13
    picture[red], picture[green] = (210, 40, 40), (30, 160, 60)
    return picture, red, green


def agreement(one, other):
    return (one & other).sum() / (one | other).sum()


def test_a_box_points_at_what_is_in_it_whatever_was_there_before(two_discs):
    picture, red, green = two_discs
    found = point(picture, green, box=(12, 20, 33, 33), inside=[], outside=[])
    assert agreement(found, red) > 0.9


def test_a_click_adds_what_was_missed_and_keeps_the_rest(two_discs):
    picture, red, green = two_discs
    half = red.copy()
    half[:, 30:] = False
    found = point(picture, half | green, box=None, inside=[(36, 36)], outside=[])
    assert agreement(found, red | green) > 0.85
    assert found[36, 36] and found[36, 68]


def test_a_click_beside_takes_away_what_was_too_much(two_discs):
    picture, red, _ = two_discs
    much = red.copy()
    much[28:44, 38:50] = True  # background
    found = point(picture, much, box=None, inside=[], outside=[(46, 36)])
    assert not found[36, 46]
    assert agreement(found, red) > agreement(much, red)


def test_nothing_that_points_anywhere_is_refused(two_discs):
    picture, *_ = two_discs
    with pytest.raises(BadInput, match="nothing points at the object"):
        point(picture, np.zeros(SIZE, bool), box=None, inside=[], outside=[(3, 3)])
    with pytest.raises(BadInput, match="beside the picture"):
        point(picture, np.zeros(SIZE, bool), box=None, inside=[(96, 3)], outside=[])


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 21), st.integers(0, 2**32 - 1))
def test_painted_reads_the_bits_that_a_browser_sends(height, width, seed):
    hole = np.random.default_rng(seed).random((height, width)) > 0.5
    bits = bytearray(-(-height * width // 8))  # the slow twin: bit after bit
    for i, inside in enumerate(hole.ravel()):
        bits[i // 8] |= int(inside) << (7 - i % 8)
    assert (painted(bytes(bits), (height, width)) == hole).all()
    with pytest.raises(BadInput, match="not one bit for each pixel"):
        painted(bytes(bits) + b"\0", (height, width))


def test_what_cuts_out_is_asked_of_boxes_and_first_clicks_but_not_of_corrections(two_discs):
    picture, red, green = two_discs
    asked = []

    def selector(picture, box=None, **given):
        asked.append((box, given["inside"]))
        return red

    told = {"outside": [], "selector": selector}
    assert (point(picture, green, box=(12, 20, 33, 33), inside=[], **told) == red).all()
    assert (point(picture, ~(red | ~red), box=None, inside=[(28, 36)], **told) == red).all()
    point(picture, red, box=None, inside=[(68, 36)], **told)
    assert asked == [((12, 20, 33, 33), []), (None, [(28, 36)])]
