"""Scratch memory is given again, and larger where that is asked for."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch")

from cleanplate.scratch import Scratch  # noqa: E402


def test_the_same_memory_again():
    scratch = Scratch()
    first = scratch.take("a", torch.float32, 4, 5)
    assert scratch.take("a", torch.float32, 2, 3).data_ptr() == first.data_ptr()
    assert scratch.take("a", torch.float32, 2, 3).shape == (2, 3)
    assert scratch.take("b", torch.float32, 4, 5).data_ptr() != first.data_ptr()
    assert scratch.take("a", torch.bfloat16, 4, 5).dtype == torch.bfloat16


def test_more_where_it_is_asked_for():
    scratch = Scratch()
    scratch.take("a", torch.float32, 2)
    assert scratch.take("a", torch.float32, 100, 3).shape == (100, 3)


def test_every_thread_has_its_own():
    scratch = Scratch()
    places = [scratch.take("a", torch.float32, 8).data_ptr()]
    thread = threading.Thread(
        target=lambda: places.append(scratch.take("a", torch.float32, 8).data_ptr())
    )
    thread.start()
    thread.join()
    assert places[0] != places[1]
