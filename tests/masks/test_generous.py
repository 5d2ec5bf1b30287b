"""From soft masks to holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.masks import grow
from cleanplate.masks.generous import check_growth, generous, growth_of, hole_of


def disc(radius, size=(120, 160)):
    y, x = np.ogrid[: size[0], : size[1]]
    return ((y - 60) ** 2 + (x - 80) ** 2 <= radius**2).astype(np.float32)


@pytest.mark.parametrize(("trust", "least", "most"), [(1.0, 1.3, 1.7), (0.0, 1.7, 2.2)])
def test_growth_follows_the_area(trust, least, most):
    mask = disc(12)
    grown = generous(mask, trust)
    assert (grown >= (mask > 0.5)).all()
    assert least <= grown.sum() / mask.sum() <= most


def test_likely_pixels_come_first():
    mask = disc(20)
    mask[:, 100:] = np.maximum(mask[:, 100:], 0.4)
    columns = np.flatnonzero(generous(mask, 1.0)[60])
    assert columns[-1] - 100 >= 1.5 * (60 - columns[0])  # beyond the disc, on either side


@given(st.integers(0, 99))
def test_growth_never_loses_a_pixel(seed):
    soft = np.random.default_rng(seed).random((12, 17), np.float32)
    assert (generous(soft, 0.5) >= (soft > 0.5)).all()


def test_nothing_stays_nothing():
    assert not generous(np.zeros((9, 9), np.float32), 0.0).any()


def test_pixels_are_those_of_grow():
    mask = disc(10)
    assert (hole_of(mask, mask.shape, 3) == grow(mask > 0.5, 3)).all()


def test_a_hole_of_another_size_lies_in_the_same_place():
    large = hole_of(disc(20), (240, 320), 0)
    wanted = disc(41, (240, 320))
    wanted = np.roll(wanted, (60, 80), (0, 1)) > 0.5
    assert (large & wanted).sum() / (large | wanted).sum() > 0.95


def test_words():
    assert growth_of("auto") == "auto"
    assert growth_of("12") == 12
    for wrong in ("-3", "much", "", "1e3"):
        with pytest.raises(BadInput, match="Give auto, or a number"):
            growth_of(wrong)
    with pytest.raises(BadInput, match="whole number"):
        check_growth(-1)
