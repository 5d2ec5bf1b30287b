"""The same work on any number of cores."""

from __future__ import annotations

import itertools
import os
import threading
import time

import cv2
import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.threads import ahead, behind, each_frame, in_parts, stack_frames


@pytest.mark.parametrize("cores", [1, 2, 7, None])
def test_results_come_in_order(monkeypatch, cores):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert each_frame(lambda t: t * t, 20) == [t * t for t in range(20)]
    assert each_frame(lambda t: t, 0) == []
    assert each_frame(lambda t: t, 1) == [0]


@pytest.mark.parametrize("cores", [1, 4])
def test_opencv_runs_on_one_thread_inside_and_as_before_after(monkeypatch, cores):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        assert set(each_frame(lambda t: cv2.getNumThreads(), 5)) == {1}
        assert cv2.getNumThreads() == 2
        with pytest.raises(ZeroDivisionError):
            each_frame(lambda t: 1 // (t - 2), 5)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_two_fills_at_once_leave_opencv_as_it_was():
    """The one that starts second ends last; inside both, OpenCV keeps to one thread."""
    before = cv2.getNumThreads()
    second_began, first_ended = threading.Event(), threading.Event()
    inside = []

    def first(_):
        second_began.wait(10)

    def second(_):
        second_began.set()
        first_ended.wait(10)
        inside.append(cv2.getNumThreads())

    try:
        cv2.setNumThreads(2)
        early = threading.Thread(target=lambda: (each_frame(first, 1), first_ended.set()))
        early.start()
        while cv2.getNumThreads() != 1:
            pass
        late = threading.Thread(target=lambda: each_frame(second, 1))
        late.start()
        early.join(20), late.join(20)
        assert inside == [1]
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_ahead_yields_all_in_order_and_prepares_only_a_few():
    prepared = []

    def items():
        for number in range(50):
            prepared.append(number)
            yield number

    running = ahead(items(), depth=4)
    assert next(running) == 0
    time.sleep(0.1)
    assert len(prepared) <= 7  # the one taken, four that wait, one in hand
    assert list(running) == list(range(1, 50))


def test_ahead_raises_what_its_items_raise_in_turn():
    def items():
        yield 1
        raise BadInput("a mask is broken")

    running = ahead(items())
    assert next(running) == 1
    with pytest.raises(BadInput, match="broken"):
        next(running)


def test_closing_ahead_ends_its_thread():
    before = threading.active_count()
    running = ahead(itertools.count())
    assert next(running) == 0
    assert threading.active_count() == before + 1
    running.close()
    assert threading.active_count() == before


def test_behind_does_all_in_order_on_a_thread_of_its_own():
    done, begun, go_on = [], threading.Event(), threading.Event()

    def work(item):
        begun.set()
        go_on.wait(10)
        done.append((item, threading.get_ident()))

    with behind(work) as give:
        give(0)
        assert begun.wait(10)
        assert not done  # the caller goes on meanwhile
        go_on.set()
        for item in range(1, 20):
            give(item)
            assert len(done) >= item  # what was given before is done
    assert [item for item, _ in done] == list(range(20))
    assert {thread for _, thread in done}.isdisjoint({threading.get_ident()})


def test_behind_raises_what_the_work_raises_and_does_nothing_after_it():
    done = []

    def work(item):
        done.append(1 // item)

    with pytest.raises(ZeroDivisionError), behind(work) as give:
        give(1)
        give(0)
    with pytest.raises(ZeroDivisionError), behind(work) as give:
        give(0)
        give(1)
    assert done == [1]


def test_behind_ends_its_thread_where_the_caller_fails():
    before = threading.active_count()
    with pytest.raises(BadInput), behind(lambda item: None) as give:
        give(0)
        raise BadInput("a mask is broken")
    assert threading.active_count() == before


@pytest.mark.parametrize("count", [1, 2, 7])
def test_stacked_as_numpy_does(count):
    def work(index):
        return np.full((3, 2), index, np.float32)

    stack = stack_frames(work, count)
    assert stack.dtype == np.float32
    np.testing.assert_array_equal(stack, np.stack([work(index) for index in range(count)]))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_in_parts_all_is_done_once(count):
    done = []
    in_parts(lambda first, last: done.extend(range(first, last)), count)
    assert sorted(done) == list(range(count))


def test_in_parts_what_fails_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_parts(lambda first, last: 1 // (first - last), 0)
