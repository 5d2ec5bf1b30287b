"""Frames keep their numbers, whichever are lost."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.masks.subtitles import _Counted
from cleanplate.masks.upright import upright_frames


class Lossy:
    """A clip of so many small frames, each as bright as its number; some of them are lost."""

    def __init__(self, count, lost):
        self._numbers = [number for number in range(count) if number not in lost]
        self._given = 0

    @property
    def lost(self):
        return self._numbers[self._given - 1] - self._given + 1

    def __iter__(self):
        for number in self._numbers:
            self._given += 1
            frame = np.full((4, 6, 3), number, np.uint8)
            yield SimpleNamespace(rgb=lambda frame=frame: frame)

    def upright(self, frame):
        return frame


@given(st.integers(1, 12), st.sets(st.integers(0, 11)), st.integers(0, 12))
def test_a_lost_frame_is_the_next_one(count, lost, start):
    left = [number for number in range(count) if number not in lost]
    found = [int(frame[0, 0, 0]) for frame in upright_frames(Lossy(count, lost), start)]
    wanted = [next((n for n in left if n >= number), None) for number in range(start, count)]
    assert found == [number for number in wanted if number is not None]


def test_subtitles_count_lost_frames():
    counted = _Counted(Lossy(9, {3, 4}), None, None)
    assert [int(grey[0, 0]) for grey in counted] == [0, 1, 2, 5, 5, 5, 6, 7, 8]
    assert counted.count == 9
