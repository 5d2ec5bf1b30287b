"""The fills that know nothing of motion, against slow twins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.video import KNOWN, UNSEEN

BOX = (slice(10, 20), slice(12, 26))


def clip(count=5, dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max + 1, (count, 32, 40, 3), dtype=dtype)


@pytest.mark.parametrize(("name", "how"), [("telea", cv2.INPAINT_TELEA), ("ns", cv2.INPAINT_NS)])
def test_frame_by_frame_as_opencv_does(name, how):
    frames, hole = clip(3), np.zeros((32, 40), bool)
    hole[BOX] = True
    filled = cp.fill(frames, hole, method=name, provenance=True)
    for frame, result in zip(frames, filled.frames, strict=True):
        wanted = cv2.inpaint(frame, hole.astype(np.uint8), 3, how)
        np.testing.assert_array_equal(result[hole], wanted[hole])
    assert (filled.provenance.source[:, hole] == UNSEEN).all()


@pytest.mark.parametrize("name", sorted(cp.BASELINES))
def test_sixteen_bits_are_filled_as_eight(name, pan):
    frames = pan(3, (0, 0), size=(32, 40))
    hole = np.zeros((32, 40), bool)
    hole[BOX] = True
    eight = cp.fill(frames, hole, method=name).astype(int)
    sixteen = cp.fill(frames.astype(np.uint16) * 257, hole, method=name) / 257
    apart = np.abs(sixteen - eight)[:, hole]
    assert apart.mean() < 2  # each filled pixel is rounded before it fills the next
    assert apart.max() < 6


@pytest.mark.parametrize("name", sorted(cp.BASELINES))
def test_what_lies_under_the_hole_is_never_read(name):
    frames, holes = clip(), np.zeros((5, 32, 40), bool)
    holes[:, 10:20, 12:26] = True
    holes[2] = True
    poisoned = frames.copy()
    poisoned[holes] = 255 - frames[holes]
    np.testing.assert_array_equal(
        cp.fill(frames, holes, method=name), cp.fill(poisoned, holes, method=name)
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), count=st.integers(1, 7))
def test_the_median_is_that_of_what_is_known(seed, count):
    """Against a pixel at a time, on holes that come and go."""
    frames, rng = clip(count, seed=seed), np.random.default_rng(seed)
    holes = rng.random((count, 32, 40)) < 0.5
    filled = cp.load_method("median").fill(frames, holes)
    for row, column in zip(*np.nonzero(holes.any(axis=0)), strict=True):
        known = np.flatnonzero(~holes[:, row, column])
        hidden = np.flatnonzero(holes[:, row, column])
        source = filled.provenance.source[:, row, column]
        assert (source[known] == KNOWN).all()
        if not len(known):
            assert (source == UNSEEN).all()
            continue
        median = np.floor(np.median(frames[known, row, column], axis=0) + 0.5)
        assert (filled.frames[hidden, row, column] == median).all()
        for t in hidden:
            away = np.abs(known - t)
            assert source[t] == known[away == away.min()].min()


def test_a_still_camera_is_restored_by_the_median(pan):
    frames, holes = pan(9, (0, 0), size=(32, 40)), np.zeros((9, 32, 40), bool)
    for t, hole in enumerate(holes):
        hole[8:20, 3 * t : 3 * t + 8] = True
    assert not holes.all(axis=0).any()
    np.testing.assert_array_equal(cp.fill(frames, holes, method="median"), frames)
