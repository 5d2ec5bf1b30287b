"""Joining windows where they overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.overlap import Overlap
from cleanplate.video import UNSEEN, Patch
from cleanplate.windows import windows


def patch(colour, source, pixels=4, dtype=np.uint8):
    return Patch(
        np.full((pixels, 3), colour, dtype),
        np.full(pixels, source, np.int32),
        np.full(pixels, 0.5, np.float16),
    )


def weights(*values):
    return np.array(values, np.float32)


def test_a_single_patch_comes_back_as_it_is():
    only = patch(77, 3)
    assert Overlap().add([only], weights(0.25), 1) == [only]


def test_what_later_windows_add_to_is_held():
    overlap = Overlap()
    first = [patch(10 * t, t) for t in range(4)]
    done = overlap.add(first, weights(1, 1, 0.75, 0.25), 2)
    assert done == first[:2]
    second = [patch(120, 7), patch(130, 8), patch(140, 9)]
    done = overlap.add(second, weights(0.25, 0.75, 1), 3)
    assert [p.colours[0, 0] for p in done] == [45, 105, 140]  # 20 and 120, 30 and 130
    assert [p.source[0] for p in done] == [2, 8, 9]  # of the part that weighs most


@settings(deadline=None)
@given(st.permutations(range(3)), st.sampled_from([np.uint8, np.uint16]))
def test_the_order_does_not_matter(order, dtype):
    """... for the colours; parts of different weight, so none for the sources either."""
    rng = np.random.default_rng(0)
    top = np.iinfo(dtype).max + 1
    parts = [
        Patch(rng.integers(0, top, (5, 3), dtype), np.full(5, i, np.int32), np.zeros(5, np.float16))
        for i in range(3)
    ]
    sizes = [0.2, 0.5, 0.3]
    overlap, done = Overlap(), []
    for turn, i in enumerate(order):
        done = overlap.add([parts[i]], weights(sizes[i]), int(turn == 2))
    mean = sum(w * p.colours.astype(float) for w, p in zip(sizes, parts, strict=True))
    assert np.abs(done[0].colours - mean).max() <= 0.51
    assert done[0].colours.dtype == dtype
    assert (done[0].source == 1).all()


def test_parts_of_one_weight_tell_the_source_that_is_one():
    overlap = Overlap()
    overlap.add([patch(10, UNSEEN)], weights(0.5), 0)
    (done,) = overlap.add([patch(20, 6)], weights(0.5), 1)
    assert done.source[0] == 6
    assert done.colours[0, 0] == 15


def test_what_is_held_is_told_in_order():
    """What a window made of the frames that the next one adds to, as it is there so far."""
    overlap = Overlap()
    assert overlap.held() == []
    first = [patch(10 * t, t) for t in range(4)]
    overlap.add(first, weights(1, 1, 0.75, 0.25), 2)
    assert overlap.held() == first[2:]
    assert overlap.held() == first[2:]  # and is still held
    done = overlap.add([patch(120, 7), patch(130, 8)], weights(0.25, 0.75), 2)
    assert [p.colours[0, 0] for p in done] == [45, 105]
    assert overlap.held() == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_several_parts_held_the_one_that_weighs_most_is_told(order):
    """Its own colours, not a mean; of two that weigh the same the one with fewer unseen pixels."""
    parts = [(patch(10, 1), 0.25), (patch(20, 2), 0.5), (patch(30, UNSEEN), 0.5)]
    overlap = Overlap()
    for i in order:
        overlap.add([parts[i][0]], weights(parts[i][1]), 0)
    assert overlap.held() == [parts[1][0]]


def test_frames_without_a_hole_have_empty_patches():
    overlap = Overlap()
    overlap.add([Patch.empty()], weights(0.5), 0)
    (done,) = overlap.add([Patch.empty()], weights(0.5), 1)
    assert done.colours.shape == (0, 3)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 20))
def test_windows_of_what_is_the_same_give_just_that_once_a_frame(shots, length):
    starts = set(np.cumsum([0, *shots]).tolist())
    overlap, done = Overlap(), []
    for window in windows(range(sum(shots)), starts.__contains__, length=length):
        held = [int(p.source[0]) for p in overlap.held()]
        assert held == window.items[: window.lead]  # just what both windows share
        ready = len(window.items) - window.tail
        patches = [patch(t % 256, t) for t in window.items]
        done += overlap.add(patches, window.weights(), ready)
    assert [int(p.colours[0, 0]) for p in done] == [t % 256 for t in range(sum(shots))]
    assert [int(p.source[0]) for p in done] == list(range(sum(shots)))
