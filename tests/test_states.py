from __future__ import annotations

import hashlib
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.states import fit_state, network_of, read_state, torch_needed
from made_weights import Malicious, made, refused, tensors_or_refusal

torch = pytest.importorskip("torch")
save_file = pytest.importorskip("safetensors.torch").save_file


def old_format(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


WRITERS = [(save_file, "w.safetensors"), (torch.save, "w.pt"), (old_format, "w.PTH")]
by_writer = pytest.mark.parametrize("write, name", WRITERS)


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


def test_a_network_of_tensors():
    given = changed(**{"1_num_batches_tracked": None})
    drawn = torch.get_rng_state()
    network = network_of(unmade, given, name="it", source="w.pth")
    assert torch.equal(torch.get_rng_state(), drawn)
    for key, value in {**given, "1.num_batches_tracked": torch.tensor(0)}.items():
        assert torch.equal(network.state_dict()[key], value)
    half = network_of(unmade, {k: v.half() for k, v in given.items()}, name="it", source="half")
    assert half[0].weight.dtype == torch.float32
    refused("'0.weight' is missing", network_of, unmade, {}, name="it", source="w.pth")


@pytest.mark.parametrize(
    "value, problem",
    [
        (torch.zeros(4).to_sparse(), "is not a plain tensor"),
        (torch.zeros(4, device="meta"), "is not a plain tensor"),
        (torch.zeros(4, dtype=torch.float8_e5m2), r"is torch.float8_e5m2 and not torch.float32"),
    ],
)
def test_tensors_of_odd_kinds_are_refused(value, problem):
    state = changed(**{"0_bias": value})
    refused(f"'0.bias' {problem}", fit_state, made(), state, name="it", source="w.pth")


def test_a_network_that_cannot_be_is_refused():
    def make():
        return torch.nn.Linear(10**12, 10**12)

    refused("is built as it cannot be", network_of, make, {}, name="it", source="w.pth")


def unmade():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))


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
    state = tensors_or_refusal(read_state, path, place, noise, cut)
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


def test_what_is_left_out(tmp_path):
    path, state = tmp_path / "w.pt", {"module.a": torch.ones(2), "module.b": torch.zeros(1)}
    torch.save({"model": state, "step": 3}, path)
    found = read_state(path, part="model", beside=("step", "optimizer"), prefix="module.")
    assert found.keys() == {"a", "b"}
    assert torch.equal(found["a"], state["module.a"])
    refused("hold 'model', which is not", read_state, path, part="net", beside=("model",))
    refused("hold 'step' beside 'model'", read_state, path, part="model", prefix="module.")
    torch.save({**state, "c": torch.zeros(1)}, path)  # not all begin so: nothing is left out
    assert read_state(path, prefix="module.").keys() == {*state, "c"}


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
