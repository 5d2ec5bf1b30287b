"""A result appears under its own name when it is complete, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import BadOutput
from cleanplate.io import whole_folder, write_picture


def test_whole_folder_replaces_its_own_and_keeps_the_rest(tmp_path):
    out = tmp_path / "out"
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "old.png").write_text("old")
    (out / "notes.txt").write_text("mine")
    with whole_folder(out, among=True) as folder:
        (folder / "masks").mkdir()
        (folder / "masks" / "new.png").write_text("new")
        assert (out / "masks" / "old.png").exists()  # until all went well
    assert [p.name for p in (out / "masks").iterdir()] == ["new.png"]
    assert (out / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_whole_folder_vanishes_when_interrupted(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "out") as folder:
        (folder / "half.png").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_whole_folder_refuses_what_is_in_its_place(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    for name, said in [
        ("file", "is a file"),
        ("no/out", "no does not exist. Make it"),
        ("full", "not empty"),
    ]:
        with pytest.raises(BadOutput, match=said), whole_folder(tmp_path / name):
            pass
    assert {p.name for p in tmp_path.iterdir()} == {"file", "full"}
    (tmp_path / "empty").mkdir()
    with whole_folder(tmp_path / "empty") as folder:
        (folder / "new.txt").write_text("new")
    assert (tmp_path / "empty" / "new.txt").exists()


def test_refusals_name_the_result_and_not_the_hidden_folder(tmp_path):
    with pytest.raises(BadOutput) as raised, whole_folder(tmp_path / "out") as folder:
        write_picture(folder / "no" / "0.png", np.zeros((2, 2), np.uint8))
    assert str(tmp_path / "out" / "no") in str(raised.value)
    assert ".part" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []
