"""The command itself on real clips: what it says, where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli import main
from cleanplate.io import open_video
from made_clips import av_planes, moving_planes

SPEC = "box:21,17,17,11"
PROGRAM = [sys.executable, "-c", "import sys; from cleanplate.cli import main; sys.exit(main())"]


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1


def names(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


@pytest.fixture
def clip(make, tmp_path, monkeypatch):
    make("in.mp4", planes=moving_planes, audio=True)
    monkeypatch.chdir(tmp_path)
    return "in.mp4"


def test_a_fill_says_what_was_done(clip, tmp_path, capsys):
    assert main(["fill", clip, SPEC, "-o", "out.mp4", "--provenance", "prov"]) == 0
    shown = capsys.readouterr()
    first, second, third, fourth = shown.out.splitlines()
    assert first.startswith("out.mp4: 10 frames of 64x48, in ")
    assert second == "Filled every frame; the hole is 14 % of the picture on average."
    assert "of the hole is visible in other frames and was borrowed, typically from" in third
    assert fourth.startswith("prov: where every pixel came from. Blue: frames before")
    assert shown.err == ""
    assert {p.name for p in tmp_path.iterdir()} == {"in.mp4", "out.mp4", "prov"}
    assert len(av_planes(tmp_path / "out.mp4")) == len(list((tmp_path / "prov").iterdir())) == 10


@pytest.mark.parametrize("code, mask", [(0, SPEC), (0, "empty.png")])
def test_json_is_one_object_and_nothing_else(clip, tmp_path, capfd, code, mask):
    Image.new("L", (64, 48)).save("empty.png")
    more = ["--json", "--provenance", "prov", "--quiet"]
    assert main(["fill", clip, mask, "-o", "out.mp4", *more]) == code
    shown = capfd.readouterr()
    summary = json.loads(shown.out)
    assert one_line(shown.out)
    assert shown.err == ""
    assert (summary["output"], summary["frames"], summary["size"]) == ("out.mp4", 10, [48, 64])
    assert summary["warnings"] == (
        [] if mask == SPEC else ["No frame has a hole: the video is copied as it is."]
    )


def test_quiet_says_nothing_at_all(clip, capfd):
    assert main(["fill", clip, SPEC, "-o", "out.webm", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")  # not even that WebM cannot hold this sound


@pytest.mark.parametrize("how", [["--json"], []])
def test_a_clip_that_breaks_off_is_exit_code_1(make, tmp_path, monkeypatch, capfd, how):
    whole = make("whole.mkv", count=30, planes=moving_planes).read_bytes()
    (tmp_path / "in.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    monkeypatch.chdir(tmp_path)
    assert main(["fill", "in.mkv", SPEC, "-o", "out.mkv", *how]) == 1
    shown = capfd.readouterr()
    with open_video("out.mkv") as reader:
        count = len(list(reader))
    said = f"the clip breaks off: frames {count}-29 of about 30 could not be decoded"
    if how:
        assert json.loads(shown.out)["problems"] == [said]
        assert shown.err == ""
    else:
        assert shown.err == f"Problem: {said}.\n"
        assert f"{count} frames" in shown.out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["missing.mp4", SPEC, "-o", "out.mp4"], "missing.mp4 does not exist"),
        (["in.mp4", "missing.png", "-o", "out.mp4"], "missing.png does not exist"),
        (["in.mp4", SPEC, "-o", "in.mp4"], "is the input itself"),
        (["in.mp4", SPEC, "-o", "no/out.mp4"], "folder no does not exist"),
        (["in.mp4", SPEC, "-o", "out.xyz"], "no known extension"),
        (["in.mp4", SPEC, "-o", "/dev/full"], "is a file"),
        (["in.mp4", "box:0,0,64,48", "-o", "out.mp4"], "covers the whole picture"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--method", "magic"], "'magic' is unknown"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--device", "abacus"], "does not run on 'abacus'"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--weights", "w.pth"], "has no weights"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--codec", "nonsense"], "no encoder"),
        (["in.mp4", SPEC, "-o", "out.webm", "--codec", "h264"], "webm cannot hold libx264"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--preset", "sideways"], "no preset sideways"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--crf", "9", "--lossless"], "Leave out crf"),
        (["in.mp4", SPEC, "-o", "out.mkv", "--codec", "ffv1", "--crf", "9"], "no option crf"),
        (["in.mp4", SPEC, "-o", "out.mov", "--codec", "ffv1"], "mov cannot hold ffv1"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--codec", "h265", "--crf", "99"], "crf=99"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--object", "2"], "has no objects"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--provenance", "no/prov"], "folder no does not exist"),
        (["in.mp4", SPEC, "-o", "out.mp4", "--provenance", "/proc/prov"], "/proc/prov "),
    ],
)
@pytest.mark.parametrize("how", [[], ["--json"], ["--quiet"]])
def test_refusals_are_one_line_and_exit_code_2(clip, tmp_path, capfd, arguments, said, how):
    assert main(["fill", *arguments, *how]) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert one_line(shown.err)
    assert shown.err.startswith("Error: ")
    assert said in shown.err
    assert names(tmp_path) == {"in.mp4"}


@pytest.mark.parametrize(
    "options, out, codec, exact",
    [
        (["--codec", "h265", "--crf", "30", "--preset", "ultrafast"], "out.mp4", "hevc", False),
        (["--codec", "vp9", "--crf", "40"], "out.mp4", "vp9", False),
        (["--lossless"], "out.mp4", "h264", True),
        (["--lossless", "--codec", "h265"], "out.mkv", "hevc", True),
        (["--lossless", "--codec", "ffv1"], "out.mkv", "ffv1", True),
        (["--codec", "ffv1"], "out.mkv", "ffv1", True),
        (["--codec", "av1", "--preset", "12"], "out.mkv", "av1", False),
    ],
)
def test_how_the_result_is_encoded(clip, tmp_path, capfd, options, out, codec, exact):
    assert main(["fill", clip, SPEC, "-o", out, "--quiet", *options]) == 0
    assert capfd.readouterr() == ("", "")
    with open_video(out) as reader:
        assert codec in reader.info.codec or "dav1d" in reader.info.codec
        assert len(list(reader)) == 10
    alike = [
        np.array_equal(had[0][:12], got[0][:12])
        for had, got in zip(av_planes(tmp_path / clip), av_planes(tmp_path / out), strict=True)
    ]
    assert all(alike) == exact


def test_crf_and_preset_do_something(clip, tmp_path):
    sizes = []
    for number, options in enumerate((["--crf", "4"], ["--crf", "40"])):
        assert main(["fill", clip, SPEC, "-o", f"{number}.mp4", "--quiet", *options]) == 0
        sizes.append((tmp_path / f"{number}.mp4").stat().st_size)
    assert sizes[0] > 1.5 * sizes[1]


def test_encoder_options_for_a_folder_are_a_warning(clip, capfd):
    assert main(["fill", clip, SPEC, "-o", "frames", "--crf", "9"]) == 0
    first, second = capfd.readouterr().err.splitlines()
    assert first.startswith("Warning: pictures are always written without loss")
    assert second.startswith("Warning: the sound, audio stream 1 (aac), was left out")
    assert first.endswith(".") and second.endswith(".")


def test_grow_and_invert_and_tune(clip, tmp_path):
    hole = np.zeros((48, 64), np.uint8)
    hole[17:28, 21:38] = 255
    Image.fromarray(255 - hole).save("black.png")
    common = ["--lossless", "--quiet", "--tune", "fidelity", "--seed", "3"]
    for grow in ("0", "6"):
        for out, mask in (("a.mkv", [SPEC]), ("b.mkv", ["black.png", "--invert-mask"])):
            assert main(["fill", clip, *mask, "-o", out, "--grow", grow, *common]) == 0
        had, a, b = (np.stack([p[0] for p in av_planes(tmp_path / n)])
                     for n in ("in.mp4", "a.mkv", "b.mkv"))  # fmt: skip
        np.testing.assert_array_equal(a, b)
        rows = np.flatnonzero((had != a).any((0, 2)))
        assert (rows.min(), rows.max()) == (17 - int(grow), 27 + int(grow))


# ---- as a process of its own


def started(arguments, folder, **streams):
    return subprocess.Popen([*PROGRAM, *arguments], cwd=folder, **streams)


def test_a_bar_is_shown_on_a_terminal_and_on_stderr(clip, tmp_path):
    parent, child = pty.openpty()
    program = started(["fill", clip, SPEC, "-o", "out.mp4", "--json"], tmp_path,
                      stdout=subprocess.PIPE, stderr=child)  # fmt: skip
    os.close(child)
    shown = b""
    try:
        while piece := os.read(parent, 4096):
            shown += piece
    except OSError:  # a terminal whose last writer is gone
        pass
    out, _ = program.communicate()
    os.close(parent)
    assert program.returncode == 0
    assert b"Filling" in shown
    assert json.loads(out)["frames"] == 10


def test_no_bar_where_there_is_no_terminal(clip, tmp_path):
    done = subprocess.run([*PROGRAM, "fill", clip, SPEC, "-o", "out.mp4"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stderr == ""
    assert "Filling" not in done.stdout


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_process_that_is_stopped_leaves_nothing(make, tmp_path, number, code):
    make("in.mp4", planes=random_like_film, size=(240, 320), count=150)
    arguments = ["fill", "in.mp4", "box:80,80,120,80", "-o", "out.mp4", "--provenance", "prov"]
    program = started(arguments, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not list(tmp_path.glob(".out.mp4.*.part")) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    assert program.poll() is None
    program.send_signal(number)
    out, err = program.communicate(timeout=60)
    assert program.returncode == code
    assert out == b""
    assert err in (b"", b"Stopped; nothing half-written is left.\n")
    assert names(tmp_path) == {"in.mp4"}


def random_like_film(size, pix_fmt, index):
    """A clip that takes long to fill: the texture wanders to and fro."""
    return moving_planes(size, pix_fmt, abs(index % 60 - 30))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_result_that_nobody_can_be_told_of_is_one_line(clip, tmp_path, unbuffered, how):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, "fill", clip, SPEC, "-o", "out.mp4", *how], cwd=tmp_path,
                              env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert done.stderr.startswith("Error: the work is done, but stdout cannot be written (No space")
    assert names(tmp_path) == {"in.mp4", "out.mp4"}
    assert len(av_planes(tmp_path / "out.mp4")) == 10


def test_a_full_disk_is_one_line(clip, tmp_path):
    limited = f"ulimit -f 4; trap '' XFSZ; exec {sys.executable} -c {PROGRAM[2]!r} "
    done = subprocess.run(["bash", "-c", limited + f'fill {clip} {SPEC} -o out.mkv --crf 0'],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "Error: out.mkv grew larger than the disk allows.\n"
    assert names(tmp_path) == {"in.mp4"}
