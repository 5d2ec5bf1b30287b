from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.configs import built
from cleanplate.errors import BadOutput
from cleanplate.states import read_state
from cleanplate.weights import load_weights, save_weights
from made_weights import Malicious, made, refused, tensors_or_refusal

torch = pytest.importorskip("torch")
save_file = pytest.importorskip("safetensors.torch").save_file


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
    state = tensors_or_refusal(lambda path: load_weights(path).state, path, place, noise, cut)
    assert all(isinstance(value, torch.Tensor) for value in state.values())
