"""The loop with a lesson of its own: one line is learnt, and a critic's turn comes before."""

from __future__ import annotations

import sys

import pytest

from cleanplate.datasets.folders import open_dataset
from cleanplate.datasets.samples import Samples
from cleanplate.errors import BadInput, CleanplateError

torch = pytest.importorskip("torch")

from cleanplate.training import checkpoint, loop  # noqa: E402
from cleanplate.training.batches import batches  # noqa: E402
from cleanplate.training.lesson import Learner, Lesson, Turn, frozen  # noqa: E402
from cleanplate.training.processes import Group  # noqa: E402
from cleanplate.training.settings import LoopSettings  # noqa: E402
from cleanplate.training.state import State  # noqa: E402
from cleanplate.training.watch import read_history  # noqa: E402
from made_training import SIZE, clips, one_core, write_clip  # noqa: E402, F401 - a fixture

pytestmark = pytest.mark.usefixtures("one_core")

CPU = torch.device("cpu")


def line(rate=1.0):
    """A number that is to become the mean of what it sees, and a critic that counts turns."""
    torch.manual_seed(0)
    network, critic = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    learners = {
        "network": Learner(network, torch.optim.SGD(network.parameters(), rate)),
        "critic": Learner(critic, torch.optim.SGD(critic.parameters(), rate)),
    }
    seen = []

    def turns(batch):
        before = critic.weight.detach().clone()
        total = (critic(torch.ones(1, 1)) ** 2).mean()
        yield Turn("critic", total, {"critic": total})
        assert not torch.equal(critic.weight, before)  # it has learnt by now
        seen.append(batch.clips)
        shown = batch.frames.float().mean() / 255 * torch.ones(1, 1)
        with frozen(critic):
            assert network(shown).requires_grad
            assert not critic(shown).requires_grad
        total = ((network(shown) - shown) ** 2).mean()
        yield Turn("network", total, {"off": total}, lambda: {"grey": torch.rand(3, 4, 4)})

    return Lesson(learners, turns), seen


def test_a_group_of_parameters_may_learn_faster():
    one, other = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    network = torch.nn.ParameterList([one, other])
    optimiser = torch.optim.SGD([{"params": [one]}, {"params": [other], "faster": 10}], 1.0)
    lesson = Lesson(
        {"network": Learner(network, optimiser)},
        lambda batch: iter([Turn("network", (one + other).sum(), {})]),
    )
    state = State(lesson, LoopSettings(learning_rate=0.01), Group())
    state.advance(None)
    torch.testing.assert_close(torch.cat([one, other]).detach(), torch.tensor([0.99, 0.9]))


def go(folder, clips, lesson, *, resume=None, tell=None, bar=False, **options):  # noqa: F811
    known = {"steps": 4, "batch": 2, "workers": 0, "log_every": 2, "save_every": 2}
    settings = LoopSettings(**{**known, "learning_rate": 0.1, **options})
    samples, written = Samples(open_dataset(clips).clips, SIZE, seed=settings.seed), []
    loop.run(
        lesson, samples, settings, folder, resume=resume, tell=tell, bar=bar,
        write=lambda state, done: written.append((done, {k: v.clone() for k, v in state.items()})),
    )  # fmt: skip
    return written


def test_steps_saves_and_what_is_seen(clips, tmp_path):  # noqa: F811
    told = []
    written = go(tmp_path, clips, line()[0], tell=told.append, steps=5, pictures_every=2)
    assert [done for done, _ in written] == [2, 4, 5]
    rows = read_history(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert rows[-1]["off"] < rows[0]["off"]
    assert [line.partition(":")[0] for line in told] == [f"step {n} of 5" for n in (2, 4, 5)]
    assert "clips a second" in told[0]
    assert list((tmp_path / "tensorboard").iterdir())


def test_the_bar(clips, tmp_path, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    go(tmp_path, clips, line()[0], tell=print, bar=True)
    said = capsys.readouterr()
    assert "Training" in said.err
    assert "4/4" in said.err
    assert "clips/s" in said.err
    assert "step 4 of 4" in said.out


def test_without_tensorboard(clips, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    told = []
    go(tmp_path, clips, line()[0], tell=told.append)
    assert "install cleanplate[train]" in told[0]
    assert not (tmp_path / "tensorboard").exists()


def test_going_on_is_as_if_never_stopped(clips, tmp_path):  # noqa: F811
    options = {"ema": 0.5, "clip": 0.1, "schedule": ((3, 0.5),)}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole = go(tmp_path / "one", clips, line()[0], steps=6, **options)
    go(tmp_path / "two", clips, line()[0], steps=4, **options)
    with (tmp_path / "two" / "history.jsonl").open("a") as file:
        file.write('{"step": 6, "off": 99}\n{"step"')  # what was noted after the checkpoint
    torch.rand(3)
    lesson, _ = line()
    with torch.no_grad():
        lesson.result.weight += 1
    last = checkpoint.latest(tmp_path / "two")
    rest = go(tmp_path / "two", clips, lesson, resume=last, steps=6, **options)
    assert rest[-1][0] == whole[-1][0] == 6
    for key, value in whole[-1][1].items():
        assert torch.equal(rest[-1][1][key], value)
    timeless = [
        [{k: v for k, v in row.items() if k != "samples_per_second"} for row in rows]
        for rows in (read_history(tmp_path / "one"), read_history(tmp_path / "two"))
    ]
    assert timeless[0] == timeless[1]


def test_weights_that_fell_apart_are_not_kept(clips, tmp_path):  # noqa: F811
    with pytest.raises(CleanplateError, match="training fell apart"):
        go(tmp_path, clips, line()[0], steps=3, save_every=1, learning_rate=float("inf"))
    assert checkpoint.latest(tmp_path).stem == "00000000"


def test_the_mean_of_the_weights(clips, tmp_path):  # noqa: F811
    plain = go(tmp_path, clips, line()[0], steps=3, save_every=1)
    mean = line()[0].result.state_dict()
    for _, state in plain:
        mean = {key: torch.lerp(mean[key], value, 0.25) for key, value in state.items()}
    averaged = go(tmp_path, clips, line()[0], steps=3, save_every=1, ema=0.75)
    for key, value in mean.items():
        torch.testing.assert_close(averaged[-1][1][key], value)


def test_gradients_are_clipped(clips, tmp_path):  # noqa: F811
    lesson, _ = line()
    before = {key: value.clone() for key, value in lesson.result.state_dict().items()}
    written = go(tmp_path, clips, lesson, steps=1, clip=1e-3)
    moved = torch.cat([(written[-1][1][k] - before[k]).flatten() for k in before]).norm()
    assert 0 < moved <= 1.001e-3 * 0.1


def test_a_loss_that_is_no_number_stops_it(clips, tmp_path):  # noqa: F811
    lesson, _ = line()
    with torch.no_grad():
        lesson.result.weight *= float("nan")
    with pytest.raises(CleanplateError, match="after 2 steps the loss off is nan"):
        go(tmp_path, clips, lesson)
    assert checkpoint.latest(tmp_path).name == "00000000.pt"


def test_another_network_s_checkpoint_is_refused(clips, tmp_path):  # noqa: F811
    path = checkpoint.save(tmp_path, 3, {"networks": {"network": {}}}, keep=1)
    with pytest.raises(BadInput, match="is not of this run: its contents do not fit"):
        go(tmp_path, clips, line()[0], resume=path)


def test_batches_do_not_depend_on_workers(clips):  # noqa: F811
    samples = Samples(open_dataset(clips).clips, SIZE, seed=2)

    def made(workers, mine=range(4), steps=range(3)):
        return list(batches(samples, batch=4, steps=steps, mine=mine, device=CPU, workers=workers))

    alone, others = made(0), made(2)
    halves = [made(0, range(2)), made(0, range(2, 4))]
    later = made(0, steps=range(2, 3))
    for one, other, *parts in zip(alone, others, *halves, strict=True):
        assert one.clips == other.clips
        assert torch.equal(one.frames, other.frames)
        assert torch.equal(one.holes, other.holes)
        assert torch.equal(one.frames, torch.cat([part.frames for part in parts]))
    assert torch.equal(alone[2].frames, later[0].frames)


def test_broken_clips_are_told_once(clips, tmp_path):  # noqa: F811
    write_clip(tmp_path / "few", count=2)
    samples, told = Samples(open_dataset(tmp_path).clips, SIZE), []
    given = batches(
        samples, batch=1, steps=range(2), mine=range(1), device=CPU, workers=1, warn=told.append
    )
    with pytest.raises(BadInput, match="20 clips in a row"):
        list(given)
    write_clip(tmp_path / "good")
    samples = Samples(open_dataset(tmp_path).clips, SIZE)
    list(batches(samples, batch=2, steps=range(4), mine=range(2), device=CPU, warn=told.append))
    assert told == ["clip few was skipped: it has 2 frames, 5 are needed."]


def test_shares():
    assert [list(Group(rank, 2).share(4)) for rank in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(BadInput, match="batch is 3, and 2 processes cannot share it evenly"):
        Group(0, 2).share(3)
