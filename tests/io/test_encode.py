from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.io import Encoding, encoder_bytes, open_video
from cleanplate.io.encode import plan


@pytest.mark.parametrize(("codec", "frames"), [("h264", "10"), ("h265", "5")])
def test_encoders_look_less_far_ahead_where_frames_are_large(tmp_path, codec, frames):
    cp.write_video(tmp_path / "scene.mp4", np.zeros((2, 64, 96, 3), np.uint8))
    with open_video(tmp_path / "scene.mp4") as reader:
        info = reader.info
    encoding, held = Encoding(codec), []
    for size, less in (((1080, 1920), False), ((2160, 3840), True)):
        sized = replace(info, size=size)
        params = plan(Path("out.mp4"), sized, encoding).options.get(f"x{codec[1:]}-params", "")
        assert (f"rc-lookahead={frames}" in params) == less
        held.append(encoder_bytes("out.mp4", sized, encoding))
    assert held[0] < held[1] < 3 * held[0]  # of four times the pixels


def test_what_the_clip_needs_marked_is_told_a_large_one_as_well(tmp_path):
    cp.write_video(tmp_path / "scene.mp4", np.zeros((2, 64, 96, 3), np.uint8))
    with open_video(tmp_path / "scene.mp4") as reader:
        info = replace(reader.info, size=(2160, 3840), field_order=2)
    params = plan(Path("out.mp4"), info, Encoding("h264")).options["x264-params"].split(":")
    assert "tff=1" in params
    assert "rc-lookahead=10" in params
