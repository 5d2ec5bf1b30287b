"""Training by name: a run's folder, going on after a kill, several processes, fine-tuning."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time

import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.learn import train  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.training.watch import read_history  # noqa: E402
from cleanplate.weights import load_weights, save_weights  # noqa: E402
from made_training import TINY, clips, ended, one_core, started, write_clip  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

FAST = {"training": {"log_every": 1, "save_every": 2, "learning_rate": 1e-3}}
SETS = ["--set", "log_every=1", "--set", "save_every=2", "--set", "learning_rate=1e-3"]


def alike(one, other):
    first, second = load_weights(one).state, load_weights(other).state
    assert first.keys() == second.keys()
    return all(torch.equal(first[key], second[key]) for key in first)


def test_a_run_by_name(clips, tmp_path):  # noqa: F811
    torch.manual_seed(5)
    random.seed(5)
    expected = (torch.rand(1).item(), random.random())
    torch.manual_seed(5)
    random.seed(5)
    told = []
    run = tmp_path / "runs" / "one"
    done = cp.train(
        "sttn", data=clips, out=run, steps=3, config="tiny", settings=FAST, progress=told.append
    )
    assert (torch.rand(1).item(), random.random()) == expected  # ours are our own
    assert done.weights == run / "weights.safetensors"
    assert done.steps == 3
    assert done.losses == pytest.approx(
        {k: v for k, v in read_history(run)[-1].items() if k in done.losses}
    )
    assert set(done.losses) == {"critic", "real", "fake", "hole", "valid", "adversarial"}
    found = check(done.weights)
    assert found["method"] == "sttn"
    assert found["about"] == {
        "licence": "not stated", "data": clips.name, "clips": 3, "seed": 2020, "ema": 0.0,
        "from": None, "steps": 3,
    }  # fmt: skip
    assert [line.split(":")[0] for line in told[:3]] == [f"step {n} of 3" for n in (1, 2, 3)]
    assert told[3] == f"{done.weights}: the weights after 3 steps"
    assert (run / "clips.txt").read_text() == "ant\nbee\ncat\n"
    cp.train("sttn", data=clips, out=tmp_path / "two", steps=3, config="tiny", settings=FAST)
    assert alike(done.weights, tmp_path / "two" / "weights.safetensors")
    assert done.weights.read_bytes() == (tmp_path / "two" / "weights.safetensors").read_bytes()


def test_killed_and_gone_on_with_it_is_bit_equal(clips, tmp_path):  # noqa: F811
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    more = ["--set", "ema=0.9", "--set", "workers=1"]
    common = ["train", "sttn", str(clips), "--steps", "24", *TINY, *SETS, *more]
    other = started([*common, "-o", str(whole)])
    process = started([*common, "-o", str(broken)])
    while not (broken / "checkpoints" / "00000004.pt").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert ended(other) == (0, "")
    (broken / "checkpoints" / ".00000006.pt.00aa00aa.part").write_bytes(b"torn")
    assert not (broken / "checkpoints" / "00000024.pt").exists()
    train("sttn", data=clips, out=broken, resume=True)
    assert alike(whole / "weights.safetensors", broken / "weights.safetensors")
    rows = [
        [{k: v for k, v in row.items() if k != "samples_per_second"} for row in read_history(run)]
        for run in (whole, broken)
    ]
    assert rows[0] == rows[1]
    kept = sorted(path.name for path in (broken / "checkpoints").iterdir())
    assert kept == ["00000020.pt", "00000022.pt", "00000024.pt"]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_it_keeps_the_step_it_was_at(clips, tmp_path, number, code):  # noqa: F811
    run = tmp_path / "run"
    seldom = ["--set", "save_every=1000", "--set", "workers=1"]
    process = started(["train", "sttn", str(clips), "--steps", "900", *TINY, *SETS, *seldom,
                       "-o", str(run)])  # fmt: skip
    while not any(row["step"] >= 2 for row in read_history(run)):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, number)
    _, said = process.communicate()
    assert process.returncode == code
    assert said == "Stopped; --resume goes on from the last checkpoint.\n"
    first, last = sorted(int(path.stem) for path in (run / "checkpoints").iterdir())
    assert (first, last) == (0, read_history(run)[-1]["step"])
    assert load_weights(run / "weights.safetensors").about["steps"] == last >= 2
    train("sttn", data=clips, out=run, resume=True, steps=last + 1)
    whole = tmp_path / "whole"
    sets = {"training": {**FAST["training"], "save_every": 1000}}
    train("sttn", data=clips, out=whole, config="tiny", settings=sets, steps=last + 1)
    assert alike(run / "weights.safetensors", whole / "weights.safetensors")


def test_a_run_that_ended_as_it_began_is_begun_again(clips, tmp_path):  # noqa: F811
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    for torn in ("clips.txt", ".settings.toml.00aa00aa.part", "checkpoints/.00000000.pt.aa.part"):
        (run / torn).write_text("torn")
    done = train("sttn", data=clips, out=run, steps=1, config="tiny", settings=FAST)
    assert done.steps == 1
    assert (run / "clips.txt").read_text() == "ant\nbee\ncat\n"
    refused(cp.BadOutput, "is not empty", data=clips, out=run)


def test_two_processes_give_the_losses_of_one(clips, tmp_path):  # noqa: F811
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = str(listening.getsockname()[1])
    common = ["train", "sttn", str(clips), "--steps", "4", *TINY, *SETS, "--set", "batch=4"]
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        started([*common, "-o", str(tmp_path / "two")], RANK=rank, LOCAL_RANK=rank, **group)
        for rank in "01"
    ]
    train(
        "sttn", data=clips, out=tmp_path / "one", steps=4, config="tiny",
        settings={"training": {**FAST["training"], "batch": 4}},
    )  # fmt: skip
    assert [ended(process)[0] for process in processes] == [0, 0]
    one, two = (read_history(tmp_path / name) for name in ("one", "two"))
    assert len(one) == len(two) == 4
    for row, other in zip(one, two, strict=True):
        for name in ("critic", "hole", "valid", "adversarial"):
            assert other[name] == pytest.approx(row[name], rel=1e-4, abs=1e-6)
    first, second = (
        load_weights(tmp_path / n / "weights.safetensors").state for n in ("one", "two")
    )
    for key, value in first.items():
        torch.testing.assert_close(second[key], value, rtol=1e-3, atol=1e-5)


def test_fine_tuning_begins_with_the_weights(clips, tmp_path):  # noqa: F811
    torch.manual_seed(8)
    config = Config(size=(48, 96), channels=8, blocks=1, divisions=(1, 3))
    network = Network(config)
    start = tmp_path / "start.safetensors"
    save_weights(start, network.state_dict(), method="sttn", config=config)
    settings = {"training": {"batch": 2, "workers": 0, "learning_rate": 0.0}}
    done = cp.train(
        "sttn", data=clips, out=tmp_path / "run", steps=1, weights=start,
        settings={**settings, "critic": {"channels": 4}, "network": {"mask_attention": True}},
    )  # fmt: skip
    assert alike(done.weights, start)
    found = load_weights(done.weights)
    assert found.config == {
        "size": [48, 96], "channels": 8, "blocks": 1, "divisions": [1, 3], "mask_attention": True,
        "depth": 1,
        "start": "official",
    }  # fmt: skip
    assert found.about["from"] == check(start)["sha256"]
    again = cp.train("sttn", data=clips, out=tmp_path / "x", steps=1, weights=start, config="tiny")
    assert load_weights(again.weights).config == {**found.config, "mask_attention": False}
    going_on = cp.train("sttn", data=clips, out=tmp_path / "x", steps=2, resume=True)
    assert load_weights(going_on.weights).about["from"] == found.about["from"]


def refused(kind, pattern, **options):
    known = {"steps": 1, "config": "tiny", "settings": FAST}
    with pytest.raises(kind, match=pattern) as refusal:
        train(options.pop("method", "sttn"), **{**known, **options})
    assert "\n" not in str(refusal.value)


def test_what_cannot_be_done(clips, tmp_path):  # noqa: F811
    new = {"data": clips, "out": tmp_path / "new"}
    refused(
        cp.BadInput, "method 'flow' cannot be trained. Choose one of: sttn", method="flow", **new
    )
    refused(cp.BadInput, "config 'huge' is unknown", config="huge", **new)
    refused(cp.BadInput, "has no setting 'colour'", settings={"training": {"colour": 1}}, **new)
    refused(cp.BadInput, "has no table 'paint'", settings={"paint": {"colour": 1}}, **new)
    refused(cp.BadInput, "does not exist", data=tmp_path / "none", out=tmp_path / "new")
    refused(cp.BadInput, "steps is 0", steps=0, **new)
    refused(cp.BadInput, "holds no run to go on with", resume=True, config=None, **new)
    foreign = tmp_path / "other.safetensors"
    save_weights(foreign, {"a": torch.zeros(1)}, method="tsam", config={})
    refused(cp.BadInput, "are of 'tsam', not of 'sttn'", weights=foreign, **new)
    assert not (tmp_path / "new").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    refused(cp.BadOutput, "is not empty. Give a new folder", data=clips, out=tmp_path / "full")


def test_going_on_with_something_else_is_refused(clips, tmp_path):  # noqa: F811
    run = {"data": clips, "out": tmp_path / "run"}
    train("sttn", steps=2, config="tiny", settings=FAST, **run)
    again = {"resume": True, "config": None, "settings": None, "steps": 3, **run}
    lower = {"training": {"learning_rate": 1e-9}}
    refused(
        cp.BadInput, "training.learning_rate makes .* another run", **{**again, "settings": lower}
    )
    refused(cp.BadInput, "has its own network", **{**again, "config": "tiny"})
    (tmp_path / "less").mkdir()
    (tmp_path / "less" / "ant").symlink_to(clips / "ant")
    refused(cp.BadInput, "was trained on other clips", **{**again, "data": tmp_path / "less"})
    done = train("sttn", resume=True, steps=3, settings={"training": {"workers": 0}}, **run)
    assert [row["step"] for row in read_history(tmp_path / "run")] == [1, 2, 3]
    assert load_weights(done.weights).about["steps"] == 3
    assert train("sttn", resume=True, **run).losses == {}  # nothing was left to do
    refused(cp.BadInput, "has done 3 steps, steps is 2", **{**again, "steps": 2})
    assert "steps = 3" in (tmp_path / "run" / "settings.toml").read_text()
    newest = tmp_path / "run" / "checkpoints" / "00000003.pt"
    newest.write_bytes(newest.read_bytes()[:5000])
    refused(cp.BadInput, "00000003.pt is damaged, .* Remove it", **{**again, "steps": 4})
    for path in newest.parent.iterdir():
        path.unlink()
    refused(cp.BadInput, "holds no checkpoint to go on from", **again)


def test_the_command(clips, tmp_path, capsys):  # noqa: F811
    file = tmp_path / "s.toml"
    file.write_text("[training]\nlog_every = 1\nsteps = 7\n[critic]\nchannels = 2\n")
    arguments = ["train", "sttn", str(clips), "-o", str(tmp_path / "run"), "--config", "tiny",
                 "--settings", str(file), "--set", "training.batch=1", "--steps", "2"]  # fmt: skip
    from cleanplate.cli import main

    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0].startswith("step 1 of 2: critic ")
    assert said.out.splitlines()[-1].endswith("weights.safetensors: the weights after 2 steps")
    assert said.err == ""
    assert main([*arguments[:5], "--resume", "--steps", "3", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    rows = [
        json.loads(row) for row in (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    ]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert main([*arguments, "--set", "colour=red"]) == 2
    assert "has no setting 'colour'" in capsys.readouterr().err


def test_stopping_and_warnings(clips, tmp_path, capsys, monkeypatch):  # noqa: F811
    from cleanplate import learn
    from cleanplate.cli import main

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ant").symlink_to(clips / "ant")
    write_clip(tmp_path / "data" / "few", count=2)
    arguments = ["train", "sttn", str(tmp_path / "data"), "-o", str(tmp_path / "run")]
    assert main([*arguments, "--config", "tiny", "--steps", "2"]) == 0
    few = "warning: clip few was skipped: it has 2 frames, 5 are needed.\n"
    assert capsys.readouterr().err == few

    def stopped(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(learn, "train", stopped)
    assert main(arguments) == 130
    assert capsys.readouterr().err == "Stopped; --resume goes on from the last checkpoint.\n"


def test_without_torch(clips, tmp_path, monkeypatch):  # noqa: F811
    from cleanplate.methods import sttn

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "cleanplate.methods.sttn.train")
    monkeypatch.delattr(sttn, "train")
    refused(cp.BadInput, r"Install cleanplate\[torch\]", data=clips, out=tmp_path / "new")
