from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli import main

SIZE = (20, 30)


class FakeReader:
    """Stands for a video of five frames."""

    def __init__(self, path):
        self.info = types.SimpleNamespace(displayed_size=SIZE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        return iter(range(5))


@pytest.fixture(autouse=True)
def five_frames(monkeypatch):
    fake = types.ModuleType("cleanplate.io")
    fake.open_video = FakeReader
    monkeypatch.setitem(sys.modules, "cleanplate.io", fake)


def mask(folder, *, count=1, invert=False):
    folder.mkdir()
    hole = np.zeros(SIZE, bool)
    hole[5:10, 5:10] = True
    for number in range(count):
        Image.fromarray(hole ^ invert).save(folder / f"{number}.png")
    return str(folder)


def test_a_good_mask(tmp_path, capsys):
    path = mask(tmp_path / "m", count=5)
    assert main(["check", "park.mp4", path]) == 0
    assert capsys.readouterr().out == (
        "park.mp4: 5 frames of 30x20.\n"
        f"{path}: 5 masks; covers 4.2 % of the picture (4.2 % to 4.2 %).\n"
        "Nothing looks wrong.\n"
    )


def test_a_still_mask_as_json(tmp_path, capsys):
    assert main(["check", "park.mp4", mask(tmp_path / "m"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["still"]
    assert (report["frames"], report["video_frames"]) == (1, 5)
    assert report["findings"] == []


def test_a_suspicious_mask_is_exit_code_1(tmp_path, capsys):
    path = mask(tmp_path / "m", count=5, invert=True)
    assert main(["check", "park.mp4", path]) == 1
    assert capsys.readouterr().out.count("looks inverted") == 1
    assert main(["check", "park.mp4", path, "--invert-mask"]) == 0


def test_a_mask_that_does_not_fit_is_refused(tmp_path, capsys):
    assert main(["check", "park.mp4", mask(tmp_path / "m", count=4)]) == 2
    assert capsys.readouterr().err == (
        "Error: mask has 4 frames, the video has 5. Give one still mask, or 5.\n"
    )
