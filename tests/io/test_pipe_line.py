"""The pipe line that the README shows, with the command ffmpeg at both of its ends."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cleanplate.io import open_video
from made_clips import av_planes, moving_planes, times
from made_fills import assert_outside_alike, boxed, mask_picture

README = Path(__file__).resolve().parents[2] / "README.md"
RUN = "from cleanplate.cli import main; raise SystemExit(main())"
COUNT = 6


@pytest.fixture(scope="module")
def ffmpeg():
    """The command: of the system, or the one that imageio-ffmpeg brings."""
    found = shutil.which("ffmpeg")
    if found is None:
        try:
            from imageio_ffmpeg import get_ffmpeg_exe
        except ImportError:
            pytest.skip("there is no command ffmpeg, and imageio-ffmpeg is not installed")
        found = get_ffmpeg_exe()
    return found


def the_line():
    """The words of the three commands that the README joins."""
    lines = [each for each in README.read_text("utf-8").splitlines() if "| ffmpeg -i - " in each]
    assert len(lines) == 1
    return [shlex.split(part) for part in lines[0].split(" | ")]


def run(commands, ffmpeg, folder):
    """Run commands side by side, each reading what the one before writes."""
    named = {
        "ffmpeg": [ffmpeg, "-hide_banner", "-nostdin"],
        "cleanplate": [sys.executable, "-c", RUN],
    }
    beside, before = [], subprocess.DEVNULL
    for name, *words in commands:
        ends = {"stdin": before, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        beside.append(subprocess.Popen([*named[name], *words], **ends, cwd=folder))
        if before is not subprocess.DEVNULL:
            before.close()  # so that the one before is told when this one ends
        before = beside[-1].stdout
    said = [each.communicate()[1].decode(errors="replace") for each in reversed(beside)][::-1]
    return [each.returncode for each in beside], said


def test_the_line_of_the_readme(make, tmp_path, ffmpeg):
    make("park.mp4", count=COUNT, audio=True, planes=moving_planes)
    mask_picture(tmp_path / "mask.png", boxed())
    codes, said = run(the_line(), ffmpeg, tmp_path)
    assert codes == [0, 0, 0], said
    assert f"stdout: {COUNT} frames of 64x48" in said[1]
    with open_video(tmp_path / "clean.mp4") as clean, open_video(tmp_path / "park.mp4") as park:
        assert clean.info.size == park.info.size
        assert clean.info.frame_rate == park.info.frame_rate
        assert sum(1 for _ in clean) == COUNT
    assert times(tmp_path / "clean.mp4") == times(tmp_path / "park.mp4")
    assert {path.name for path in tmp_path.iterdir()} == {"park.mp4", "mask.png", "clean.mp4"}


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
def test_what_comes_through_is_as_it_was(make, tmp_path, ffmpeg, pix_fmt):
    """Outside the hole, sample for sample, where the last command loses nothing."""
    told = {"codec": "ffv1", "options": {}, "pix_fmt": pix_fmt}
    park = make("park.mkv", count=COUNT, planes=moving_planes, **told)
    mask_picture(tmp_path / "mask.png", boxed())
    first, fill, last = the_line()
    first[first.index("park.mp4")] = "park.mkv"
    deep = ["-strict", "-1"] if pix_fmt.endswith("10le") else []
    first[-1:] = [*deep, first[-1]]
    last[-1:] = ["-c:v", "ffv1", "clean.mkv"]
    codes, said = run([first, [*fill, "--grow", "0"], last], ffmpeg, tmp_path)
    assert codes == [0, 0, 0], said
    before, after = av_planes(park), av_planes(tmp_path / "clean.mkv")
    assert_outside_alike(before, after, boxed(), pix_fmt)
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(before, after, strict=True))


def test_a_mask_that_is_refused_ends_the_line(make, tmp_path, ffmpeg):
    make("park.mp4", count=COUNT)
    codes, said = run(the_line(), ffmpeg, tmp_path)
    assert codes[1] == 2
    assert re.search(r"Error: mask mask.png does not exist", said[1])
    assert not (tmp_path / "clean.mp4").exists()
