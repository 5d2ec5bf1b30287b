from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.foresight import foresee
from made_fills import mask_picture

SIZE = (20, 30)


@pytest.fixture
def video(make):
    return str(make("park.mp4", size=SIZE, count=5))


def mask(folder, *, count=1, invert=False):
    folder.mkdir()
    hole = np.zeros(SIZE, bool)
    hole[5:10, 5:10] = True
    for number in range(count):
        Image.fromarray(hole ^ invert).save(folder / f"{number}.png")
    return str(folder)


def test_a_good_mask(video, tmp_path, capsys):
    path = mask(tmp_path / "m", count=5)
    assert main(["check", video, path]) == 0
    said = capsys.readouterr().out.splitlines(keepends=True)
    assert "".join(said[:3]) == (
        f"{video}: 5 frames of 30x20.\n"
        f"{path}: 5 masks; covers 4.2 % of the picture (4.2 % to 4.2 %).\n"
        "Nothing looks wrong.\n"
    )
    assert said[3].startswith("Other frames show nothing of the hole")


def test_a_still_mask_as_json(video, tmp_path, capsys):
    assert main(["check", video, mask(tmp_path / "m"), "--json"]) == 0
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert report["still"]
    assert (report["frames"], report["video_frames"]) == (1, 5)
    assert report["findings"] == []
    assert shown.err == ""


def test_a_suspicious_mask_is_exit_code_1(video, tmp_path, capsys):
    path = mask(tmp_path / "m", count=5, invert=True)
    assert main(["check", video, path]) == 1
    assert capsys.readouterr().out.count("looks inverted") == 1
    assert main(["check", video, path, "--invert-mask"]) == 0


def test_a_mask_that_does_not_fit_is_refused(video, tmp_path, capsys):
    assert main(["check", video, mask(tmp_path / "m", count=4)]) == 2
    assert capsys.readouterr().err == (
        "Error: mask has 4 frames, the video has 5. Give one still mask, or 5.\n"
    )


def test_a_turned_video_is_as_displayed(make, tmp_path, capsys):
    turned = make("t.mp4", size=SIZE[::-1], setup=lambda _, s: s.set_display_rotation(90), count=5)
    assert main(["check", str(turned), mask(tmp_path / "m")]) == 0
    assert "5 frames of 30x20" in capsys.readouterr().out
    assert main(["check", str(turned), "box:0,0,30,20"]) == 1
    assert "whole picture" in capsys.readouterr().out


def test_a_video_that_breaks_off(make, tmp_path, capsys):
    whole = make("whole.mkv", size=SIZE, count=30).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) * 6 // 10])
    assert main(["check", str(broken), mask(tmp_path / "m", count=30)]) == 1
    assert "Of the video, the clip breaks off: frames " in capsys.readouterr().out
    assert main(["check", str(broken), mask(tmp_path / "few", count=3)]) == 2
    assert "mask has 3 frames" in capsys.readouterr().err


def test_a_mask_video_that_breaks_off(make, tmp_path, capsys):
    video = make("whole.mkv", size=SIZE, count=30)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(video.read_bytes()[: video.stat().st_size * 6 // 10])
    assert main(["check", str(video), str(broken)]) == 2
    assert "frames, the video has 30" in capsys.readouterr().err


def test_what_other_frames_show_is_foreseen(pan, tmp_path, capsys):
    frames = pan(24, (4, 0))
    cp.write_video(tmp_path / "in.mp4", frames)
    command = ["check", str(tmp_path / "in.mp4"), "box:60,40,30,30"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shown"] > 0.9
    assert main([*command, "--no-foresee"]) == 0
    assert "Other frames" not in capsys.readouterr().out
    still = np.repeat(frames[:1], 24, axis=0)
    cp.write_video(tmp_path / "still.mp4", still)
    assert foresee(tmp_path / "still.mp4", "box:60,40,30,30").shown == 0


def test_a_mask_is_mended(video, tmp_path, capsys):
    path = mask(tmp_path / "m", count=5)
    assert main(["check", video, path, "--fix", str(tmp_path / "same")]) == 0
    assert "nothing had to be mended" in capsys.readouterr().out
    assert len(list((tmp_path / "same").iterdir())) == 5
    mask(tmp_path / "bad", count=5)
    names = sorted((tmp_path / "bad").iterdir())
    names[2].write_bytes(empty_png(tmp_path))
    assert main(["check", video, str(tmp_path / "bad"), "--fix", str(tmp_path / "good")]) == 1
    assert "filled in from the frames before and after" in capsys.readouterr().out
    assert main(["check", video, str(tmp_path / "good")]) == 0


def empty_png(folder):
    return mask_picture(folder / "empty.png", np.zeros((20, 30), bool)).read_bytes()
