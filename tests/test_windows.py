"""Windows of a stream: they cover every shot, never cross a cut, and hold little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.memory import bytes_of
from cleanplate.windows import (
    BUDGET_BYTES,
    LONGEST,
    SHORTEST,
    footprint,
    window_length,
    windows,
)

SHOTS = st.lists(st.integers(1, 60), min_size=1, max_size=5)


def cut(shots, length):
    """Windows over shots of so many frames each; an item is (frame of the clip, shot)."""
    items = [(shot, place) for shot, count in enumerate(shots) for place in range(count)]
    stream = ((number, *item) for number, item in enumerate(items))
    return list(windows(stream, lambda item: item[2] == 0, length=length))


@settings(deadline=None)
@given(SHOTS, st.integers(1, 40))
def test_every_frame_of_every_shot_is_covered_and_no_cut_crossed(shots, length):
    found = cut(shots, length)
    for window in found:
        numbers = [item[0] for item in window.items]
        assert numbers == list(range(window.first, window.first + len(numbers)))
        assert len({item[1] for item in window.items}) == 1
        assert 1 <= len(numbers) <= length
    assert {item[0] for window in found for item in window.items} == set(range(sum(shots)))


@settings(deadline=None)
@given(SHOTS, st.integers(1, 40))
def test_weights_of_neighbours_add_up_to_1(shots, length):
    total = np.zeros(sum(shots))
    for window in cut(shots, length):
        weights = window.weights()
        assert len(weights) == len(window.items)
        assert weights.dtype == np.float32
        assert (weights > 0).all()
        assert (weights <= 1).all()
        total[window.first : window.first + len(weights)] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@settings(deadline=None)
@given(st.integers(5, 100))
def test_one_window_fades_into_the_next_in_even_steps(length):
    first, second, *_ = cut([3 * length], length)
    assert first.tail == second.lead >= min(4, length // 5)
    fade = [0.0, *second.weights()[: second.lead], 1.0]
    np.testing.assert_allclose(np.diff(fade), 1 / (second.lead + 1), atol=1e-6)
    np.testing.assert_allclose(first.weights()[-first.tail :], fade[-2:0:-1], atol=1e-6)


@settings(deadline=None)
@given(SHOTS, st.integers(1, 40))
def test_shared_frames_are_those_that_neighbours_share(shots, length):
    found = cut(shots, length)
    end = 0
    for index, window in enumerate(found):
        assert window.first == end - window.lead
        end = window.first + len(window.items)
        following = found[index + 1].lead if index + 1 < len(found) else 0
        assert window.tail == following
        assert window.lead + window.tail < len(window.items)


@settings(deadline=None)
@given(SHOTS, st.integers(1, 40))
def test_whoever_takes_a_window_may_empty_it(shots, length):
    kept = [(w.first, list(w.items), w.lead, w.tail) for w in cut(shots, length)]
    starts = set(np.cumsum([0, *shots]).tolist())
    emptied = []
    for window in windows(range(sum(shots)), starts.__contains__, length=length):
        emptied.append((window.first, list(window.items), window.lead, window.tail))
        window.items.clear()
    assert [(first, [i[0] for i in items], *rest) for first, items, *rest in kept] == emptied


@settings(deadline=None)
@given(SHOTS, st.integers(2, 40))
def test_a_stream_is_read_no_further_than_one_item_ahead(shots, length):
    """... so that at most `length` items and the one that made a window full are held."""
    read = []

    def stream():
        for shot, count in enumerate(shots):
            for place in range(count):
                read.append(shot)
                yield place

    for window in windows(stream(), lambda place: place == 0, length=length):
        assert len(read) - window.first <= length + 1


def test_the_first_item_starts_a_shot_whatever_is_said():
    assert [w.items for w in windows(range(3), lambda i: False, length=9)] == [[0, 1, 2]]
    assert list(windows([], lambda i: True, length=9)) == []


@pytest.mark.parametrize("pixels", [1, 320 * 180, 854 * 480, 1920 * 1080, 3840 * 2160, 10**9])
def test_window_lengths_keep_to_the_budget(pixels):
    needs = footprint(pixels)
    length = window_length(needs)
    assert SHORTEST <= length <= LONGEST
    assert length == SHORTEST or length * needs.each <= BUDGET_BYTES
    assert window_length(footprint(2 * pixels)) <= length
    assert window_length(footprint(pixels, deep=True)) <= length


@settings(deadline=None)
@given(st.integers(1, 10**8), st.integers(1, 10**11), st.booleans(), st.integers(0, 10**9))
def test_a_memory_is_kept_or_refused_with_the_least_that_does(pixels, memory, deep, beside):
    needs = footprint(pixels, deep=deep, beside=beside)
    try:
        length = window_length(needs, memory)
    except BadInput as refusal:
        assert needs.of(SHORTEST) > memory
        least = bytes_of(str(refusal).split("filled in ")[1].split(" ")[0])
        assert needs.of(SHORTEST) <= least
        assert window_length(needs, least) >= SHORTEST
    else:
        assert needs.of(length) <= memory
        assert SHORTEST <= length <= LONGEST
        assert length == LONGEST or needs.of(length + 1) > memory
