"""The whole official schedule, from frames and masks to frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import golden_rule

torch = pytest.importorskip("torch")

from sttn_state import official, wanted  # noqa: E402

from cleanplate.methods.sttn.canvas import Canvas, Clip  # noqa: E402
from cleanplate.methods.sttn.engine import Engine  # noqa: E402
from cleanplate.methods.sttn.network import Network  # noqa: E402
from cleanplate.methods.sttn.schedule import schedule  # noqa: E402
from cleanplate.report.protocol import PRESETS  # noqa: E402


def test_golden_protocol():
    frames = golden_rule.moving_texture(12, 240, 432, seed=0)
    rules = replace(PRESETS["e2fgvi"])
    holes = rules.holes(golden_rule.boxes(12, 240, 432), (240, 432))
    found = wanted("sttn_protocol")
    np.testing.assert_array_equal(holes.sum(axis=(1, 2)), found["mask_dilated_pixels"])
    np.testing.assert_array_equal(holes[1].sum(axis=1), found["mask_dilated_frame1_rowsum"])
    network = Network()
    network.load_state_dict(official("sttn", "netG"))
    engine = Engine(network, device=torch.device("cpu"), dtype=torch.float32)
    painted = frames.copy()
    canvas = Canvas(painted, holes, "running")
    for step, pictures in engine.run(Clip(frames, holes, (240, 432)), schedule(12)):
        canvas.add(step, pictures)
    canvas.paint(before=12)
    np.testing.assert_array_equal(painted[~holes], frames[~holes])
    for got, want in (
        (painted[:, 1::3, 2::3], found["frames_sub"]),
        (painted[5], found["frame5_full"]),
    ):
        off = np.abs(got.astype(int) - want)
        assert off.max() <= 1
        assert (off > 0).mean() < 1e-3
