"""Training of DFC-Net: stage by stage, then all stages together."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.flow.dfc_stages import Config, Network  # noqa: E402
from cleanplate.losses import hard_flow_l1, masked_l1  # noqa: E402
from cleanplate.methods.flow_guided.train_dfc import (  # noqa: E402
    CONFIGS,
    Settings,
    StageBatch,
    TrainConfig,
    _asked,
    _pairs,
    first_state,
    lesson,
    losses,
)
from cleanplate.training.watch import read_history  # noqa: E402
from cleanplate.weights import load_weights, save_weights  # noqa: E402
from made_training import TINY, clips, ended, one_core, started  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

FAST = {"log_every": 1, "save_every": 2}
SIZE = (24, 40)
SHOWN = ("end point", "smooth")


def trained(data, run, *, steps=2, config="tiny", weights=None, **training):
    return cp.train(
        "dfc", data=data, out=run, steps=steps, config=config, weights=weights,
        settings={"training": {**FAST, **training}},
    )  # fmt: skip


def state_of(path):
    return load_weights(path, method="dfc").state


def alike(one, other, part=""):
    keys = [key for key in one if key.startswith(part)]
    assert keys
    return all(torch.equal(one[key], other[key]) for key in keys)


def test_stage_by_stage_and_a_fill_by_what_comes_out(clips, tmp_path, pan):  # noqa: F811
    first = trained(clips, tmp_path / "first")
    assert set(first.losses) == {"hole 1", "hard 1", *SHOWN}
    second = trained(clips, tmp_path / "second", weights=first.weights, stage=2)
    assert set(second.losses) == {"hole 2", "hard 2", *SHOWN}
    third = trained(clips, tmp_path / "third", weights=second.weights, stage=3)
    joint = trained(clips, tmp_path / "joint", weights=third.weights, stage=3, joint=True)
    assert set(joint.losses) == {*(f"{n} {k}" for n in ("hole", "hard") for k in (1, 2, 3)), *SHOWN}
    one, two, three, all_ = (state_of(run.weights) for run in (first, second, third, joint))
    assert alike(one, two)  # what came before only works
    assert alike(two, three)
    assert not any(alike(three, all_, f"stages.{n}.") for n in range(3))
    assert check(joint.weights)["config"]["stages"] == 3
    frames, holes = pan(4, (2, 0)), np.zeros((4, 120, 160), bool)
    holes[:, 40:60, 60:80] = True
    for tune in ("removal", "fidelity"):
        filled, smooth = (
            cp.fill(frames, holes, tune=tune, options=options)
            for options in (
                {"completion": "dfc", "completion_weights": joint.weights}, {}
            )
        )  # fmt: skip
        assert (filled[~holes] == frames[~holes]).all()
        assert (filled != smooth)[holes].any()


def test_killed_and_gone_on_with_it_is_bit_equal(clips, tmp_path):  # noqa: F811
    sets = [part for name, value in FAST.items() for part in ("--set", f"{name}={value}")]
    run = tmp_path / "broken"
    process = started(["train", "dfc", str(clips), "--steps", "8", *TINY, *sets, "-o", str(run)])
    while not (run / "checkpoints" / "00000002.pt").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    again = cp.train("dfc", data=clips, out=run, resume=True)
    whole = trained(clips, tmp_path / "whole", steps=8)
    assert alike(state_of(whole.weights), state_of(again.weights))
    assert len(read_history(run)) == 8


def batch(network=Config.tiny(), count=3):  # noqa: B008 - frozen
    """Two clips that move as a whole, each at its own speed, one way and the other."""
    speeds = torch.tensor([[2.0, -1.0], [-3.0, 0.5]])[:, None, None, :, None, None]
    ways = torch.tensor([1.0, -1.0])[None, :, None, None, None, None]
    first, last = (network.size(n, SIZE) for n in (0, network.stages - 1))

    def moved(size):
        scale = torch.tensor([size[1] / SIZE[1], size[0] / SIZE[0]])[:, None, None]
        return (speeds * ways * scale).expand(2, 2, count, 2, *size).clone()

    lost = torch.zeros(2, 2, count, 1, *last, dtype=torch.bool)
    lost[..., 4 : last[0] - 4, 6 : last[1] - 6] = True
    return StageBatch(moved(first), moved(last), lost, ("one", "two"))


@pytest.mark.parametrize("stage, joint", [(1, False), (2, False), (2, True)])
def test_a_few_steps_lower_the_loss(stage, joint):
    torch.manual_seed(0)
    tiny = CONFIGS["tiny"]
    told = TrainConfig(stage=stage, joint=joint, size=SIZE, batch=2)
    settings = Settings(tiny.network, told)
    network = Network(settings.network)
    learner = lesson(settings, network, torch.device("cpu")).learners["network"]
    shown = []
    for _ in range(16):
        (turn,) = losses(network, batch(settings.network), told)
        learner.optimiser.zero_grad()
        turn.total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in learner.optimiser.param_groups:
            group["lr"] = 5e-3 * group.get("faster", 1)
        learner.optimiser.step()
        shown.append(turn.total.item())
    assert np.mean(shown[-3:]) < 0.85 * np.mean(shown[:2])


def test_the_losses_are_the_paper_s():
    torch.manual_seed(0)
    settings = Settings(Config.tiny(), TrainConfig(stage=2, joint=True, size=SIZE, share=0.3))
    network, told, given = Network(settings.network), settings.training, batch(
        settings.network, count=1
    )  # fmt: skip
    (turn,) = losses(network, given, told)
    total = 0
    assert turn.losses["smooth"] < 2e-3  # it is the truth here
    pairs = _pairs(given)
    for number, name in enumerate("12"):
        pairs = list(network.stage(number, pairs, SIZE))
        found, truth, lost = _asked(settings.network, number, pairs, given, SIZE)
        ways = list(zip(found, truth, lost, strict=True))
        if number == 0:  # one flow at a time: both directions are examples alike
            ways = [(found.flatten(0, 1), truth.flatten(0, 1), lost.flatten(0, 1))]
        hole = sum(masked_l1(*way, joined=True) for way in ways)
        hard = sum(hard_flow_l1(*way, share=0.3) for way in ways)
        torch.testing.assert_close(turn.losses[f"hole {name}"], hole)
        torch.testing.assert_close(turn.losses[f"hard {name}"], hard)
        total = total + hole + told.hard * hard
    torch.testing.assert_close(turn.total, total)


def test_what_learns_and_how_fast():
    settings = Settings(Config.tiny(), TrainConfig(stage=2, size=SIZE))
    network = Network(settings.network)
    learner = lesson(settings, network, torch.device("cpu")).learners["network"]
    body, head = learner.optimiser.param_groups
    assert head["faster"] == 10
    assert not any(p.requires_grad for p in network.stages[0].parameters())
    second = network.stages[1]
    assert {id(p) for p in head["params"]} == {id(p) for p in second.layer5.parameters()}
    learning = {id(p) for p in second.parameters() if p.requires_grad}
    assert {id(p) for group in (body, head) for p in group["params"]} == learning
    assert id(second.bn1.weight) not in learning


def test_presets():
    for name, settings in CONFIGS.items():
        assert settings.network.stages == settings.training.stage
        if name not in ("small", "tiny"):
            assert (settings.network.width, settings.network.pairing) == (64, "pair")
    assert CONFIGS["paper"].training.rate(60_000) == pytest.approx(1e-6)
    assert CONFIGS["refinement"].training.rate(400_000) == pytest.approx(5e-8)


def weights_of(tmp_path, stages):
    network = Network(Config(stages=stages, width=4, start="even"))
    path = tmp_path / f"{stages}.safetensors"
    save_weights(path, network.state_dict(), method="dfc", config=network.config)
    return load_weights(path)


def test_what_a_run_begins_with(tmp_path):
    def begun(stages, **training):
        start = weights_of(tmp_path, stages) if stages else None
        return first_state(Settings(Config.tiny(), TrainConfig(**training)), start)

    assert begun(0) is None
    assert begun(0, stage=3, joint=True) is None
    assert any(key.startswith("stages.1.") for key in begun(1, stage=2))
    assert begun(3, stage=3, joint=True) is not None
    for stages, training in (
        (0, {"stage": 2}), (1, {"stage": 3}), (2, {"stage": 3, "joint": True}), (3, {"stage": 1})
    ):  # fmt: skip
        with pytest.raises(cp.BadInput, match=r"learns from what .* Give weights of"):
            begun(stages, **training)


@pytest.mark.parametrize(
    "values",
    [
        {"stage": 0}, {"stage": 4}, {"joint": True}, {"frames": 1}, {"share": 2}, {"hard": -1},
        {"made_up": 1.5}, {"size": (0, 9)}, {"masks": "stars"}, {"box": 0.05}, {"box": 0.99},
    ],
)  # fmt: skip
def test_settings_that_mean_nothing(values):
    with pytest.raises(cp.BadInput, match=r"Give|Choose"):
        TrainConfig(**values)
