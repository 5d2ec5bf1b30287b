"""Inventing from patches of the same picture."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.methods.flow_guided.patches import patch_sources


def tiles(size=(60, 72)):
    """A pattern that repeats every 12 pixels."""
    cell = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    return np.tile(cell, (size[0] // 12, size[1] // 12, 1))


def middle(size=(60, 72)):
    unknown = np.zeros(size, bool)
    unknown[22:38, 28:46] = True
    return unknown


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_sources_are_known_pixels(seed):
    picture, unknown = tiles(), middle()
    field = patch_sources(picture, unknown, seed=seed)
    assert field.shape == (60, 72, 2)
    assert (field[~unknown] == -1).all()
    rows, columns = field[unknown].T
    assert not unknown[rows, columns].any()


def test_a_pattern_goes_on():
    picture, unknown = tiles(), middle()
    rows, columns = patch_sources(picture, unknown, seed=0)[unknown].T
    error = np.abs(picture[rows, columns].astype(int) - picture[unknown]).mean()
    assert error < 20  # of about 85 between pixels taken at random


def test_what_is_smooth_is_not_drawn_into_what_is_not():
    """Beside the texture lies its mean colour, which a smooth first guess would be most like."""
    picture, unknown = tiles((96, 144)), np.zeros((96, 144), bool)
    picture[:, 84:] = picture[:, :84].mean(axis=(0, 1))
    unknown[24:64, 20:60] = True
    columns = patch_sources(picture, unknown, seed=0)[unknown][:, 1]
    assert (columns < 84).mean() > 0.9


def test_of_patches_as_good_the_near_ones_are_taken():
    picture = np.full((40, 90, 3), 100, np.uint8)
    unknown = np.zeros((40, 90), bool)
    unknown[16:24, 8:16] = True
    columns = patch_sources(picture, unknown, seed=0)[unknown][:, 1]
    assert columns.max() < 40


def test_what_lies_under_the_unknown_has_no_influence():
    picture, unknown = tiles(), middle()
    other = np.where(unknown[..., None], 255 - picture, picture)
    np.testing.assert_array_equal(
        patch_sources(picture, unknown, seed=3), patch_sources(other, unknown, seed=3)
    )


def test_the_same_seed_gives_the_same_field_and_another_seed_another():
    """Where there are too many known patches for all to be looked at."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 132, 3), np.uint8)
    first, again, other = (patch_sources(noise, middle((120, 132)), seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_a_whole_known_patch_there_is_nothing_to_copy():
    for size in ((1, 1), (5, 7), (6, 60)):
        unknown = np.zeros(size, bool)
        unknown[0, 0] = True
        assert patch_sources(np.zeros((*size, 3), np.uint8), unknown, seed=0) is None
    full = np.ones((40, 40), bool)
    assert patch_sources(np.zeros((40, 40, 3), np.uint8), full, seed=0) is None


@pytest.mark.parametrize("size", [(7, 7), (8, 9), (25, 49), (51, 24)])
def test_small_and_odd_pictures(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    unknown = np.zeros(size, bool)
    unknown[-1:, -1:] = True
    unknown[-size[0] // 3 :, : max(size[1] - 8, 0)] = True
    field = patch_sources(picture, unknown, seed=0)
    if field is not None:
        rows, columns = field[unknown].T
        assert not unknown[rows, columns].any()
