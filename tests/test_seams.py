"""Seams: steps of exposure are evened out, steps of contents are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.seams import edge_correction

HOLE = np.zeros((70, 90), bool)
HOLE[20:50, 25:65] = True
COUNT = int(HOLE.sum())
EVERYTHING = np.ones(COUNT, bool)


@pytest.fixture(scope="module")
def picture(pan):
    return cv2.blur(pan(1, (0, 0), size=HOLE.shape)[0], (3, 3))


def under(picture):
    return picture[HOLE].astype(np.float32)


def test_a_fill_that_fits_is_left_as_it_is(picture):
    flat = np.full_like(picture, 120)
    assert np.abs(edge_correction(under(flat), EVERYTHING, flat, HOLE)).max() < 1e-3
    # What a photograph itself does across the edge of the hole is no seam.
    correction = edge_correction(under(picture), EVERYTHING, picture, HOLE)
    assert np.abs(correction).mean() < 4


@pytest.mark.parametrize("step", [10, -10, 4])
def test_a_step_of_exposure_is_removed(picture, step):
    flat = np.full_like(picture, 120)
    correction = edge_correction(under(flat) + step, EVERYTHING, flat, HOLE)
    assert np.abs(correction + step).max() < 0.25 * abs(step)
    own = edge_correction(under(picture), EVERYTHING, picture, HOLE)
    shifted = edge_correction(under(picture) + step, EVERYTHING, picture, HOLE)
    # On a photograph about half: some of the steps at its edge are contents.
    assert 0.4 < (shifted - own).mean() / -step < 1.1


def test_each_channel_has_its_own_step():
    flat = np.full((*HOLE.shape, 3), 120, np.uint8)
    step = np.array([6, 0, -6], np.float32)
    correction = edge_correction(under(flat) + step, EVERYTHING, flat, HOLE)
    np.testing.assert_allclose(correction.mean(axis=0), -step, atol=1)


@pytest.mark.parametrize("step", [80, -100])
def test_a_step_of_contents_is_left_alone(step):
    flat = np.full((*HOLE.shape, 3), 120, np.uint8)
    correction = edge_correction(under(flat) + step, EVERYTHING, flat, HOLE)
    assert np.abs(correction).max() < 1


def test_a_step_at_one_side_fades_into_the_hole():
    """Brighter by 10 at the left edge alone: the correction falls off from left to right."""
    flat = np.full((*HOLE.shape, 3), 120, np.uint8)
    columns = np.nonzero(HOLE)[1]
    fill = under(flat) + 10 * (1 - (columns[:, None] - 25) / 39).astype(np.float32)
    correction = np.zeros(HOLE.shape)
    correction[HOLE] = edge_correction(fill, EVERYTHING, flat, HOLE)[:, 0]
    middle = correction[35, 25:65]
    assert middle[0] < -6
    assert abs(middle[-1]) < 2
    assert (np.diff(middle) > -0.3).all()


def test_what_lies_under_the_hole_has_no_influence(picture):
    other = np.where(HOLE[..., None], 255 - picture, picture)
    first, second = (edge_correction(under(picture) + 9, EVERYTHING, p, HOLE)
                     for p in (picture, other))  # fmt: skip
    np.testing.assert_array_equal(first, second)


def test_pixels_without_a_fill_say_nothing(picture):
    """Those not shown hold rubbish: it does not count, at the edge or inside."""
    shown = np.nonzero(HOLE)[1] < 45
    fill = under(picture) + 9
    rubbish = np.where(shown[:, None], fill, np.float32(1e6))
    first, second = (edge_correction(f, shown, picture, HOLE) for f in (fill, rubbish))
    np.testing.assert_array_equal(first, second)
    nobody = edge_correction(fill, np.zeros(COUNT, bool), picture, HOLE)
    assert not nobody.any()


def test_without_an_edge_or_a_hole_there_is_nothing_to_meet(picture):
    full = np.ones(HOLE.shape, bool)
    fill = picture.reshape(-1, 3).astype(np.float32)
    correction = edge_correction(fill, np.ones(len(fill), bool), picture, full)
    assert correction.shape == fill.shape
    assert not correction.any()
    empty = np.zeros((0, 3), np.float32)
    assert edge_correction(empty, np.zeros(0, bool), picture, ~full).shape == (0, 3)
