"""``cleanplate weights`` and weights that are given by name."""

from __future__ import annotations

import hashlib
import io
import json
from urllib.error import URLError

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import known, metrics
from cleanplate.cli import main
from cleanplate.convert import OFFICIAL
from cleanplate.known import KNOWN, Known, Part


@pytest.fixture
def place(monkeypatch, tmp_path):
    """A folder for weights, which is not there yet."""
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_the_list_tells_everything(place, capsys):
    place.mkdir()
    small = KNOWN["vgg"].parts[1]
    (place / small.name).write_bytes(bytes(small.size_bytes))
    assert main(["weights", "list"]) == 0
    said = capsys.readouterr().out
    for name, each in KNOWN.items():
        for part in each.parts:
            told = (name, str(part.size_bytes), part.licence, part.sha256, part.address)
            assert all(value in said for value in told)
    assert str(place) in said
    for name in ("sttn", "deepfill", "raft"):
        assert f"For {name} bring the official checkpoint" in said
    assert main(["weights", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    lines = told["known"]
    assert {line["method"] for line in told["official"]} == set(OFFICIAL)
    assert [line["file"] for line in lines if line["here"]] == [small.name]
    assert {line["metric"] for line in lines} == {"lpips", "vfid"}


@pytest.fixture
def clip(tmp_path):
    """The arguments of a command that scores a little clip against itself."""
    frames = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), np.uint8)
    cp.write_video(tmp_path / "clip", frames)
    return ["score", str(tmp_path / "clip"), str(tmp_path / "clip"), "box:5,5,9,9",
            "--metrics", "lpips"]  # fmt: skip


def test_weights_by_name_are_fetched_and_told(place, clip, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    state, parts, served = metrics.LPIPS("alex").state_dict(), [], {}
    for name in ("features", "lin"):
        content = io.BytesIO()
        torch.save({k: v for k, v in state.items() if k.startswith(name)}, content)
        digest = hashlib.sha256(content.getvalue()).hexdigest()
        address = f"https://example.org/{name}.pth"
        served[address] = content.getvalue()
        parts.append(Part(f"{name}.pth", address, digest, len(content.getvalue()), "MIT"))
    monkeypatch.setitem(KNOWN, "made", Known("lpips", "made up", tuple(parts)))
    monkeypatch.setattr(known, "_open", lambda address: io.BytesIO(served[address]))
    assert main([*clip, "--weights", "lpips=made", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"lpips": 0}
    assert [line.split()[:2] for line in said.err.splitlines()] == [
        ["Fetching", "features.pth"],
        ["Fetching", "lin.pth"],
    ]
    two = [f"lpips={place / part.name}" for part in parts]
    assert main([*clip, "--weights", two[0], "--weights", two[1]]) == 0
    assert capsys.readouterr().err == ""


def test_without_a_network_it_is_one_sentence(place, clip, monkeypatch, capsys):
    def lost(address):
        raise URLError("name or service not known")

    monkeypatch.setattr(known, "_open", lost)
    assert main([*clip, "--weights", "lpips=alex"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2  # what was to be fetched, and why not
    assert told[1].startswith("Error: https://download.pytorch.org/")
    assert "Go online" in told[1]
    assert list(place.iterdir()) == []
