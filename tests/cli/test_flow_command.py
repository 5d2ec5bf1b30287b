"""``cleanplate flow``: what it passes on, and what it says."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.cli import main


@pytest.fixture
def clip(tmp_path, pan):
    """Two shots, as the arguments of the command."""
    frames = np.concatenate([pan(3, (3, 0)), pan(3, (3, 0), name="chelsea")])
    cp.write_video(tmp_path / "clip", frames)
    return ["flow", str(tmp_path / "clip"), "-o", str(tmp_path / "out")]


def test_words(clip, capsys):
    assert main(clip) == 0
    said = capsys.readouterr()
    assert "flow both ways between 4 of 6 frames of 160x120 and the next" in said.out
    assert "None across cuts: new shots start at frame 3." in said.out
    assert re.search(r"in full colour by 3\.\d pixels a frame", said.out)
    assert said.err == ""


def test_json_and_options(clip, tmp_path, capsys):
    hole = ["--mask", "box:40,40,20,20", "--grow", "0"]
    assert main([*clip, *hole, "--largest", "6", "--pixels", "5000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["flows"], told["cuts"], told["largest"]) == (4, [3], 6)
    about = json.loads((tmp_path / "out" / "flow.json").read_text())
    about.pop("convention")
    assert about == told


def test_quiet(clip, capsys):
    assert main([*clip, "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out == said.err == ""


def test_warnings_are_told(clip, capsys):
    assert main([*clip, "--mask", "box:60,50,20,20", "--invert-mask"]) == 0
    assert capsys.readouterr().err.startswith("Warning: The mask covers nearly the whole picture")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--estimator", "raft"], "needs weights"),
        (["--estimator", "hs"], "Choose one of: dis, raft"),
        (["--completion", "dfc"], "needs weights"),
        (
            ["--completion", "smooth", "--completion-weights", "no.safetensors"],
            "smooth has no weights",
        ),
        (["--completion-pixels", "9"], "at the flow's own size"),
        (["--completion-device", "tpu"], "device 'tpu' is unknown"),
        (["--largest", "0"], "above 0"),
        (["--pixels", "0"], "pixels"),
        (["--mask", "no.png"], "does not exist"),
    ],
)
def test_refusals_in_one_line(clip, tmp_path, capsys, more, said):
    assert main([*clip, *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
