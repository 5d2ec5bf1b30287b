"""Official checkpoints become files of ours; what is none of them is refused with a sentence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cleanplate.cli import main
from cleanplate.convert import check, convert
from cleanplate.errors import BadInput, BadOutput

torch = pytest.importorskip("torch")

from cleanplate.flow import dfc_network, dfc_stages, raft  # noqa: E402
from cleanplate.methods.flow_guided import deepfill  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.weights import load_weights, save_weights  # noqa: E402


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return Network(Config.tiny()).state_dict()


@pytest.mark.parametrize("wrapped", [True, False])
def test_official_checkpoints(state, tmp_path, wrapped):
    source, out = tmp_path / "sttn.pth", tmp_path / "sttn.safetensors"
    torch.save({"netG": state} if wrapped else state, source)
    found = convert(source, out, config="tiny")
    assert found == check(out)
    assert found["method"] == "sttn"
    assert found["parameters"] == sum(value.numel() for value in state.values())
    assert found["licence"].startswith("MIT, if ")
    assert found["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert found["about"]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    kept = load_weights(out, method="sttn")
    assert kept.config["size"] == [48, 96]
    assert kept.state.keys() == state.keys()
    assert all(torch.equal(kept.state[key], value) for key, value in state.items())


def test_the_image_network(tmp_path):
    """Its official file is the state dict itself."""
    source, out = tmp_path / "deepfill.pth", tmp_path / "deepfill.safetensors"
    state = deepfill.Network(deepfill.Config.tiny()).state_dict()
    torch.save(state, source)
    found = convert(source, out, method="deepfill", config="tiny")
    assert found == check(out)
    assert found["config"] == {"width": 4}
    assert "CC BY-NC" in found["licence"]
    assert load_weights(out, method="deepfill").state.keys() == state.keys()
    with pytest.raises(BadInput, match=r"do not fit deepfill \(paper\): 'stage_1"):
        convert(source, out, method="deepfill")
    with pytest.raises(BadInput, match=r"'small' is unknown. Choose one of: paper, tiny\."):
        convert(source, out, method="deepfill", config="small")


@pytest.mark.parametrize("prefix", ["module.", ""])
def test_the_flow_network(tmp_path, prefix, capsys):
    """Its official file was saved as it was spread over GPUs."""
    torch.manual_seed(0)
    state = raft.Network().state_dict()
    source, out = tmp_path / "raft-things.pth", tmp_path / "raft.safetensors"
    torch.save({prefix + key: value for key, value in state.items()}, source)
    arguments = ["weights", "convert", str(source), "-o", str(out), "--method", "raft"]
    assert main(arguments) == 0
    assert "raft, 5,257,536 parameters" in capsys.readouterr().out
    found = check(out)
    assert found["config"] == {"width": 32, "levels": 4, "radius": 4}
    assert found["licence"].startswith("BSD-3-Clause, if https://github.com/princeton-vl/RAFT")
    kept = load_weights(out, method="raft").state
    assert kept.keys() == state.keys()
    assert all(torch.equal(kept[key], value) for key, value in state.items())
    torch.save({"module." + key: value for key, value in list(state.items())[1:]}, source)
    with pytest.raises(BadInput, match=r"do not fit raft .paper.: 'fnet.conv1.weight' is missing"):
        convert(source, out, method="raft")


def test_the_published_size(tmp_path, capsys):
    torch.save({"netG": Network().state_dict()}, tmp_path / "sttn.pth")
    out = str(tmp_path / "sttn.safetensors")
    assert main(["weights", "convert", str(tmp_path / "sttn.pth"), "-o", out]) == 0
    assert "sttn, 16,556,163 parameters" in capsys.readouterr().out


@pytest.fixture(scope="module")
def stage():
    torch.manual_seed(0)
    return dfc_network.Network(dfc_stages.Config.tiny().stage(0))


def checkpoint(network):
    """As DFC-Net's training writes it: what is trained side by side, and the optimiser."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
    network(torch.ones(1, 33, 8, 8)).sum().backward()
    optimizer.step()
    model = torch.nn.DataParallel(network).state_dict()
    return {"n_iter": 7, "model": model, "optimizer": optimizer.state_dict()}


@pytest.mark.parametrize("old", [False, True])
def test_checkpoints_of_flow_completion(stage, tmp_path, old):
    source, out = tmp_path / "stage1.pth", tmp_path / "stage1.safetensors"
    torch.save(checkpoint(stage), source, _use_new_zipfile_serialization=not old)
    found = convert(source, out, method="dfc", config="tiny")
    assert found == check(out)
    assert (found["method"], found["config"]["stages"]) == ("dfc", 1)
    kept = load_weights(out, method="dfc").state
    assert len(kept) == len(stage.state_dict())
    for key, value in stage.state_dict().items():
        assert torch.equal(kept[f"stages.0.{key}"], value)


def published(folder, name, **config):
    """A checkpoint as large as those published; its tensors take no room."""
    with torch.device("meta"):
        shapes = dfc_network.Network(dfc_network.Config(**config)).state_dict()
    state = {
        f"module.{key}": torch.zeros((), dtype=like.dtype).expand(like.shape)
        for key, like in shapes.items()
    }
    torch.save({"n_iter": 1, "model": state, "optimizer": {}}, folder / name)
    return str(folder / name)


def test_checkpoints_tell_which_published_network_they_are_of(tmp_path, capsys):
    first = published(tmp_path, "first.pth", backbone="resnet50")
    second = published(tmp_path, "second.pth", backbone="resnet50", stage="refinement")
    deep = published(tmp_path, "deep.pth", backbone="resnet101")
    words, out = ["weights", "convert", "--method", "dfc"], str(tmp_path / "w.safetensors")
    for files, more, told in (
        ([first, second], [], "stages 2, backbone resnet50"),
        ([deep], ["--config", "official"], "stages 1, backbone resnet101"),
    ):
        assert main([*words, *files, *more, "-o", out]) == 0
        said = capsys.readouterr().out
        assert told in said
        assert ("sizes official, nearest_holes True" in said) == bool(more)
        assert "MIT, if https://github.com/nbei/" in said
    assert main([*words, second, "-o", out]) == 2  # what is it to refine?
    assert "'stages.0.conv1.weight' is (64, 66" in capsys.readouterr().err
    assert main(["weights", "convert", first, second, "-o", out]) == 2
    assert "sttn has one checkpoint, 2 were given" in capsys.readouterr().err


def test_what_is_no_checkpoint_of_flow_completion(stage, tmp_path):
    good, mark = checkpoint(stage), tmp_path / "mark"
    model = good["model"]
    mixed = {key.removeprefix("module.conv1."): value for key, value in model.items()}
    for problem, content, config in (
        (r"do not fit dfc \(paper\): 'stages.0.conv1.weight' is \(4, 33", good, "paper"),
        ("more than tensors, and were not opened", {**good, "n_iter": Malicious(mark)}, "tiny"),
        ("hold 'epoch' beside 'model'", {**good, "epoch": 3}, "tiny"),
        ("'stages.0.conv1.weight' is missing", {**good, "model": mixed}, "tiny"),
        ("hold 'n_iter', which is not", {"n_iter": 7, "optimizer": good["optimizer"]}, "tiny"),
        ("config 'small' is unknown. Choose one of: paper, official, tiny", good, "small"),
    ):
        torch.save(content, tmp_path / "dfc.pth")
        with pytest.raises(BadInput, match=problem):
            convert(tmp_path / "dfc.pth", tmp_path / "w.safetensors", method="dfc", config=config)
        assert not mark.exists()
        assert not (tmp_path / "w.safetensors").exists()


class Malicious:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_what_cannot_be_converted(state, tmp_path):
    source, out, mark = tmp_path / "sttn.pth", tmp_path / "sttn.safetensors", tmp_path / "mark"

    def refused(problem, content, kind=BadInput, **options):
        torch.save(content, source)
        with pytest.raises(kind, match=problem) as refusal:
            convert(source, options.pop("out", out), **{"config": "tiny", **options})
        assert "\n" not in str(refusal.value)
        assert not out.exists()
        assert not mark.exists()

    good = {"netG": state}
    first = next(iter(state))
    refused("holds? more than tensors, and were not opened", {"netG": state, "x": Malicious(mark)})
    refused(r"do not fit sttn \(paper\): 'transformer.0", good, config="paper")
    refused("has no place in it", {"netG": {**state, "extra": torch.zeros(1)}})
    refused("is missing", {"netG": {k: v for k, v in state.items() if k != first}})
    refused("hold 'netD', .* Give the file that holds 'netG', or the state", {"netD": state})
    refused("hold 'extra' beside 'netG'", {**good, "extra": torch.zeros(1)})
    refused("no named tensors", {"netG": [1]})
    refused("config 'huge' is unknown", good, config="huge")
    refused("method 'lama' has no weights", good, method="lama")
    refused("is the input itself", good, BadOutput, out=source)
    refused("Give a name with .safetensors", good, BadOutput, out=tmp_path / "sttn.pt")
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(BadInput, match="damaged"):
        convert(source, out, config="tiny")


def test_checking_files_of_ours(state, tmp_path, capsys):
    path = tmp_path / "w.safetensors"
    about = {"licence": "CC0", "steps": 7}
    save_weights(path, state, method="sttn", config=Config.tiny(), about=about)
    assert main(["weights", "check", str(path)]) == 0
    said = capsys.readouterr().out
    for part in ("sttn", "18,987 parameters", "CC0", "steps 7", "channels 16", "sha256"):
        assert part in said
    assert main(["weights", "check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == check(path)


@pytest.mark.parametrize(
    ("method", "config", "problem"),
    [
        ("lama", {}, "method 'lama' has no weights that are known"),
        ("sttn", {"colour": 1}, "has no setting 'colour'"),
        ("sttn", {"channels": "many"}, "channels of .* is 'many'. Give a whole number"),
        ("sttn", {"channels": 4096}, "do not fit sttn"),
        ("sttn", {"size": [48]}, "size of .* Give a list of 2"),
    ],
)
def test_bad_files_of_ours(state, tmp_path, capsys, method, config, problem):
    path = tmp_path / "w.safetensors"
    save_weights(path, state, method=method, config={"size": [48, 96], **config})
    with pytest.raises(BadInput, match=problem):
        check(path)
    assert main(["weights", "check", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
