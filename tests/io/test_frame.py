from __future__ import annotations

import sys

import av
import numpy as np

from cleanplate.io.frame import picture_of, side_data


def test_a_frame_that_was_looked_at_is_held_by_nobody():
    frame = av.VideoFrame.from_ndarray(np.zeros((32, 48), np.uint8), format="gray")
    before = sys.getrefcount(frame)
    assert side_data(frame) == {}
    picture_of(frame, pts=0, time_base=None)
    assert sys.getrefcount(frame) == before
