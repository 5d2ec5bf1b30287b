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


def test_a_demo_replaces_an_older_one_and_nothing_else(tmp_path, small, capsys):
    out = tmp_path / "demo"
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "99999.png").write_text("of an older demo")
    (out / "notes.txt").write_text("mine")
    assert main(["demo", "-o", str(out), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert len(list((out / "masks").iterdir())) == 8
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "clean.mp4").exists()


@pytest.mark.parametrize("name, said", [("file", "is a file"), ("no/demo", "no does not exist")])
def test_a_demo_that_has_no_place(tmp_path, capsys, name, said):
    (tmp_path / "file").write_text("mine")
    assert main(["demo", "-o", str(tmp_path / name)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Error: ") and said in shown.err and shown.err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
