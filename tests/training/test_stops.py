from __future__ import annotations

import signal
import threading

import pytest

pytest.importorskip("torch")

from cleanplate.training.stops import asked_to_stop


@pytest.fixture
def heard():
    """What reached the handler that was there before."""
    numbers = []
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, frame: numbers.append(number))
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_asked_is_noted_and_obeyed_at_the_end(heard, number):
    with asked_to_stop() as stops:
        assert not stops()
        signal.raise_signal(number)
        assert stops()
        assert heard == []
    assert heard == [number]


def test_a_second_time_is_obeyed_at_once(heard):
    with asked_to_stop():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT]


def test_nobody_asks(heard):
    with asked_to_stop() as stops:
        pass
    assert not stops()
    signal.raise_signal(signal.SIGINT)  # the handler is back
    assert heard == [signal.SIGINT]


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with asked_to_stop() as stops:
            signal.raise_signal(signal.SIGINT)
            assert not stops()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_never_hear():
    told = []

    def look():
        with asked_to_stop() as stops:
            told.append(stops())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert told == [False]
