"""Objects followed through files: masks as pictures, and as the holes of a fill."""

from __future__ import annotations

import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.io import Encoding
from cleanplate.masks import open_holes, track_file
from cleanplate.masks.track_file import stretches

SIZE = (64, 96)


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A folder with park.mkv of 8 frames, a block moves in it; first.png and fix.png its masks."""
    monkeypatch.chdir(tmp_path)
    back = skimage.data.coffee()[100:164, 150:246]
    block = skimage.data.astronaut()[40:64, 200:224] // 2 + np.array([110, 0, 0], np.uint8)
    frames, truth = np.stack([back] * 8), np.zeros((8, *SIZE), bool)
    for t in range(8):
        frames[t, 20:44, 10 + 4 * t : 34 + 4 * t] = block
        truth[t, 20:44, 10 + 4 * t : 34 + 4 * t] = True
    cp.write_video("park.mkv", frames, encoding=Encoding(lossless=True))
    for name, t in (("first", 0), ("fix", 6)):
        Image.fromarray(truth[t].astype(np.uint8) * 255).save(f"{name}.png")
    return frames, truth


def here(folder):
    return sorted(path.name for path in folder.iterdir())


def opened(folder):
    with open_holes(folder, size=SIZE) as source:
        assert source.count == 8
        return np.stack(list(source))


def test_masks_are_those_of_track(clip):
    _, truth = clip
    summary = cp.track_file("park.mkv", ["first.png", "fix.png@6"], "masks")
    frames = cp.read_video("park.mkv").frames
    assert (opened("masks") == cp.track(frames, {0: truth[0], 6: truth[6]})).all()
    assert (summary.frames, summary.size, summary.keys) == (8, SIZE, [0, 6])
    assert summary.empty == summary.cuts == summary.problems == []
    assert len(summary.confidence) == 8
    assert summary.confidence[6] == 1


def test_who_watches_sees_the_object_as_it_is_followed(clip):
    _, truth = clip
    seen = {}

    def watch(frame, soft):
        seen[frame] = soft > 0.5

    cp.track_file("park.mkv", "fix.png@6", "masks", grow=0, watch=watch)
    assert list(seen) == [6, 7, 5, 4, 3, 2, 1, 0]  # on from the key mask, and then back
    assert (seen[6] == truth[6]).all()
    assert (np.stack([seen[t] for t in range(8)]) == opened("masks")).all()


def test_the_command(clip, capsys):
    assert main(["mask", "track", "park.mkv", "fix.png@6", "-o", "masks", "--grow", "0"]) == 0
    told = capsys.readouterr().out
    assert "masks: 8 masks, 0 empty, from 1 mask given" in told
    assert "Confidence" in told
    found, truth = opened("masks"), clip[1]
    assert (found & truth).sum() / (found | truth).sum() > 0.75
    assert main(["mask", "track", "park.mkv", "first.png", "-o", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"] == [0]


def test_frame_folders_keep_their_numbers(clip, tmp_path):
    frames, _ = clip
    (tmp_path / "shots").mkdir()
    for number, frame in enumerate(frames, start=41):
        Image.fromarray(frame).save(tmp_path / "shots" / f"shot_{number}.png")
    cp.track_file("shots", "first.png@0", "masks")
    assert here(tmp_path / "masks")[::7] == ["00041.png", "00048.png"]
    cp.fill_file("shots", "masks", "clean", tune="removal")


def test_a_fill_that_follows_is_a_fill_by_what_was_followed(clip, capsys):
    assert main(["fill", "park.mkv", "first.png@0", "--track", "-o", "one.mkv"]) == 0
    cp.track_file("park.mkv", "first.png", "masks")
    cp.fill_file("park.mkv", "masks", "two.mkv")
    one, two = (cp.read_video(name).frames for name in ("one.mkv", "two.mkv"))
    assert (one == two).all()
    frames, truth = clip
    assert (one != frames).any(axis=-1)[truth].mean() > 0.9
    fixed = ["fill", "park.mkv", "first.png", "--track", "--fix", "fix.png@6", "-o", "three.mkv"]
    assert main(fixed) == 0
    capsys.readouterr()


def test_a_plan_is_of_the_object_that_is_followed(clip, capsys):
    words = ["fill", "park.mkv", "first.png@0", "--track", "--plan", "--json", "-o", "one.mkv"]
    assert main(words) == 0
    plan = json.loads(capsys.readouterr().out)
    cp.track_file("park.mkv", "first.png", "masks")
    other = cp.plan_file("park.mkv", "masks", "one.mkv")
    assert (plan["filled_frames"], plan["hole_share"]) == (8, other.hole_share)
    assert main([*words, "--fix", "fix.png@9"]) == 2
    assert "from 0 to 7" in capsys.readouterr().err


def test_growth_that_is_asked_for_is_the_growth(clip):
    assert main(["fill", "park.mkv", "first.png@0", "--track", "--grow", "0", "-o", "a.mkv"]) == 0
    cp.track_file("park.mkv", "first.png", "masks", grow=0)
    options = cp.MaskOptions()
    cp.fill_file("park.mkv", "masks", "b.mkv", mask_options=options)
    cp.fill_file("park.mkv", "first.png", "c.mkv", track=True, growth=0)
    one, *others = (cp.read_video(f"{name}.mkv").frames for name in "abc")
    assert all((one == other).all() for other in others)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mask", "track", "park.mkv", "first.png", "-o", "full"], "not empty"),
        (["fill", "park.mkv", "first.png", "--track", "-o", "no/x.mkv"], "does not exist"),
        (["mask", "track", "park.mkv", "first.png", "fix.png@99", "-o", "m"], "from 0 to 7"),
        (["fill", "park.mkv", "first.png", "--track", "--plate", "x", "-o", "x"], "cannot be both"),
    ],
)
def test_what_cannot_be_is_refused_before_the_object_is_followed(
    clip, tmp_path, monkeypatch, capsys, words, said
):
    monkeypatch.setattr(track_file, "follow", lambda *_, **__: pytest.fail("was followed"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "0.png").touch()
    before = here(tmp_path)
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert here(tmp_path) == before


def test_it_is_told_where_nothing_was_found(clip, capsys):
    frames, _ = clip
    other = np.stack([np.roll(skimage.data.chelsea()[50:114, 100:196], t, 1) for t in range(5)])
    cp.write_video("cut.mkv", np.concatenate([frames, other]), encoding=Encoding(lossless=True))
    summary = cp.track_file("cut.mkv", "first.png", "masks")
    assert summary.cuts == [8]
    assert summary.empty == [8, 9, 10, 11, 12]
    assert any("frames 8-12, for nothing is carried over a cut" in w for w in summary.warnings)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mask", "track", "park.mkv", "first.png@8", "-o", "m"], "Give a frame from 0 to 7"),
        (["mask", "track", "park.mkv", "no.png", "-o", "m"], "mask no.png does not exist"),
        (["mask", "track", "park.mkv", "first.png", "first.png@0", "-o", "m"], "two masks"),
        (["mask", "track", "park.mkv", "park.mkv@0", "-o", "m"], "has many frames"),
        (["mask", "track", "park.mkv", "first.png", "-o", "first.png"], "input itself"),
        (["mask", "track", "park.mkv", "first.png", "-o", "m", "--grow", "x"], "Give auto, or"),
        (["fill", "park.mkv", "first.png", "--fix", "fix.png@6", "-o", "x.mkv"], "several masks"),
        (["fill", "park.mkv", "first.png@9", "--track", "-o", "x.mkv"], "from 0 to 7"),
        (["mask", "select", "park.mkv", "--box", "1,2,3", "-o", "m.png"], "is not x,y,width"),
        (["mask", "select", "park.mkv", "-o", "m.png"], "nothing points"),
        (["mask", "select", "park.mkv", "--box", "9,9,9,9", "--frame", "8", "-o", "m.png"],
         "no frame 8"),
        (["mask", "select", "park.mkv", "--box", "6,16,32,32", "-o", "m.jpg"], "is no PNG"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_and_leave_nothing(clip, tmp_path, capsys, words, said):
    before = here(tmp_path)
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert here(tmp_path) == before


def test_a_selection_is_written(clip, capsys):
    _, truth = clip
    words = ["--box", "6,16,32,32", "--inside", "20,30", "--outside", "90,5"]
    assert main(["mask", "select", "park.mkv", *words, "-o", "m.png"]) == 0
    assert "Track it as m.png@0." in capsys.readouterr().out
    found = np.asarray(Image.open("m.png")) > 0
    assert (found & truth[0]).sum() / (found | truth[0]).sum() > 0.7
    marks = np.full(SIZE, 128, np.uint8)
    marks[26:38, 36:54], marks[:, :20] = 255, 0
    Image.fromarray(marks).save("marks.png")
    words = ["--scribble", "marks.png", "--frame", "6", "-o", "n.png"]
    assert main(["mask", "select", "park.mkv", *words]) == 0
    found = np.asarray(Image.open("n.png")) > 0
    assert (found & truth[6])[26:38, 36:54].all()


def test_stretches():
    assert (
        stretches([1, 2, 3, 7, 9, 11, 13, 15, 16])
        == "frames 1-3, 7, 9, 11, 13 and 1 more stretches"
    )
