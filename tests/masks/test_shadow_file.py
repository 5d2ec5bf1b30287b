"""Shadows of objects in files: as masks, and in the holes of a fill."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.foresight import Foresight
from cleanplate.io import Encoding
from cleanplate.masks.shadow_file import NOT_TOLD, STILL, grow_shadow_file
from cleanplate.masks.write import write_folder
from made_shadows import SIZE, shadowed_clip


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A folder with park.mkv of 30 frames, and masks/ of a block that has a shadow in it."""
    monkeypatch.chdir(tmp_path)
    frames, holes, _ = shadowed_clip(0.5)
    cp.write_video("park.mkv", frames, encoding=Encoding(lossless=True))
    write_folder(((f"{t:05d}", hole) for t, hole in enumerate(holes)), tmp_path / "masks")
    return cp.read_video("park.mkv").frames, holes


def opened(path, count=30):
    return cp.read_holes(path, like=np.zeros((count, *SIZE, 3), np.uint8))


def test_masks_are_those_of_arrays(clip):
    frames, holes = clip
    summary = grow_shadow_file("park.mkv", "masks", "wider")
    wanted = cp.grow_shadow(frames, holes)
    assert (opened("wider") == wanted).all()
    assert (summary.frames, summary.warnings, summary.problems) == (30, [], [])
    assert summary.told == (wanted != holes).any(axis=(1, 2)).sum() > 20
    assert summary.added == pytest.approx(wanted.sum() / holes.sum() - 1)


def test_a_fill_fills_the_shadow_and_nothing_else(clip):
    frames, holes = clip
    reading = cp.MaskOptions(shadow=True)
    cp.fill_file("park.mkv", "masks", "clean.mkv", mask_options=reading, encoding=Encoding("ffv1"))
    clean = cp.read_video("clean.mkv").frames
    wider = cp.grow_shadow(frames, holes)
    changed = (clean != frames).any(axis=3)
    assert not (changed & ~wider).any()
    assert changed[wider & ~holes].mean() > 0.5


def test_a_still_mask_stays_as_it_is_and_that_is_said(clip):
    reading = cp.MaskOptions(shadow=True)
    summary = cp.fill_file("park.mkv", "box:30,40,24,30", "a.mkv", mask_options=reading)
    assert STILL in summary.warnings
    with pytest.raises(cp.BadInput, match="the mask never does"):
        grow_shadow_file("park.mkv", "box:30,40,24,30", "wider")


def test_where_nothing_is_told_that_is_said(clip, tmp_path):
    frames, holes, _ = shadowed_clip(0, count=12)
    cp.write_video("bare.mkv", frames, encoding=Encoding(lossless=True))
    write_folder(((f"{t:05d}", hole) for t, hole in enumerate(holes)), tmp_path / "bare")
    assert NOT_TOLD in grow_shadow_file("bare.mkv", "bare", "wider").warnings
    done = cp.fill_file("bare.mkv", "bare", "c.mkv", mask_options=cp.MaskOptions(shadow=True))
    assert NOT_TOLD in done.warnings


@pytest.mark.parametrize("count", [29, 31])
def test_another_number_of_masks_is_refused_and_nothing_is_left(clip, tmp_path, count):
    holes = np.ones((count, *SIZE), np.uint8)
    cp.write_video("mask.mkv", np.repeat(holes[..., None], 3, 3), encoding=Encoding(lossless=True))
    with pytest.raises(cp.BadInput, match=f"mask has {count} frames, the video has 30"):
        grow_shadow_file("park.mkv", "mask.mkv", "wider")
    assert not [path for path in tmp_path.iterdir() if "wider" in path.name]


def test_commands(clip, capsys):
    assert main(["mask", "grow-shadow", "park.mkv", "masks", "-o", "wider", "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["told"] > 20
    first = Image.fromarray(clip[1][0].astype(np.uint8) * 255)
    first.save("first.png")
    given = ["mask", "track", "park.mkv", "first.png", "--grow", "0", "-q"]
    assert main([*given, "-o", "plain"]) == 0
    assert main([*given, "-o", "with", "--grow-shadow"]) == 0
    plain, wider = opened("plain"), opened("with")
    assert (wider | plain == wider).all()
    assert wider.sum() > 1.1 * plain.sum()


def test_commands_that_read_masks(clip, capsys, tmp_path, monkeypatch):
    frames, holes = clip
    given = ["park.mkv", "masks", "--grow", "0", "--grow-shadow"]
    assert main(["fill", *given, "-o", "a.mkv", "--codec", "ffv1", "-q"]) == 0
    filled = cp.read_video("a.mkv").frames
    assert ((filled != frames).any(axis=3) & ~holes).any()
    rows = "video,mask,grow,grow_shadow,codec\npark.mkv,masks,0,yes,ffv1\n"
    (tmp_path / "list.csv").write_text(rows)
    assert main(["batch", "list.csv", "-o", "all", "-q"]) == 0
    (made,) = tmp_path.joinpath("all").glob("*.mkv")
    assert (cp.read_video(made).frames == filled).all()
    assert main(["compare", *given, "-o", "page", "--methods", "flow", "--lossless", "-q"]) == 0
    (made,) = tmp_path.joinpath("page").rglob("*.mkv")
    assert (cp.read_video(made).frames == filled).all()
    plain, wider = (completed(given[:count]) for count in (4, 5))
    assert plain != wider
    monkeypatch.setattr("cleanplate.foresight.foresee", spied)
    for count, shadow in ((4, 0.0), (5, 1.0)):
        main(["check", *given[:count], "--json"])
        assert json.loads(capsys.readouterr().out)["shown"] == shadow


def completed(given):
    """The flow that is completed in the hole."""
    assert main(["flow", given[0], "--mask", *given[1:], "-o", f"flow{len(given)}", "-q"]) == 0
    return sorted(Path(f"flow{len(given)}").rglob("*.flo"))[10].read_bytes()


def spied(video, mask, *, options):
    return Foresight(float(options.shadow), 1)


def test_an_overlay_has_none(clip):
    with pytest.raises(cp.BadInput, match="casts no shadow"):
        cp.unblend_file(
            "park.mkv", "box:1,1,9,9", "a.mkv", mask_options=cp.MaskOptions(shadow=True)
        )
