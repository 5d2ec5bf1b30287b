"""Videos through pipes: pictures come out as they went in, and ends are clean."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.io import open_video
from cleanplate.io.info import VideoInfo
from cleanplate.io.layout import layout
from cleanplate.io.y4m import TAGS, form_of, header
from made_clips import av_planes, moving_planes, random_planes, times
from made_fills import SIZE, assert_outside_alike, boxed, mask_picture

COUNT = 6
RUN = "from cleanplate.cli import main; raise SystemExit(main())"
FORMS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]


def y4m(pix_fmt, *, count=COUNT, size=SIZE, more="", rate="30000:1001", line=None, planes=None):
    """A stream, written by hand."""
    tag = {"yuv420p": "420jpeg", "yuv420p10le": "420p10 XYSCSS=420P10"}.get(pix_fmt, TAGS[pix_fmt])
    head = line or f"YUV4MPEG2 W{size[1]} H{size[0]} F{rate} Ip A1:1 C{tag}{more}\n"
    frames = [(planes or random_planes)(size, pix_fmt, index) for index in range(count)]
    parts = (b"FRAME\n" + b"".join(plane.tobytes() for plane in frame) for frame in frames)
    return head.encode() + b"".join(parts), frames


def pictures_in(stream, pix_fmt, size=SIZE):
    """The first line of a stream, and its pictures: read by hand."""
    head, _, rest = stream.partition(b"\n")
    form = layout(pix_fmt)
    dtype = np.uint8 if form.bits == 8 else np.dtype("<u2")
    frames = []
    while rest:
        assert rest[:6] == b"FRAME\n"
        rest, planes = rest[6:], []
        for shape in form.shapes(size):
            long = shape[0] * shape[1] * np.dtype(dtype).itemsize
            planes.append(np.frombuffer(rest[:long], dtype).reshape(shape))
            rest = rest[long:]
        frames.append(tuple(planes))
    return head + b"\n", frames


def command(*arguments, given=b"", **more):
    told = [sys.executable, "-c", RUN, "fill", *map(str, arguments)]
    return subprocess.run(told, input=given, capture_output=True, check=False, **more)


@pytest.fixture
def mask(tmp_path):
    return mask_picture(tmp_path / "mask.png", boxed())


@pytest.mark.parametrize("pix_fmt", FORMS)
def test_a_stream_comes_back_as_it_was(tmp_path, mask, pix_fmt):
    stream, before = y4m(pix_fmt, more=" XCOLORRANGE=FULL")
    done = command("-", mask, "-o", "-", "--grow", "0", given=stream)
    assert done.returncode == 0, done.stderr
    head, after = pictures_in(done.stdout, pix_fmt)
    assert head == stream[: stream.index(b"\n") + 1]
    assert_outside_alike(before, after, boxed(), pix_fmt)
    assert any((a[0] != b[0]).any() for a, b in zip(before, after, strict=True))
    assert f"stdout: {COUNT} frames of 64x48".encode() in done.stderr


def test_a_stream_becomes_a_file_with_its_timing(tmp_path, mask):
    stream, before = y4m("yuv420p", more=" XCOLORRANGE=FULL")
    out = tmp_path / "out.mkv"
    done = command("-", mask, "-o", out, "--lossless", "--grow", "0", given=stream)
    assert done.returncode == 0, done.stderr
    assert_outside_alike(before, av_planes(out), boxed(), "yuv420p")
    assert times(out) == [Fraction(round(1001 * t / Fraction(30)), 1000) for t in range(COUNT)]
    with open_video(out) as reader:
        assert reader.info.colour.range == 2
    assert {path.name for path in tmp_path.iterdir()} == {"mask.png", "out.mkv"}


def test_a_file_becomes_a_stream(make, tmp_path, mask, capfdbinary):
    source = make("in.mkv", count=COUNT, audio=True, planes=moving_planes)
    summary = cp.fill_file(source, mask, "-", mask_options=cp.MaskOptions())
    head, after = pictures_in(capfdbinary.readouterr().out, "yuv420p")
    assert head.startswith(b"YUV4MPEG2 W64 H48 F25:1 Ip ")
    assert_outside_alike(av_planes(source), after, boxed(), "yuv420p")
    assert any("audio" in told and "cannot be kept in a pipe" in told for told in summary.warnings)
    assert summary.output == "stdout"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_library_reads_what_is_written(make, tmp_path, mask, capfdbinary):
    """The video library's own reader of such streams, for each form that it makes."""
    for pix_fmt in FORMS:
        source = make(f"{pix_fmt}.mkv", pix_fmt=pix_fmt, codec="ffv1", options={}, count=3)
        cp.fill_file(source, mask, "-", mask_options=cp.MaskOptions())
        (tmp_path / "out.y4m").write_bytes(capfdbinary.readouterr().out)
        with av.open(str(tmp_path / "out.y4m")) as container:
            assert container.streams.video[0].format.name == pix_fmt
            assert container.streams.video[0].average_rate == 25
        assert_outside_alike(av_planes(source), av_planes(tmp_path / "out.y4m"), boxed(), pix_fmt)


def test_times_that_a_pipe_cannot_hold_are_told(make, mask, capfdbinary):
    source = make("in.mkv", pts=[0, 1, 2, 4, 7], time_base=Fraction(1, 25))
    warnings = cp.fill_file(source, mask, "-").warnings
    assert any("frame times were not kept" in told for told in warnings)
    assert capfdbinary.readouterr().out.count(b"FRAME\n") == 5


@pytest.mark.parametrize("given, said", [(b"", "stdin is empty"), (b"words", "not a video")])
def test_what_is_no_video_is_refused(mask, tmp_path, given, said):
    out = tmp_path / "out.mp4"
    done = command("-", mask, "-o", out, given=given, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_a_stream_that_breaks_off_is_told(mask, tmp_path):
    stream, _ = y4m("yuv420p")
    out = tmp_path / "out.mkv"
    done = command("-", mask, "-o", out, given=stream[:-100])
    assert done.returncode == 1
    assert b"breaks off in the middle of a picture" in done.stderr
    with open_video(out) as reader:
        assert sum(1 for _ in reader) == COUNT - 1


def test_nobody_reads_on(mask, tmp_path):
    """A pipe that is closed at its other end is told in one line, and nothing stays behind."""
    stream, _ = y4m("yuv420p", count=400)
    told = [sys.executable, "-c", RUN, "fill", "-", str(mask), "-o", "-"]
    process = subprocess.Popen(
        told,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    process.stdin.write(stream)
    process.stdin.close()
    assert process.stdout.read(3) == b"YUV"
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 2
    assert told == b"Error: stdout was closed by whoever read it.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_stdin_sent_does_not_stay(mask, tmp_path, number):
    """A run that is told to end takes it along; what a killed one left goes with the next."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    env = {**os.environ, "TMPDIR": str(folder)}
    default = "" if number == signal.SIGKILL else f"signal.signal({number:d}, signal.SIG_DFL); "
    run = f"import signal; {default}{RUN}"  # not as nohup left it
    told = [sys.executable, "-c", run, "fill", "-", str(mask), "-o", str(tmp_path / "out.mp4")]
    process = subprocess.Popen(told, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    stream, _ = y4m("yuv420p")
    process.stdin.write(stream)
    process.stdin.flush()
    until = time.monotonic() + 60
    while not list(folder.glob("*/stdin.y4m")) and time.monotonic() < until:
        time.sleep(0.01)
    if number == signal.SIGKILL:
        done = command("-", mask, "-o", tmp_path / "other.mp4", given=stream, env=env)
        assert done.returncode == 0, done.stderr
        assert len(list(folder.iterdir())) == 1  # another run lives: what is its own stays
    process.send_signal(number)
    assert process.wait() == (-number if number == signal.SIGKILL else 128 + number)
    process.stdin.close()
    if number == signal.SIGKILL:
        assert len(list(folder.iterdir())) == 1
        assert (
            command("-", mask, "-o", tmp_path / "other.mp4", given=stream, env=env).returncode == 0
        )
    assert list(folder.iterdir()) == []


def test_no_hole_gives_the_pictures_on(tmp_path, make, capfdbinary):
    empty = mask_picture(tmp_path / "empty.png", np.zeros(SIZE, bool))
    source = make("in.mkv", count=3)
    summary = cp.fill_file(source, empty, "-")
    _, after = pictures_in(capfdbinary.readouterr().out, "yuv420p")
    for mine, its in zip(av_planes(source), after, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, its, strict=True))
    assert summary.warnings[-1] == "No frame has a hole: nothing was filled."


@pytest.mark.parametrize("out", ["-", "frames"])
def test_no_hole_in_a_video_without_an_extension(tmp_path, make, capfdbinary, monkeypatch, out):
    """What bears as little of a suffix as a pipe or a folder is not copied as a file either."""
    empty = mask_picture(tmp_path / "empty.png", np.zeros(SIZE, bool))
    source = make("in.mkv", count=3).rename(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    cp.fill_file(source, empty, out)
    stream, names = capfdbinary.readouterr().out, {path.name for path in tmp_path.iterdir()}
    if out == "-":
        assert len(pictures_in(stream, "yuv420p")[1]) == 3
        assert names == {"empty.png", "in"}
    else:
        assert len(list((tmp_path / out).iterdir())) == 3


@given(st.sampled_from(sorted(TAGS)), st.integers(1, 300), st.integers(1, 300), st.integers(0, 2))
def test_headers_are_read_by_the_library(pix_fmt, height, width, colour_range):
    info = VideoInfo((height, width), pix_fmt, pix_fmt, layout(pix_fmt).bits)
    form = form_of(pix_fmt)
    assert form.name == pix_fmt
    line = header(info, form, colour_range)
    samples = sum(h * w for h, w in form.shapes((height, width))) * form.itemsize
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.y4m"
        path.write_bytes(line + b"FRAME\n" + bytes(samples))
        with open_video(path) as reader:
            assert reader.info.pix_fmt == pix_fmt
            assert reader.info.size == (height, width)
            assert reader.info.colour.range == (colour_range or reader.info.colour.range)
            assert sum(1 for _ in reader) == 1
            assert reader.problems == []


def test_a_stdout_that_is_closed_is_told(make, mask):
    source = make("in.mkv", count=3)
    words = f"exec {sys.executable} -c '{RUN}' fill {source} {mask} -o - >&-"
    done = subprocess.run(["sh", "-c", words], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: stdout is closed.")
    assert done.stderr.count(b"\n") == 1
