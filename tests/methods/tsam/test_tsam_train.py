"""TSAM's lesson: the losses of both stages, the critic first."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.datasets.folders import open_dataset  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.tsam.critic import CriticConfig  # noqa: E402
from cleanplate.methods.tsam.network import Config, Network  # noqa: E402
from cleanplate.methods.tsam.train import (  # noqa: E402
    CONFIGS,
    MovingBatch,
    TrainConfig,
    first_state,
    lesson,
    samples,
    scaled,
)
from cleanplate.training import loop  # noqa: E402
from cleanplate.training.batches import batches  # noqa: E402
from cleanplate.vgg import VGG16, layers_of  # noqa: E402
from cleanplate.weights import Weights  # noqa: E402
from made_training import clips, one_core  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

CPU = torch.device("cpu")
FIRST = {"adversarial": 0.0, "hole": 0.0}


def told(**training):
    return replace(CONFIGS["tiny"], training=replace(CONFIGS["tiny"].training, **training))


def made(settings):
    torch.manual_seed(settings.training.seed)
    return lesson(settings, Network(settings.network), CPU)


@pytest.fixture(scope="module")
def batch(clips):  # noqa: F811
    found = samples(told(), open_dataset(clips).clips)
    return next(batches(found, MovingBatch, batch=2, steps=range(1), mine=range(2), device=CPU))


def test_the_paper_s_numbers():
    first, second = CONFIGS["paper"].training, CONFIGS["paper-second"].training
    assert (first.frames, first.batch, first.betas) == (7, 8, (0.9, 0.999))
    assert (first.whole, first.perceptual, first.style) == (1, 1, 2)
    assert (first.hole, first.adversarial, first.learning_rate) == (0, 0, 5e-4)
    assert (second.hole, second.adversarial, second.learning_rate) == (6, 0.1, 2.5e-4)
    assert CONFIGS["paper"].network == Config()
    official = CONFIGS["official-second"]
    assert official.network == Config.official()
    assert official.critic == CriticConfig.official()
    assert (official.training.adversarial, official.training.joined) == (1, True)


@pytest.mark.parametrize("critic", [CriticConfig(channels=4), CriticConfig("shifted", 4)], ids=str)
def test_losses_by_hand(batch, critic):
    settings = replace(told(), critic=critic)
    taught = made(settings)
    network, judge = (learner.network for learner in taught.learners.values())
    for layer in (network, judge):
        layer.eval()  # so that nothing changes while it is looked at
    assert taught.learners["network"].optimiser.defaults["amsgrad"]
    frames, masks, alignment = scaled(batch, "centres")
    with torch.no_grad():
        result = network(frames * (1 - masks), masks, alignment)
        real, fake = judge(frames, masks), judge(result, masks)
    turns = taught.turns(batch)
    first = next(turns)
    assert first.learner == "critic"
    wanted = ((1 - real) ** 2).mean() / 2 + (fake**2).mean() / 2
    torch.testing.assert_close(first.total.detach(), wanted, rtol=1e-4, atol=1e-6)
    second = next(turns)
    assert second.learner == "network"
    off = (result - frames).abs()
    losses = {"whole": off.mean(), "hole": (off * masks).mean(),
              "adversarial": ((1 - fake) ** 2).mean()}  # fmt: skip
    assert second.losses.keys() == losses.keys()
    for name, value in losses.items():
        torch.testing.assert_close(second.losses[name].detach(), value, rtol=1e-3, atol=1e-6)
    total = losses["whole"] + 6 * losses["hole"] + 0.1 * losses["adversarial"]
    torch.testing.assert_close(second.total.detach(), total, rtol=1e-3, atol=1e-6)
    second.total.backward()
    assert all(p.grad is None for p in judge.parameters())
    assert all(p.grad is not None for p in network.parameters())
    assert second.pictures()["clip"].shape == (3, 3 * 48, 3 * 96)


def test_what_vgg_sees_is_part_of_the_first_stage(batch, tmp_path):
    torch.manual_seed(0)
    vgg = str(tmp_path / "vgg16.pth")
    state = layers_of(VGG16).state_dict()
    torch.save({f"features.{key}": value for key, value in state.items()}, vgg)
    taught = made(told(perceptual=1.0, style=2.0, vgg=vgg, **FIRST))
    assert list(taught.learners) == ["network"]
    (turn,) = taught.turns(batch)
    named = turn.losses
    total = named["whole"] + named["perceptual"] + 2 * named["style"]
    torch.testing.assert_close(turn.total, total)
    assert min(named["perceptual"], named["style"]) > 0
    assert (CONFIGS["paper"].training.relu1_2, CONFIGS["official"].training.relu1_2) == (
        True,
        False,
    )
    (fewer,) = made(told(perceptual=1.0, style=2.0, vgg=vgg, relu1_2=False, **FIRST)).turns(batch)
    assert fewer.losses["perceptual"] < named["perceptual"]


def test_what_needs_vgg_is_refused_before_anything_is_written(clips, tmp_path):  # noqa: F811
    with pytest.raises(BadInput, match="perceptual and style need weights of VGG-16"):
        cp.train("tsam", data=clips, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert first_state(CONFIGS["small-second"], None) is None


def test_an_encoder_begins_with_what_knows_pictures(tmp_path):
    network = Config(width=8, blocks=(1, 2, 1, 1), decoder=16)
    torch.manual_seed(5)
    known = Network(network).encoder.state_dict()
    theirs = {key.replace(".feature.", "."): x for key, x in known.items() if ".gate." not in key}
    theirs["conv1.weight"] = theirs["conv1.weight"][:, :3]
    theirs["fc.weight"] = torch.ones(4, 4)
    torch.save(theirs, tmp_path / "resnet.pth")
    begins = replace(told(encoder=str(tmp_path / "resnet.pth")), network=network)
    state = first_state(begins, None)
    assert state["encoder.conv1.weight"].shape == known["conv1.weight"].shape
    first = theirs["conv1.weight"]
    torch.testing.assert_close(state["encoder.conv1.weight"][:, :3], first)
    torch.testing.assert_close(state["encoder.conv1.weight"][:, 3], first.mean(dim=1))
    block, inner = "encoder.layer2.1.conv1", theirs["layer2.1.conv1.weight"]
    assert torch.equal(state[f"{block}.feature.weight"], inner)
    assert torch.equal(state[f"{block}.gate.weight"], inner)
    torch.manual_seed(begins.training.seed)
    plain = Network(network).state_dict()
    assert state.keys() == plain.keys()
    assert all(torch.equal(x, plain[key]) for key, x in state.items() if "decoder" in key)
    with pytest.raises(BadInput, match="do not fit TSAM's encoder"):
        first_state(replace(begins, network=Config.tiny()), None)
    with pytest.raises(BadInput, match="Choose one of them"):
        first_state(begins, Weights("tsam", {}, {}, plain))
    for wrong in (first.int(), first.to_sparse(), first[:, :2]):
        torch.save({**theirs, "conv1.weight": wrong}, tmp_path / "resnet.pth")
        with pytest.raises(BadInput, match=r"'conv1\.weight' is"):
            first_state(begins, None)


def test_what_means_nothing_is_refused():
    for wrong in ({"frames": 1}, {"hole": -1.0}, {"style": -1.0}, {"betas": (0.0, 1.0)}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            TrainConfig(**wrong)


def test_a_few_seeded_steps_lower_the_loss(clips, batch, tmp_path):  # noqa: F811
    settings = told(steps=12, learning_rate=2e-3, log_every=6, save_every=12, **FIRST)

    def loss(taught):
        (turn,) = taught.turns(batch)
        return turn.losses["whole"].item()

    taught = made(settings)
    before = loss(taught)
    found = samples(settings, open_dataset(clips).clips)
    loop.run(taught, found, settings.training, tmp_path, write=lambda state, done: None)
    assert loss(taught) < 0.9 * before


def test_two_stages_by_name_and_a_fill_by_what_came_out(clips, tmp_path):  # noqa: F811
    fast = {"training": {"save_every": 2, "log_every": 1, **FIRST}}
    first = cp.train("tsam", data=clips, out=tmp_path / "1", steps=2, config="tiny", settings=fast)
    assert set(first.losses) == {"whole", "hole"}
    second = cp.train(
        "tsam", data=clips, out=tmp_path / "2", steps=1, config="tiny", weights=first.weights
    )
    assert set(second.losses) >= {"critic", "adversarial"}
    again = cp.train("tsam", data=clips, out=tmp_path / "1", steps=3, resume=True)
    assert again.steps == 3
    frames = open_dataset(clips).clips[0].load_frames(count=4)
    holes = torch.zeros(frames.shape[:3], dtype=torch.bool).numpy()
    holes[:, 10:20, 30:50] = True
    filled = cp.fill(frames, holes, method="tsam", weights=second.weights)
    assert (filled[holes] != frames[holes]).any()
