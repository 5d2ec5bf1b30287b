from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import cleanplate as cp
from cleanplate.io import Encoding, open_video
from cleanplate.io.encode import plan


def test_x265_looks_less_far_ahead_where_frames_are_large(tmp_path):
    cp.write_video(tmp_path / "scene.mp4", np.zeros((2, 64, 96, 3), np.uint8))
    with open_video(tmp_path / "scene.mp4") as reader:
        info = reader.info
    for size, less in (((1080, 1920), False), ((2160, 3840), True)):
        made = plan(Path("out.mp4"), replace(info, size=size), Encoding("h265"))
        assert ("rc-lookahead=5" in made.options["x265-params"]) == less
