"""A result appears under its own name when it is complete, or not at all."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest

from cleanplate.errors import BadOutput
from cleanplate.io import refuse_same, sweep, whole_folder, write_picture, write_video
from cleanplate.io.place import whole_file


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


FRAMES = np.zeros((2, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("name", ["pipe", "pipe.mp4", "link.mp4", "socket.mkv", "/dev/full"])
def test_a_device_or_a_pipe_is_never_replaced(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.mkv"))
    before = set(tmp_path.iterdir())
    with pytest.raises(BadOutput, match="a device, a pipe or a socket") as raised:
        write_video(tmp_path / name, FRAMES)
    assert "Give the name of a new file" in str(raised.value)
    assert set(tmp_path.iterdir()) == before
    assert not (tmp_path / "pipe.mp4").is_file()


def test_places_that_lead_nowhere_are_refused(tmp_path):
    (tmp_path / "round.mp4").symlink_to("round.mp4")
    (tmp_path / "round").symlink_to("round")
    long = "o" * 300
    for name, said in [
        ("round.mp4", "round in a circle"),
        ("round", "round in a circle"),
        ("round/out", "does not exist"),
        (f"{long}.mp4", "too long"),
        (long, "too long"),
        (f"{long}/out.mp4", "too long"),
    ]:
        with pytest.raises(BadOutput, match=said):
            write_video(tmp_path / name, FRAMES)
    assert {p.name for p in tmp_path.iterdir()} == {"round.mp4", "round"}


def test_looking_for_the_input_stumbles_over_no_name(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "round").symlink_to("round")
    refuse_same(tmp_path / "in", tmp_path / "round")
    refuse_same(tmp_path / "round", tmp_path / "in")
    with pytest.raises(BadOutput, match="too long"):
        refuse_same(tmp_path / "in", tmp_path / ("o" * 300))


def test_a_folder_that_bears_a_videos_suffix_is_not_meant(tmp_path):
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(BadOutput, match="is a folder"):
        write_video(tmp_path / "out.mp4", FRAMES)
    (tmp_path / "shot.v2").mkdir()
    write_video(tmp_path / "shot.v2", FRAMES)
    assert len(list((tmp_path / "shot.v2").iterdir())) == 2


def test_what_killed_runs_were_writing_is_swept_and_what_others_write_stays(tmp_path):
    out = tmp_path / "plate"
    torn = tmp_path / ".plate.00aa11bb.part"
    torn.mkdir()
    (torn / "00000.png").write_text("half")
    (tmp_path / ".plate.00aa11bc.part").write_text("half")
    others = [".plate.part", ".plates.00aa11bb.part", "plate.00aa11bb.part"]
    for name in others:
        (tmp_path / name).write_text("other")
    with whole_folder(out) as folder:
        sweep(out)
        assert folder.is_dir()
        assert not torn.exists()
        (folder / "whole.txt").write_text("whole")
    assert (out / "whole.txt").read_text() == "whole"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "plate"])
    sweep(tmp_path / "none" / "plate")


def test_a_result_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """... the file or every file of a folder, then the folder that holds the name."""
    seen, plain = [], os.fsync

    def fsync(number):
        status = os.fstat(number)
        named = {(p.stat().st_dev, p.stat().st_ino): p for p in tmp_path.rglob("*")}
        named[tmp_path.stat().st_dev, tmp_path.stat().st_ino] = tmp_path
        seen.append((named[status.st_dev, status.st_ino].name, (tmp_path / "out").exists()))
        plain(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with whole_file(tmp_path / "out") as part:
        part.write_text("whole")
        name = part.name
    assert seen == [(name, False), (tmp_path.name, True)]
    (tmp_path / "out").unlink()
    seen.clear()
    with whole_folder(tmp_path / "out") as folder:
        write_picture(folder / "0.png", np.zeros((2, 2), np.uint8))
        name = folder.name
    assert seen == [("0.png", False), (name, False), (tmp_path.name, True)]
