from __future__ import annotations

import hashlib
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.configs import built
from cleanplate.errors import BadInput, BadOutput
from cleanplate.weights import fit_state, load_weights, read_state, save_weights, torch_needed

torch = pytest.importorskip("torch")
save_file = pytest.importorskip("safetensors.torch").save_file


def made(seed=0, *, width=4):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 3), torch.nn.BatchNorm2d(width))


def old_format(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


WRITERS = [(save_file, "w.safetensors"), (torch.save, "w.pt"), (old_format, "w.PTH")]
by_writer = pytest.mark.parametrize("write, name", WRITERS)


def refused(pattern, function, *arguments, **options):
    """What is said, in one line."""
    with pytest.raises(BadInput, match=pattern) as refusal:
        function(*arguments, **options)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")
    return str(refusal.value)


@by_writer
def test_round_trip(tmp_path, write, name):
    source, target = made(0), made(1)
    write(source.state_dict(), tmp_path / name)
    fit_state(target, read_state(tmp_path / name), name="it", source=name)
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value)


@by_writer
def test_checksum(tmp_path, write, name):
    write(made().state_dict(), tmp_path / name)
    right = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert (
        read_state(str(tmp_path / name), sha256=right.upper()).keys() == made().state_dict().keys()
    )
    said = refused("Give the file that is meant", read_state, tmp_path / name, sha256="0" * 64)
    assert right in said


def changed(**entries):
    state = dict(made().state_dict())
    for key, value in entries.items():
        key = key.replace("_", ".", 1)
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    "state, problem",
    [
        (changed(**{"0_bias": None}), "'0.bias' is missing"),
        (changed(**{"9_bias": torch.zeros(3)}), "'9.bias' has no place in it"),
        (changed(**{"0_bias": torch.zeros(5)}), r"'0.bias' is \(5,\) and not \(4,\)"),
        (changed(**{"0_bias": torch.zeros(4, dtype=torch.int64)}), "'0.bias' is torch.int64"),
        (changed(**{"0_bias": torch.full((4,), torch.nan)}), "'0.bias' holds values that are no"),
        (made(width=6).state_dict(), r"'0.weight' is \(6, 3, 3, 3\) and not \(4, 3, 3, 3\)"),
        ({"fc\nweight": torch.zeros(1), **made().state_dict()}, r"'fc\\nweight' has no place"),
        ({"x" * 999: torch.zeros(1), **made().state_dict()}, r"'x{79}\.\.\. has no place"),
    ],
)
def test_weights_of_another_network_are_refused_and_change_nothing(state, problem):
    network = made(7)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    said = refused(problem, fit_state, network, state, name="the tiny one", source="w.pth")
    assert said.startswith("weights w.pth do not fit the tiny one: ")
    assert said.endswith("Give the weights of the tiny one.")
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_what_may_differ():
    network, state = made(1), changed(**{"1_num_batches_tracked": None})
    fit_state(network, state, name="it", source="old")
    assert torch.equal(network[0].weight, state["0.weight"])
    state = changed(fc_bias=torch.zeros(2))
    fit_state(network, state, name="it", source="more", ignore=("fc.",))
    half = {key: value.half() for key, value in made(2).state_dict().items()}
    half["1.num_batches_tracked"] = torch.tensor(3)
    fit_state(network, half, name="it", source="half")
    assert network[0].weight.dtype == torch.float32
    assert torch.equal(network[0].weight.half(), half["0.weight"])


class Malicious:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("write", [torch.save, old_format, "pickle"])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_a_malicious_pickle_is_not_run(tmp_path, write, suffix):
    path, mark = tmp_path / f"evil{suffix}", tmp_path / "was_here"
    content = {"0.weight": torch.zeros(1), "then": Malicious(mark)}
    if write == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        write(content, path)
    refused("more than tensors, and were not opened", read_state, path)
    assert not mark.exists()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WRITERS), st.integers(0, 10**6), st.binary(max_size=40), st.booleans())
def test_damaged_files_are_refused_or_read(tmp_path_factory, writer, place, noise, cut):
    write, name = writer
    path = tmp_path_factory.mktemp("damaged") / name
    write({"a": torch.arange(6.0), "b": torch.ones(2, 3)}, path)
    content = path.read_bytes()
    place %= len(content)
    rest = b"" if cut else content[place + len(noise) :]
    path.write_bytes(content[:place] + noise + rest)
    try:
        state = read_state(path)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
    else:
        assert all(isinstance(value, torch.Tensor) for value in state.values())


@pytest.mark.parametrize(
    "content, problem",
    [
        ({}, "no named tensors"),
        ([torch.zeros(2)], "no named tensors"),
        (torch.zeros(2), "no named tensors"),
        ({"state_dict": {"a": torch.zeros(2)}, "epoch": 3}, "hold 'state_dict', which is not"),
        ({1: torch.zeros(2)}, "hold 1, which is not a tensor with a name"),
    ],
)
def test_files_without_a_state_dict(tmp_path, content, problem):
    torch.save(content, tmp_path / "w.pt")
    refused(problem, read_state, tmp_path / "w.pt")


def test_files_that_are_not_there_or_of_another_kind(tmp_path):
    refused(r"none\.pth are not there", read_state, tmp_path / "none.pth")
    (tmp_path / "folder.pth").mkdir()
    refused("are not there", read_state, tmp_path / "folder.pth")
    np.savez(tmp_path / "w.npz", a=np.zeros(2))
    refused(r"Give \.safetensors, \.pt, \.pth", read_state, tmp_path / "w.npz")


@pytest.mark.parametrize("missing", ["torch", "safetensors"])
def test_without_torch(tmp_path, monkeypatch, missing):
    save_file({"a": torch.zeros(1)}, tmp_path / "w.safetensors")
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "safetensors.torch")
    refused(r"Install cleanplate\[torch\]", read_state, tmp_path / "w.safetensors")
    with pytest.raises(ModuleNotFoundError, match="another"), torch_needed():
        raise ModuleNotFoundError("another", name="another")


# ---- files of ours


@dataclass(frozen=True)
class Size:
    width: int = 4
    sides: tuple[int, int] = (3, 3)


def saved(path, **options):
    known = {"method": "made", "config": Size(), "about": {"licence": "CC0"}}
    save_weights(path, made().state_dict(), **{**known, **options})
    return path


def test_ours_round_trip(tmp_path):
    path = saved(tmp_path / "w.safetensors")
    found = load_weights(path, method="made")
    assert (found.method, found.about) == ("made", {"licence": "CC0"})
    assert found.config == {"width": 4, "sides": [3, 3]}
    assert built(Size, found.config, source="w") == Size()
    for key, value in made().state_dict().items():
        assert torch.equal(found.state[key], value)
        assert torch.equal(read_state(path)[key], value)  # whoever reads safetensors can
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
    assert saved(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_ours_are_written_whatever_the_tensors_share(tmp_path):
    both = torch.arange(12.0).reshape(3, 4)
    state = {"a": both.T, "b": both[:, 1:], "empty": both[:0], "half": both.half()}
    save_weights(tmp_path / "w.safetensors", state, method="made", config={})
    found = load_weights(tmp_path / "w.safetensors").state
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_where_ours_cannot_be_written(tmp_path):
    for path in (tmp_path / "w.pth", tmp_path / "none" / "w.safetensors"):
        with pytest.raises(BadOutput):
            saved(path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_none_of_ours(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(made().state_dict(), path)
    refused("do not say what network they are of", load_weights, path)
    save_file(made().state_dict(), path, {"format": "cleanplate-1", "method": "made"})
    refused("have no readable config", load_weights, path)
    meta = {"format": "cleanplate-1", "method": "made", "config": "[1]", "about": "{}"}
    save_file(made().state_dict(), path, meta)
    refused("have no readable config", load_weights, path)
    save_file(made().state_dict(), path, {**meta, "config": "[" * 100_000})
    refused("have no readable config", load_weights, path)
    saved(path, method="other")
    refused("are of 'other', not of 'made'", load_weights, path, method="made")
    torch.save(made().state_dict(), tmp_path / "w.pth")
    refused("cleanplate weights convert", load_weights, tmp_path / "w.pth")
    mark = tmp_path / "was_here"
    path.write_bytes(pickle.dumps(Malicious(mark)))
    refused("were not opened", load_weights, path)
    assert not mark.exists()
    refused("are not there", load_weights, tmp_path / "none.safetensors")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.binary(max_size=40), st.booleans())
def test_damaged_files_of_ours_are_refused_or_read(tmp_path_factory, place, noise, cut):
    path = saved(tmp_path_factory.mktemp("damaged") / "w.safetensors")
    content = path.read_bytes()
    place %= len(content)
    rest = b"" if cut else content[place + len(noise) :]
    path.write_bytes(content[:place] + noise + rest)
    try:
        found = load_weights(path)
    except BadInput as refusal:
        assert "\n" not in str(refusal)
    else:
        assert all(isinstance(value, torch.Tensor) for value in found.state.values())


def test_a_state_dict_inside(tmp_path):
    torch.save({"netG": made().state_dict()}, tmp_path / "w.pth")
    assert read_state(tmp_path / "w.pth", part="netG").keys() == made().state_dict().keys()
    refused("hold 'netG', which is not a tensor", read_state, tmp_path / "w.pth")
    refused("hold 'netG', which is not a tensor", read_state, tmp_path / "w.pth", part="netD")
