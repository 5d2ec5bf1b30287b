"""Checkpoints: complete or not there, the last few, and never run."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.training import checkpoint  # noqa: E402


class Malicious:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_the_last_few_are_kept(tmp_path):
    assert checkpoint.latest(tmp_path) is None
    for step in (0, 5, 10, 15):
        checkpoint.save(tmp_path, step, {"a": torch.full((2,), step)}, keep=2)
        torn = tmp_path / checkpoint.FOLDER / f".{step + 1:08}.pt.0123abcd.part"
        torn.touch()  # as a process leaves it that is killed
    assert sorted(p.name for p in torn.parent.iterdir()) == [
        torn.name, "00000010.pt", "00000015.pt",
    ]  # fmt: skip
    found = checkpoint.load(checkpoint.latest(tmp_path))
    assert found["step"] == 15
    assert torch.equal(found["a"], torch.full((2,), 15))


def test_random_numbers_go_on():
    def drawn():
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    np.random.randn()  # noqa: NPY002 - leaves one of two numbers behind
    state = checkpoint.random_state()
    first = drawn()
    checkpoint.set_random_state(state)
    assert drawn() == first


def test_what_is_no_checkpoint_is_refused(tmp_path):
    path, mark = tmp_path / "00000001.pt", tmp_path / "was_here"

    def refused(problem):
        with pytest.raises(BadInput, match=problem) as refusal:
            checkpoint.load(path)
        assert "\n" not in str(refusal.value)

    torch.save({"format": checkpoint.FORMAT, "then": Malicious(mark)}, path)
    refused("holds more than tensors, and was not opened")
    path.write_bytes(pickle.dumps(Malicious(mark)))
    refused("was not opened")
    assert not mark.exists()
    torch.save({"netG": {"a": torch.zeros(2)}}, path)
    refused("is no checkpoint of a training run")
    torch.save([1], path)
    refused("is no checkpoint of a training run")
    good = checkpoint.save(tmp_path, 3, {"a": torch.zeros(1000)}, keep=1).read_bytes()
    for length in (0, 10, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        refused("is damaged")
    path.unlink()
    refused("does not exist|damaged")
