"""The whole official schedule, from frames and masks to frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import golden_rule

torch = pytest.importorskip("torch")

from sttn_state import official, wanted  # noqa: E402

from cleanplate.canvas import Canvas, Clip  # noqa: E402
from cleanplate.methods.sttn.engine import Engine  # noqa: E402
from cleanplate.methods.sttn.network import Network  # noqa: E402
from cleanplate.methods.sttn.schedule import schedule  # noqa: E402
from cleanplate.report.protocol import PRESETS  # noqa: E402


def test_golden_protocol():
    frames = golden_rule.moving_texture(12, 240, 432, seed=0)
    holes = PRESETS["e2fgvi"].holes(golden_rule.boxes(12, 240, 432), (240, 432))
    found = wanted("sttn_protocol")
    np.testing.assert_array_equal(holes.sum(axis=(1, 2)), found["mask_dilated_pixels"])
    np.testing.assert_array_equal(holes[1].sum(axis=1), found["mask_dilated_frame1_rowsum"])
    network = Network()
    network.load_state_dict(official("sttn", "netG"))
    engine = Engine(network, device=torch.device("cpu"), dtype=torch.float32)
    painted = frames.copy()
    canvas = Canvas(painted, holes, running=True)
    for step, pictures in engine.run(Clip(frames, holes, (240, 432)), schedule(12)):
        canvas.add(step.neighbours, pictures, step.weights())
    canvas.paint(before=12)
    np.testing.assert_array_equal(painted[~holes], frames[~holes])
    for got, want in (
        (painted[:, 1::3, 2::3], found["frames_sub"]),
        (painted[5], found["frame5_full"]),
    ):
        off = np.abs(got.astype(int) - want)
        assert off.max() <= 1
        assert (off > 0).mean() < 1e-3


@given(count=st.integers(1, 60), radius=st.integers(0, 6), data=st.data())
def test_every_frame_is_predicted_and_none_after_it_was_painted(count, radius, data):
    stride = data.draw(st.integers(1, 2 * radius + 1))
    steps = list(schedule(count, stride=stride, radius=radius))
    assert {t for step in steps for t in step.neighbours} == set(range(count))
    assert all(step.centre in step.neighbours for step in steps[:-1])
    assert all(0 <= step.centre < count and step.neighbours for step in steps)
    for step, following in pairwise(steps):
        assert following.neighbours.start >= step.centre + stride - radius


def test_the_official_schedule_has_a_centre_every_fifth_frame():
    assert [step.centre for step in schedule(23)] == [0, 5, 10, 15, 20]
