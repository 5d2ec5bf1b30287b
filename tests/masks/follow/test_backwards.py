"""Backwards is the reverse of forwards, and a clip is not decoded again and again for it."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import BadOutput
from cleanplate.masks.follow import backwards as module
from cleanplate.masks.follow import legs
from cleanplate.masks.follow.backwards import backwards


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 12), st.integers(1, 5), st.integers(1, 6), st.integers(1, 6))
def test_it_is_the_reverse(count, held, height, width):
    rng = np.random.default_rng(count)
    clip = list(rng.integers(0, 256, (count, height, width, 3), np.uint8))
    found = list(backwards(iter(clip), held=held))
    assert len(found) == count
    assert all((one == other).all() for one, other in zip(found, reversed(clip), strict=True))


def test_a_disk_that_is_full_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: tmp_path)
    clip = (np.zeros((2, 2, 3), np.uint8) for _ in range(3))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.np, "ascontiguousarray", full)
    with pytest.raises(BadOutput, match="the disk is full"):
        list(backwards(clip, held=1))
    assert not list(tmp_path.iterdir())


def test_a_long_way_back_is_read_once(monkeypatch):
    """Each reading begins with the first frame of the clip, wherever its part begins."""
    monkeypatch.setattr(legs, "_motion", lambda *_: None)
    decoded = []

    def read(start, stop):
        for number in range(stop):
            decoded.append(number)
            if number >= start:
                yield np.full((4, 6, 3), number % 256, np.uint8)

    looks = list(legs._looks_back(read, legs._Leg(10, 500), (4, 6)))
    assert [look.number for look in looks] == list(range(500, 9, -1))
    assert all((look.picture == look.number % 256).all() for look in looks)
    assert len(decoded) == 501
    monkeypatch.setattr(module, "_KEPT_BYTES", 200 * 4 * 6 * 3)  # less than that of disk
    looks = legs._looks_back(read, legs._Leg(10, 500), (4, 6))
    assert [look.number for look in islice(looks, 300)] == list(range(500, 200, -1))
