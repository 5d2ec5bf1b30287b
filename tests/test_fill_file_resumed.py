"""A fill that was stopped goes on from its finished windows, and comes out the same."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import store, stream
from cleanplate.io.file_writer import FileWriter
from cleanplate.methods.flow_guided import Method
from cleanplate.store import folder_of
from made_clips import random_planes
from made_fills import SPEC, dot, mask_picture

LENGTH, COUNT, WINDOWS = 10, 18, 3  # windows of 10, 6 and 6 frames, of which neighbours share 2
SHORT = f"import cleanplate.stream; cleanplate.stream.window_length = lambda *_: {LENGTH}; "


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    monkeypatch.setattr(stream, "window_length", lambda *_: LENGTH)


@pytest.fixture
def source(make):
    return make("in.mp4", audio=True, count=COUNT)


@pytest.fixture
def filled(monkeypatch):
    """How many windows were filled, not found."""
    lengths, plain = [], Method.fill

    def fill(self, frames, holes, **more):
        lengths.append(len(frames))
        return plain(self, frames, holes, **more)

    monkeypatch.setattr(Method, "fill", fill)
    return lengths


def stopped(source, out, at, stop=KeyboardInterrupt, **told):
    """Fill until frame `at` is done, and stop there."""

    def progress(done, _):
        if done >= at:
            raise stop

    with pytest.raises(stop):
        cp.fill_file(source, told.pop("mask", SPEC), out, progress=progress, **told)


def test_a_stopped_fill_goes_on(source, tmp_path, filled):
    whole = tmp_path / "whole.mp4"
    summary = cp.fill_file(source, SPEC, whole)
    assert summary.resumed_frames == 0
    assert len(filled) == WINDOWS
    out = tmp_path / "out.mp4"
    stopped(source, out, 11)  # in the second window
    assert folder_of(out).is_dir()
    assert not out.exists()
    filled.clear()
    summary = cp.fill_file(source, SPEC, out)
    assert out.read_bytes() == whole.read_bytes()
    assert len(filled) == WINDOWS - 1
    assert summary.resumed_frames == LENGTH
    assert not folder_of(out).exists()
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "whole.mp4", "out.mp4"}


@pytest.mark.parametrize("changed", ["mask", "setting", "growth", "beginning", "end"])
def test_what_has_changed_is_not_mixed_in(make, source, tmp_path, filled, changed):
    out, mask, told = tmp_path / "out.mp4", SPEC, {"tune": "removal"}
    stopped(source, out, 15, **told)  # two windows are done
    filled.clear()
    if changed == "mask":
        mask = mask_picture(tmp_path / "mask.png", dot())
    elif changed == "setting":
        told["seed"] = 7
    elif changed == "growth":
        told["mask_options"] = cp.MaskOptions(grow=5)
    else:
        make(
            "in.mp4", count=COUNT, audio=True, planes=other_at(0 if changed == "beginning" else 12)
        )
    found = 1 if changed == "end" else 0  # windows that are what they were
    assert cp.fill_file(source, mask, out, **told).resumed_frames == found * LENGTH
    assert len(filled) == WINDOWS - found
    fresh = tmp_path / "fresh.mp4"
    cp.fill_file(source, mask, fresh, **told)
    assert out.read_bytes() == fresh.read_bytes()


def test_a_clip_that_has_become_shorter(make, tmp_path, monkeypatch):
    """Where it is cut, nothing is near a hole: what is filled is what it was."""
    monkeypatch.setattr(stream, "window_length", lambda *_: 40)
    folder, out = tmp_path / "masks", tmp_path / "out.mp4"
    for number in range(30):
        hole = dot() if number < 3 else np.zeros_like(dot())
        mask_picture(folder / f"{number:02d}.png", hole)
    stopped(make("in.mp4", count=30), out, 30, mask=folder)
    for number in range(24, 30):
        (folder / f"{number:02d}.png").unlink()
    source = make("in.mp4", count=24)
    cp.fill_file(source, folder, out)
    cp.fill_file(source, folder, tmp_path / "fresh.mp4")
    assert out.read_bytes() == (tmp_path / "fresh.mp4").read_bytes()


def other_at(changed):
    """Planes as ever, but for one sample of one frame, far from the hole."""

    def planes(size, pix_fmt, index):
        made = [plane.copy() for plane in random_planes(size, pix_fmt, index)]
        made[0][0, 0] ^= 8 * (index == changed)
        return tuple(made)

    return planes


def test_a_full_disk_keeps_what_is_done(source, tmp_path, filled, monkeypatch):
    out, plain, written = tmp_path / "out.mp4", FileWriter._mux, []

    def full(self, *given):
        written.append(0)
        if len(written) > 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(FileWriter, "_mux", full)
        with pytest.raises(cp.BadOutput, match="the disk is full"):
            cp.fill_file(source, SPEC, out)
    begun = len(filled)
    filled.clear()
    cp.fill_file(source, SPEC, out)
    assert len(filled) == WINDOWS - begun
    assert not folder_of(out).exists()


def test_a_store_that_is_full_stops_nothing(source, tmp_path, monkeypatch):
    cp.fill_file(source, SPEC, tmp_path / "whole.mp4")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write", full)
    cp.fill_file(source, SPEC, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "whole.mp4"]


def test_provenance_is_drawn_of_what_was_kept_as_well(source, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    cp.fill_file(source, SPEC, tmp_path / "whole.mp4", provenance=whole)
    stopped(source, tmp_path / "out.mp4", 15, provenance=out)
    assert not out.exists()
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", provenance=out)
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in out.iterdir())
    assert all((whole / name).read_bytes() == (out / name).read_bytes() for name in names)


def test_killed_at_any_moment(source, tmp_path):
    """The command itself, kill -9 again and again; what comes out is what an uninterrupted run
    makes, and nothing else stays behind."""
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    cp.fill_file(source, SPEC, whole, mask_options=cp.MaskOptions(grow=4))
    run = f"{SHORT} from cleanplate.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", run, "fill", str(source), SPEC, "-q", "-o", str(out)]
    rng = np.random.default_rng(0)
    for wanted in (1, 1, 2):  # windows that are kept by then, and a moment more
        process = subprocess.Popen(command, start_new_session=True)
        while len(list(folder_of(out).glob("*.window"))) < wanted and process.poll() is None:
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0, 0.1)))
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    last = subprocess.run([*command, "--json"], capture_output=True, check=False)
    assert last.returncode == 0
    assert json.loads(last.stdout)["resumed_frames"] >= LENGTH
    assert out.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "whole.mp4", "out.mp4"}


def test_what_a_killed_run_left_of_its_plate_is_swept(source, tmp_path):
    for name in ("plate", "seen"):
        (tmp_path / f".{name}.00aa11bb.part").mkdir()
    told = {"plate": tmp_path / "plate", "provenance": tmp_path / "seen"}
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", **told)
    names = {"in.mp4", "out.mp4", "plate", "seen"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_device_that_is_found_goes_on_from_one_that_is_named(source, tmp_path, filled):
    out = tmp_path / "out.mp4"
    stopped(source, out, 15, device="cpu")
    filled.clear()
    cp.fill_file(source, SPEC, out, device="auto")  # what "auto" comes to is what counts
    assert len(filled) == WINDOWS - 1 - 1
