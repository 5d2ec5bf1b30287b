"""The engine computes what the plain schedule does, in either precision."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sttn_state import official  # noqa: E402
from twin import predict  # noqa: E402

from cleanplate.canvas import Canvas, Clip, fitting_size  # noqa: E402
from cleanplate.methods.sttn.engine import Engine  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.methods.sttn.schedule import Step, schedule  # noqa: E402

CONFIG = Config(size=(96, 144), blocks=2)  # as wide as the official one


def network():
    made = Network(CONFIG).eval()
    state = official("sttn", "netG")
    made.load_state_dict({key: state[key] for key in made.state_dict()})
    return made


@pytest.fixture(scope="module", params=["still", "moving"])
def case(request):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (7, *CONFIG.size, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    if request.param == "still":
        holes[:, 30:70, 40:90] = True
    else:  # from one corner to another and out of the picture, and a speck elsewhere
        for t in range(6):
            holes[t, 15 * t : 15 * t + 25, 24 * t : 24 * t + 30] = True
        holes[2, 90, 5] = True
    clip = Clip(frames, holes, CONFIG.size)
    return clip, [pictures for _, pictures in predict(network(), clip, 7, stride=3, radius=2)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_engine_is_its_slow_twin(case, dtype):
    clip, wanted = case
    engine = Engine(network(), device=torch.device("cpu"), dtype=dtype)
    found = [pictures for _, pictures in engine.run(clip, schedule(7, stride=3, radius=2))]
    assert [part.shape for part in found] == [part.shape for part in wanted]
    steps = schedule(7, stride=3, radius=2)
    off = np.concatenate([
        np.abs(a - b)[clip.holes[step.neighbours.start : step.neighbours.stop]].ravel()
        for step, a, b in zip(steps, found, wanted, strict=True)
    ])  # fmt: skip
    if dtype == torch.float32:
        assert off.max() < 255 * 1e-4
    else:
        assert off.mean() < 1


def test_what_lies_under_a_hole_does_not_reach_the_network(case):
    clip, _ = case
    other = clip.frames.copy()
    other[clip.holes] = 255 - other[clip.holes]
    for size in (CONFIG.size, (48, 96), (144, 192)):
        one, two = (Clip(frames, clip.holes, size) for frames in (clip.frames, other))
        for t in range(3):
            np.testing.assert_array_equal(one.picture(t), two.picture(t))
            assert not one.picture(t)[one.hole(t)].any()


def test_a_line_of_a_hole_is_still_one_where_one_side_grows():
    frames = np.full((1, 40, 204, 3), 200, np.uint8)
    for column in range(204):
        holes = np.zeros((1, 40, 204), bool)
        holes[0, :, column] = True
        clip = Clip(frames, holes, (48, 144))
        seen = clip.picture(0)
        assert clip.hole(0).any(axis=0).sum() <= 3
        np.testing.assert_allclose(seen[~clip.hole(0)], 200 / 127.5 - 1, atol=1e-6)
        assert not seen[clip.hole(0)].any()
        painted = frames.copy()
        canvas = Canvas(painted, holes)
        shown = np.where(clip.hole(0)[None, ..., None], np.full(3, 200.0), 0)
        canvas.add(range(1), shown, [1])
        canvas.paint(before=1)
        assert painted[holes].min() > 0


def test_what_is_enlarged_is_smooth():
    frames, holes = np.zeros((1, 96, 192, 3), np.uint8), np.ones((1, 96, 192), bool)
    canvas = Canvas(frames, holes)
    ramp = np.arange(48)[:, None] * 4.0 + 0.3
    canvas.add(range(1), np.broadcast_to(ramp, (1, 24, 48, 3)), [1])
    canvas.paint(before=1)
    assert np.diff(frames[0, 50, :, 0].astype(int)).max() == 1


def test_a_prediction_near_its_centre_counts_more():
    frames, holes = np.zeros((2, 2, 2, 3), np.uint8), np.ones((2, 2, 2), bool)
    canvas = Canvas(frames, holes)
    steps = Step(0, range(2), []), Step(4, range(1, 2), [])
    canvas.add(range(2), np.full((2, 2, 2, 3), 100.0), steps[0].weights())
    canvas.add(range(1, 2), np.full((1, 2, 2, 3), 200.0), steps[1].weights())
    canvas.paint(before=2)
    assert (frames[0] == 100).all()
    assert (frames[1] > 100).all() and (frames[1] < 150).all()


@pytest.mark.parametrize("size", [(1, 1), (33, 500), (240, 432), (1080, 1920), (3000, 40)])
def test_sizes_fit_the_network(size):
    height, width = fitting_size(size, (240, 432), 48)
    assert height % 48 == width % 48 == 0
    assert 48 * 48 <= height * width <= 1.5 * 240 * 432 + 48 * max(height, width)
