"""What a clip may be, and what is refused at the door."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.video import KNOWN, UNSEEN, Provenance, check_pair, to_clip, to_stretch

FRAMES = np.zeros((3, 4, 5, 3), np.uint8)
HOLES = np.zeros((3, 4, 5), bool)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("white", [1, 255])
@pytest.mark.parametrize("mask_type", [np.bool_, np.uint8, np.uint16, np.float32])
def test_holes_become_bool_of_the_clips_shape(dtype, white, mask_type):
    mask = np.zeros((4, 5), mask_type)
    mask[1, 2] = white
    frames, holes = check_pair(FRAMES.astype(dtype), mask)
    assert frames.dtype == dtype
    assert holes.dtype == np.bool_
    np.testing.assert_array_equal(np.argwhere(holes), [[t, 1, 2] for t in range(3)])
    frames, holes = check_pair(list(FRAMES), list(np.stack([mask] * 3)))
    assert holes.sum() == 3


@pytest.mark.parametrize(
    ("frames", "holes", "sentence"),
    [
        (FRAMES[0], HOLES, r"frames have shape \(4, 5, 3\)"),
        (FRAMES[..., :1], HOLES, r"Give \(T, H, W, 3\), RGB"),
        (FRAMES.astype(np.float32), HOLES, "frames are float32"),
        (FRAMES.astype(np.int16), HOLES, "frames are int16"),
        (FRAMES[:0], HOLES[:0], "at least one frame"),
        (FRAMES[:, :0], HOLES[:, :0], "at least one frame"),
        (FRAMES, HOLES[:2], "mask has 2 frames, the video has 3. Give one still mask, or 3."),
        (FRAMES, HOLES[:, :3], r"holes have shape \(3, 3, 5\)"),
        (FRAMES, HOLES[0, 0], "holes have shape"),
        (FRAMES, np.full((3, 4, 5), 7, np.uint8), "holes are uint8 with grey levels"),
        (FRAMES, np.where(np.arange(5) > 2, 255, 1) + np.zeros((3, 4, 1)), "grey levels"),
    ],
)
def test_what_is_no_clip_is_refused(frames, holes, sentence):
    with pytest.raises(BadInput, match=sentence):
        check_pair(frames, holes)


def test_distance_counts_frames_and_is_0_without_a_source():
    source = np.array([[[2, KNOWN, UNSEEN]], [[0, 1, 2]], [[KNOWN, UNSEEN, 0]]], np.int32)
    distance = Provenance(source, np.zeros(source.shape, np.float16)).distance
    np.testing.assert_array_equal(distance[:, 0], [[2, 0, 0], [1, 0, 1], [0, 0, 2]])


REACH = 32766  # frames before a stretch that two bytes can tell
ANY_SOURCE = st.lists(st.integers(KNOWN, 120_000), max_size=20)
ANY_FIRST = st.integers(0, 100_000)


def within_reach(sources, first):
    """Those no further from the stretch than two bytes tell, before or after."""
    return [s for s in sources if s < 0 or first - REACH <= s <= first + REACH]


@given(ANY_SOURCE, ANY_FIRST)
@example([KNOWN, UNSEEN, 0, 1, 9, 10, 11], 10)
@example([100_000 - REACH, 100_000 + REACH], 100_000)
def test_sources_of_a_stretch_are_turned_back_into_those_of_the_clip(sources, first):
    """... also by way of two bytes each."""
    source = np.array(within_reach(sources, first), np.int64)
    relative = to_stretch(source, first)
    assert relative.dtype == np.int32
    np.testing.assert_array_equal(to_clip(relative, first), source)
    narrow = relative.astype(np.int16)
    np.testing.assert_array_equal(narrow, relative)
    back = to_clip(narrow, first)
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, source)


@given(ANY_SOURCE, ANY_FIRST)
def test_what_is_no_frame_stays_and_no_frame_becomes_such(sources, first):
    source = np.array(sources, np.int32)
    relative = to_stretch(source, first)
    for mark in (KNOWN, UNSEEN):
        np.testing.assert_array_equal(relative == mark, source == mark)
        np.testing.assert_array_equal(to_clip(relative, first) == mark, source == mark)
    inside = source >= first
    np.testing.assert_array_equal(relative[inside], source[inside] - first)
    assert (relative[~inside & (source >= 0)] < KNOWN).all()


@given(ANY_SOURCE, ANY_FIRST)
@example([0, 10, 33_333, 33_334, 33_335], 66_100)
def test_what_lies_further_back_is_told_as_far_as_two_bytes_reach(sources, first):
    source = np.array(sources, np.int32)
    relative = to_stretch(source, first)
    assert (relative >= np.iinfo(np.int16).min).all()
    expected = np.where(source >= 0, np.maximum(source, first - REACH), source)
    np.testing.assert_array_equal(to_clip(relative, first), expected)


def test_pictures_of_sources_keep_their_shape_and_are_not_changed():
    source = np.array([[[UNSEEN, KNOWN, 10], [9, 3, 12]]], np.int16)
    before = source.copy()
    relative = to_stretch(source, 10)
    np.testing.assert_array_equal(relative, [[[UNSEEN, KNOWN, 0], [-3, -9, 2]]])
    np.testing.assert_array_equal(to_clip(relative, 10), before)
    np.testing.assert_array_equal(source, before)
