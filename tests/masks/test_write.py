from __future__ import annotations

import pytest

from cleanplate.errors import BadOutput
from cleanplate.masks.write import whole_folder


def test_whole_folder_replaces_its_own_and_keeps_the_rest(tmp_path):
    out = tmp_path / "out"
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "old.png").write_text("old")
    (out / "notes.txt").write_text("mine")
    with whole_folder(out) as folder:
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


def test_whole_folder_refuses_a_file_and_a_missing_place(tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "no" / "out"):
        with pytest.raises(BadOutput, match=r"Give another name|Make it"), whole_folder(out):
            pass
