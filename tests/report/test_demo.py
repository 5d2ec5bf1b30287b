from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli import main
from cleanplate.report import demo


@pytest.fixture
def small(monkeypatch):
    """A demonstration of a few small frames."""
    whole = demo.make_demo

    def make_demo(out, **settings):
        return whole(out, size=(72, 128), count=8, **settings)

    monkeypatch.setattr(demo, "make_demo", make_demo)


def test_demo_end_to_end(tmp_path, small, capsys):
    out = tmp_path / "demo"
    assert main(["demo", "-o", str(out)]) == 0
    names = {"scene.mp4", "truth.mp4", "masks", "clean.mp4", "picture.png"}
    assert {p.name for p in out.iterdir()} == names
    assert len(list((out / "masks").iterdir())) == 8
    assert np.asarray(Image.open(out / "picture.png")).shape[1] > 3 * 128
    shown = capsys.readouterr()
    assert str(out / "clean.mp4") in shown.out
    assert "PSNR" in shown.out
    assert float(shown.out.split("PSNR ")[1].split(" ")[0]) > 20
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_nothing_is_left_of_a_demo_that_fails(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(demo, "fill_file", fail)
    with pytest.raises(ZeroDivisionError):
        demo.make_demo(tmp_path / "demo", size=(72, 128), count=3)
    assert list(tmp_path.iterdir()) == []
