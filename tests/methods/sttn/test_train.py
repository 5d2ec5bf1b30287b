"""STTN's lesson: the paper's losses, the critic first, every clip by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from cleanplate.datasets.folders import open_dataset  # noqa: E402
from cleanplate.datasets.samples import Samples  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.sttn.critic import CriticConfig  # noqa: E402
from cleanplate.methods.sttn.network import Network  # noqa: E402
from cleanplate.methods.sttn.train import (  # noqa: E402
    CONFIGS,
    Settings,
    TrainConfig,
    lesson,
)
from cleanplate.training import loop  # noqa: E402
from cleanplate.training.batches import Batch, batches  # noqa: E402
from cleanplate.training.pictures import scaled  # noqa: E402
from cleanplate.training.processes import Group  # noqa: E402
from cleanplate.training.state import State  # noqa: E402
from cleanplate.training.watch import read_history  # noqa: E402
from cleanplate.vgg import VGG16, layers_of  # noqa: E402
from made_training import SIZE, clips, one_core  # noqa: E402, F401 - a fixture

pytestmark = pytest.mark.usefixtures("one_core")

CPU = torch.device("cpu")


def told(**training):
    return replace(CONFIGS["tiny"], training=replace(CONFIGS["tiny"].training, **training))


def made(settings):
    torch.manual_seed(settings.training.seed)
    return lesson(settings, Network(settings.network), CPU)


def batch_of(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randint(0, 256, (count, 5, *SIZE, 3), dtype=torch.uint8, generator=generator)
    holes = torch.zeros(count, 5, *SIZE, dtype=torch.bool)
    for n in range(count):
        holes[n, :, 10 : 20 + 5 * n, 30 : 50 + 9 * n] = True
    return Batch(frames, holes, ("made",) * count)


def test_the_paper_s_numbers():
    config = TrainConfig()
    assert (config.steps, config.batch, config.frames, config.seed) == (500_000, 8, 5, 2020)
    assert (config.hole, config.valid, config.adversarial) == (1, 1, 0.01)
    assert config.betas == (0, 0.99)
    assert [config.rate(step) for step in (0, 149_999)] == [1e-4, 1e-4]
    assert config.rate(150_000) == pytest.approx(1e-5)
    assert config.rate(300_000) == config.rate(499_999) == pytest.approx(1e-6)
    assert not config.joined
    assert config.halved
    assert Settings() == CONFIGS["paper"]


def test_scaled():
    frames, masks = scaled(batch_of(2))
    assert frames.shape == (2, 5, 3, *SIZE)
    assert masks.shape == (2, 5, 1, *SIZE)
    given = batch_of(2)
    assert torch.equal(frames[0, 1, 2], given.frames[0, 1, :, :, 2].float() / 255 * 2 - 1)
    assert torch.equal(masks[:, :, 0].bool(), given.holes)


def test_losses_by_hand():
    settings = told()
    taught, batch = made(settings), batch_of(2)
    network, critic = (learner.network for learner in taught.learners.values())
    turns = taught.turns(batch)
    before = {key: value.clone() for key, value in critic.state_dict().items()}
    first = next(turns)
    assert first.learner == "critic"
    frames, masks = scaled(batch)
    with torch.no_grad():
        result = network(frames * (1 - masks), masks)
        filled = torch.where(masks.bool(), result, frames)
        twin = made(settings).learners["critic"].network
        twin.load_state_dict(before)
        real, fake = twin(frames), twin(filled)
    wanted = (torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()) / 2
    torch.testing.assert_close(first.total.detach(), wanted)
    first.total.backward()
    assert all(p.grad is None for p in network.parameters())
    second = next(turns)
    assert second.learner == "network"
    assert next(turns, None) is None
    hole = torch.stack([
        (result - frames)[n][masks[n].expand_as(frames[n]).bool()].abs().mean()
        for n in range(2)
    ]).mean()  # fmt: skip
    valid = torch.stack([
        (result - frames)[n][~masks[n].expand_as(frames[n]).bool()].abs().mean() for n in range(2)
    ]).mean()  # fmt: skip
    named = {name: value.detach() for name, value in second.losses.items()}
    torch.testing.assert_close(named["hole"], hole)
    torch.testing.assert_close(named["valid"], valid)
    total = hole + valid + 0.01 * named["adversarial"]
    torch.testing.assert_close(second.total.detach(), total)
    grads = [p.grad.clone() for p in critic.parameters()]
    second.total.backward()
    assert all(torch.equal(p.grad, g) for p, g in zip(critic.parameters(), grads, strict=True))
    assert all(p.grad is not None for p in network.parameters())
    assert second.pictures()["clip"].shape == (3, 3 * SIZE[0], 5 * SIZE[1])


def test_the_generator_meets_the_critic_that_has_learnt():
    state = State(made(told(learning_rate=0.05)), told(learning_rate=0.05).training, Group())
    critic = state.lesson.learners["critic"].network
    frames, masks = scaled(batch_of(2))
    with torch.no_grad():
        result = state.lesson.result(frames * (1 - masks), masks)
        filled = torch.where(masks.bool(), result, frames)
    _, turn = state.advance(batch_of(2))
    with torch.no_grad():
        now = -critic.eval()(filled).mean()
    assert turn.losses["adversarial"].item() == pytest.approx(now.item(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("joined", [False, True])
def test_who_shares_a_process_matters_only_to_the_joined_form(joined):
    """The gradient of two clips is the mean of those of each, unless they are joined."""

    def gradients(batch):
        taught = made(told(joined=joined))
        critic = taught.learners["critic"].network
        for turn in taught.turns(batch):
            taught.learners[turn.learner].optimiser.zero_grad()
            turn.total.backward()
            if turn.learner == "critic":
                kept = [p.grad.clone() for p in critic.parameters()]
        return torch.cat([g.flatten() for g in kept]
                         + [p.grad.flatten() for p in taught.result.parameters()])  # fmt: skip

    both = batch_of(2)
    each = [
        gradients(Batch(both.frames[n : n + 1], both.holes[n : n + 1], ("made",))) for n in (0, 1)
    ]
    apart, together = (each[0] + each[1]) / 2, gradients(both)
    off = ((together - apart).norm() / apart.norm()).item()
    assert off > 1e-2 if joined else off < 1e-4


def test_without_a_critic():
    taught = made(told(adversarial=0.0))
    assert list(taught.learners) == ["network"]
    (turn,) = taught.turns(batch_of(1))
    assert set(turn.losses) == {"hole", "valid"}


def test_the_temporal_loss_is_added_where_it_is_asked_for():
    batch = batch_of(2)
    turns = {}
    for weight in (0.0, 3.0):
        *_, turns[weight] = made(told(adversarial=0.0, temporal=weight)).turns(batch)
    assert turns[3.0].losses.keys() - turns[0.0].losses.keys() == {"temporal"}
    added = 3 * turns[3.0].losses["temporal"]
    torch.testing.assert_close(turns[3.0].total, turns[0.0].total + added)
    assert added > 0


def test_what_vgg_sees_is_added_where_it_is_asked_for(tmp_path):
    torch.manual_seed(0)
    vgg = str(tmp_path / "vgg16.pth")
    torch.save(
        {f"features.{key}": value for key, value in layers_of(VGG16).state_dict().items()}, vgg
    )
    batch = batch_of(2)
    (plain,) = made(told(adversarial=0.0)).turns(batch)
    taught = made(told(adversarial=0.0, perceptual=2.0, style=3.0, vgg=vgg))
    assert list(taught.learners) == ["network"]
    (turn,) = taught.turns(batch)
    assert turn.losses.keys() - plain.losses.keys() == {"perceptual", "style"}
    added = 2 * turn.losses["perceptual"] + 3 * turn.losses["style"]
    torch.testing.assert_close(turn.total, plain.total + added)
    assert min(turn.losses["perceptual"], turn.losses["style"]) > 0


def test_what_means_nothing_is_refused():
    for wrong in (
        {"perceptual": 1.0},
        {"style": 1.0},
        {"style": -1.0, "vgg": "vgg16.pth"},
        {"betas": (0.0, 1.0)},
        {"hole": -1.0},
        {"frames": 0},
        {"temporal": -1.0},
        {"temporal": 1.0, "frames": 1},
    ):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            told(**wrong)


@pytest.mark.parametrize("options", [{}, {"precision": "bf16", "ema": 0.9, "clip": 1.0}], ids=str)
def test_a_few_seeded_steps_lower_the_loss(clips, tmp_path, options):  # noqa: F811
    settings = told(steps=30, learning_rate=2e-3, log_every=10, save_every=30, batch=2, **options)
    samples = Samples(open_dataset(clips).clips, SIZE, seed=1)
    fixed = next(batches(samples, batch=2, steps=range(1), mine=range(2), device=CPU))

    def loss(taught):
        *_, turn = taught.turns(fixed)
        return turn.losses["hole"].item()

    taught = made(settings)
    before = loss(taught)
    written = []
    loop.run(
        taught,
        samples,
        settings.training,
        tmp_path,
        write=lambda state, done: written.append(state),
    )
    assert loss(taught) < 0.8 * before
    rows = read_history(tmp_path)
    assert rows[-1]["hole"] < 0.8 * rows[0]["hole"]
    mean = made(settings)
    mean.result.load_state_dict(written[-1])
    assert all(value.dtype == torch.float32 for value in written[-1].values())
    assert loss(mean) < 0.9 * before


def test_norm_everywhere_trains_too():
    settings = replace(told(), critic=CriticConfig(channels=4, norm_all=True))
    State(made(settings), settings.training, Group()).advance(batch_of(1))


def test_the_critic_learns_from_half_or_the_whole_of_its_losses():
    for halved, times in ((True, 0.5), (False, 1)):
        critic = next(made(told(halved=halved)).turns(batch_of(1)))
        both = critic.losses["real"] + critic.losses["fake"]
        assert critic.total.item() == pytest.approx(times * both.item())
