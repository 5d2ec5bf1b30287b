"""What a clip may be, and what is refused at the door."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.video import (
    KNOWN,
    PAINTED,
    UNSEEN,
    Filled,
    Provenance,
    check_pair,
    to_clip,
    to_stretch,
)

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


ANY_SOURCE = st.lists(st.integers(KNOWN, 120_000), max_size=20)
ANY_FIRST = st.integers(0, 100_000)


@given(ANY_SOURCE, ANY_FIRST)
@example([KNOWN, UNSEEN, 0, 1, 9, 10, 11], 10)
@example([0, 100], 40_000)
def test_sources_of_a_stretch_are_turned_back_into_those_of_the_clip(sources, first):
    source = np.array(sources, np.int64)
    relative = to_stretch(source, first)
    assert relative.dtype == np.int32
    back = to_clip(relative, first)
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, source)
    # What lies before the stretch is told from the marks, and what lies in it counts from 0.
    np.testing.assert_array_equal(relative < KNOWN, (source >= 0) & (source < first))
    np.testing.assert_array_equal(relative[source >= first], source[source >= first] - first)


def test_pictures_of_sources_keep_their_shape_and_are_not_changed():
    source = np.array([[[UNSEEN, KNOWN, PAINTED, 10], [0, 9, 3, 12]]], np.int16)
    before = source.copy()
    relative = to_stretch(source, 10)
    np.testing.assert_array_equal(relative, [[[UNSEEN, KNOWN, PAINTED, 0], [-13, -4, -10, 2]]])
    np.testing.assert_array_equal(to_clip(relative, 10), source)
    np.testing.assert_array_equal(source, before)


@given(st.integers(0, 99))
def test_where_pixels_came_from_is_kept_by_the_pixel_and_drawn(seed):
    rng = np.random.default_rng(seed)
    holes = rng.random((3, 4, 5)) < 0.4
    source = np.where(holes, rng.integers(PAINTED, 3, holes.shape), KNOWN).astype(np.int32)
    residual = np.where(holes, rng.random(holes.shape), 0).astype(np.float16)
    frames = np.zeros((3, 4, 5, 3), np.uint8)
    filled = Filled.of(frames, holes, Provenance(source, residual))
    assert [len(origin.source) for origin in filled.origins] == holes.sum(axis=(1, 2)).tolist()
    np.testing.assert_array_equal(filled.provenance.source, source)
    np.testing.assert_array_equal(filled.provenance.inconsistency, residual)
    marked = Filled.marked(frames, holes, PAINTED).provenance
    np.testing.assert_array_equal(marked.source, np.where(holes, PAINTED, KNOWN))
    assert not marked.inconsistency.any()
