"""Training of the network that completes flow."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.flow.completion_network import CHANNELS, Config, Network  # noqa: E402
from cleanplate.methods.flow_guided.train_completion import (  # noqa: E402
    CONFIGS,
    FlowBatch,
    TrainConfig,
    lesson,
    losses,
)
from cleanplate.training.watch import read_history  # noqa: E402
from cleanplate.weights import load_weights  # noqa: E402
from made_training import clips, one_core  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

FAST = {"training": {"log_every": 1, "save_every": 2, "batch": 1}}


def state_of(path):
    return load_weights(path, method="completion").state


def test_a_run_by_name_and_a_fill_by_what_comes_out(clips, tmp_path, pan):  # noqa: F811
    done = cp.train(
        "completion", data=clips, out=tmp_path / "one", steps=3, config="tiny", settings=FAST
    )
    assert set(done.losses) == {"error", "smooth"}
    assert check(done.weights)["method"] == "completion"
    frames, holes = pan(4, (2, 0)), np.zeros((4, 120, 160), bool)
    holes[:, 40:60, 60:80] = True
    options = {"completion": "learned", "completion_weights": done.weights}
    assert cp.fill(frames, holes, options=options).shape == frames.shape
    cp.train("completion", data=clips, out=tmp_path / "two", steps=2, config="tiny", settings=FAST)
    again = cp.train("completion", data=clips, out=tmp_path / "two", steps=3, resume=True)
    one, two = state_of(done.weights), state_of(again.weights)
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert len(read_history(tmp_path / "two")) == 3


def batch(count=2):
    torch.manual_seed(0)
    given = torch.randn(1, count, CHANNELS, 16, 24)
    lost = torch.zeros(1, count, 1, 16, 24, dtype=torch.bool)
    lost[..., 4:12, 6:18] = True
    return FlowBatch(given, given[:, :, 2:4].clone(), lost, ("made",))


def test_it_learns_which_guess_is_right():
    """Here it is always what came from the past."""
    torch.manual_seed(0)
    settings = CONFIGS["tiny"]
    network = Network(Config.tiny())
    learner = lesson(settings, network, torch.device("cpu")).learners["network"]
    shown = []
    for _ in range(60):
        (turn,) = losses(network, batch(), TrainConfig())
        learner.optimiser.zero_grad()
        turn.total.backward()
        for group in learner.optimiser.param_groups:
            group["lr"] = 2e-2
        learner.optimiser.step()
        shown.append(turn.losses["error"].item())
    assert shown[-1] < 0.4 * shown[0]


def test_hard_pixels_count_more_where_they_are_asked_for():
    network = Network(Config.tiny())
    (plain,) = losses(network, batch(), TrainConfig())
    (hard,) = losses(network, batch(), TrainConfig(hard=0.5))
    assert set(hard.losses) == {"error", "hard", "smooth"}
    expected = plain.total + 0.5 * hard.losses["hard"]
    torch.testing.assert_close(hard.total, expected)


@pytest.mark.parametrize(
    "values", [{"made_up": 1.5}, {"hard": -1}, {"frames": 1}, {"share": 2}, {"size": (0, 9)}]
)
def test_settings_that_mean_nothing(values):
    with pytest.raises(cp.BadInput, match="Give"):
        TrainConfig(**values)
