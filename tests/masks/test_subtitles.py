from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.masks import subtitles
from cleanplate.masks.runs import Runs
from cleanplate.masks.subtitles import find_subtitles

SIZE = (160, 240)
PLAN = [(6, 36, "HOW DO YOU DO"), (36, 66, "VERY WELL, SIR"), (78, 104, "GOOD")]


def text(words):
    """Where a line of white text with a black outline is, and its grey."""
    where, grey = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    for width, shade in ((7, 0), (3, 255)):
        for canvas, value in ((where, 1), (grey, shade)):
            cv2.putText(canvas, words, (20, 145), cv2.FONT_HERSHEY_SIMPLEX, 0.7, value, width)
    return where > 0, grey


def captioned(frames, plan=PLAN):
    """Frames with lines of text, and where these are."""
    frames, holes = frames.copy(), np.zeros(frames.shape[:3], bool)
    for first, end, words in plan:
        where, grey = text(words)
        frames[first:end, where] = grey[where, None]
        holes[first:end] |= where
    return frames, holes


@pytest.fixture
def moving(pan):
    return pan(112, (1.7, 0.8), size=SIZE)


def assert_found(holes, truth, beside=0.05):
    assert (holes & truth).sum() > 0.85 * truth.sum()
    assert (holes & ~cp.grow(truth, 4)).sum() <= beside * truth.sum()
    np.testing.assert_array_equal(holes.any(axis=(1, 2)), truth.any(axis=(1, 2)))


def test_lines_that_follow_each_other_over_a_pan(moving):
    frames, truth = captioned(moving)
    assert_found(find_subtitles(frames), truth)


def test_lines_over_a_scene_that_stands_still(moving):
    frames, truth = captioned(np.repeat(moving[:1], 112, axis=0))
    assert_found(find_subtitles(frames), truth, beside=0.15)


def test_a_line_that_stays_across_a_cut(moving):
    frames = moving.copy()
    frames[40:] = 255 - frames[40:, ::-1]
    frames, truth = captioned(frames, [(5, 30, "BEFORE"), (33, 60, "ACROSS IT"), (64, 82, "AFTER")])
    assert_found(find_subtitles(frames), truth)


def test_no_text_is_no_line(moving):
    assert not find_subtitles(moving).any()
    assert not find_subtitles(np.repeat(moving[:1], 40, axis=0)).any()
    cut = np.concatenate([moving[:1].repeat(30, axis=0), moving[-1:].repeat(30, axis=0)])
    assert not find_subtitles(cut).any()


def test_lines_too_short_to_settle_are_no_boxes(moving):
    """A few frames at a low rate: nothing tells what of their surroundings is still as well."""
    frames, truth = captioned(moving[:24], [(14, 18, "VERY WELL")])
    holes = find_subtitles(frames, shortest=3)
    assert (holes & truth).sum() > 0.8 * truth.sum()
    assert (holes & ~cp.grow(truth, 3)).sum() < 0.5 * truth.sum()


def test_lines_that_are_none_at_a_second_look_are_not_written(moving, tmp_path, monkeypatch):
    monkeypatch.setattr(subtitles._Look, "is_line", lambda _: False)
    frames, _ = captioned(moving[:50])
    cp.write_video(tmp_path / "in.mkv", frames, encoding=cp.Encoding(lossless=True))
    found = subtitles.find_subtitles_file(tmp_path / "in.mkv", tmp_path / "masks")
    assert (found.lines, found.frames) == (0, 50)
    assert not (tmp_path / "masks").exists()


def test_a_folder_that_is_taken_is_refused_before_the_work(moving, tmp_path, monkeypatch):
    monkeypatch.setattr(subtitles, "_lines", lambda *_: pytest.fail("was looked for"))
    cp.write_video(tmp_path / "in.mkv", moving[:5], encoding=cp.Encoding(lossless=True))
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "0.png").touch()
    with pytest.raises(cp.BadOutput, match="not empty"):
        subtitles.find_subtitles_file(tmp_path / "in.mkv", tmp_path / "masks")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_band(moving):
    frames, truth = captioned(moving)
    assert not find_subtitles(frames, band=(0, 0.5)).any()
    assert_found(find_subtitles(frames, band=(0.6, 1)), truth)
    with pytest.raises(cp.BadInput, match="Give two shares"):
        find_subtitles(frames, band=(0.6, 0.5))


def test_a_file_to_masks(moving, tmp_path, capsys):
    frames, truth = captioned(moving)
    video, masks = str(tmp_path / "in.mkv"), tmp_path / "masks"
    cp.write_video(video, frames, encoding=cp.Encoding(lossless=True))
    assert main(["mask", "find-subtitles", video, "-o", str(masks), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lines"], found["frames"]) == (3, 112)
    holes = cp.read_holes(masks, like=frames)
    assert (holes & truth).sum() > 0.8 * truth.sum()
    assert len(list(masks.iterdir())) == 112
    cp.write_video(video, moving, encoding=cp.Encoding(lossless=True))
    assert main(["mask", "find-subtitles", video, "-o", str(tmp_path / "none")]) == 1
    assert "No line of text" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
    assert main(["mask", "find-subtitles", video, "-o", str(masks), "--band", "low"]) == 2
    assert "LOW-HIGH" in capsys.readouterr().err


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 12), st.integers(4, 20), st.integers(0, 9))
def test_runs_begin_and_end_where_a_patch_does(first, length, tail):
    total = first + length + tail
    flicker = np.arange(total, dtype=np.uint8)[:, None, None] % 2 * 100
    frames = np.broadcast_to(flicker, (total, 12, 16)).copy()
    frames[first : first + length, 3:9, 4:12] = 240
    runs = Runs(shortest=4, least=30)
    found = [group for frame in frames for group in runs.add(frame)] + list(runs.finish())
    (group,) = [g for g in found if g.where[3:9, 4:12].all()]
    assert (group.first, group.end) == (first, first + length)
    assert (group.grey[3:9, 4:12] == 240).all()
    assert not group.where[:3].any()
