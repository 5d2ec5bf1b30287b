"""What is kept of a run: the shown frames, small, and nothing half-written."""

from __future__ import annotations

import base64
import zipfile

import cv2
import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.report import keep
from cleanplate.report.keep import FOLDER, Keeper, read_scene, read_take
from cleanplate.video import KNOWN, UNSEEN

NAMES = {"scene": "scene-a.zip", "take": "take-a.zip"}


def decoded(uri):
    data = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    return picture[..., [2, 1, 0, 3][: picture.shape[2]]]


def kept(folder, frames, results, holes, *, scored=True, names=NAMES):
    sources = np.where(holes, UNSEEN, KNOWN).astype(np.int32)
    with Keeper(folder, names, rate=25) as keeper:
        for parts in zip(frames, results, holes, sources, strict=True):
            keeper.add(*parts, scored=scored)
    return read_scene(folder, names["scene"]), read_take(folder, names["take"])


@pytest.fixture
def clip(pan):
    frames = pan(5, (1, 0), size=(48, 64))
    holes = np.zeros(frames.shape[:3], bool)
    for t in (1, 2, 4):
        holes[t, 10 : 20 + t, 30:50] = True
    results = np.where(holes[..., None], np.uint8(200), frames)
    return frames, results, holes


def test_what_is_kept_is_what_was_there(tmp_path, clip):
    frames, results, holes = clip
    scene, take = kept(tmp_path, frames, results, holes)
    assert (scene["first"], scene["height"], scene["width"], scene["rate"]) == (1, 48, 64, 25)
    assert len(scene["frames"]) == len(scene["holes"]) == 4  # from the first hole on
    assert take["boxes"] == [[10, 30, 11, 20], [10, 30, 12, 20], None, [10, 30, 14, 20]]
    for t in (0, 1, 3):
        shown = decoded(scene["frames"][t])
        assert np.abs(shown.astype(int) - frames[t + 1]).mean() < 6  # it is compressed
        np.testing.assert_array_equal(decoded(scene["holes"][t])[..., 3] > 127, holes[t + 1])
        height, width = take["boxes"][t][2:]
        fill = decoded(take["fill"][t])
        assert fill.shape == (height, width, 3)  # nothing in the box is transparent
        assert np.abs(fill[..., :3].astype(int) - 200).max() < 5
        assert np.abs(decoded(take["source"][t])[..., :3] - np.array([255, 0, 255])).max() < 12
    assert take["fill"][2] is None and take["source"][2] is None


def test_only_the_pixels_of_the_hole_are_kept_of_a_take(tmp_path, clip):
    frames, results, holes = clip
    holes[1, 12, 35] = False
    _, take = kept(tmp_path, frames, results, holes)
    alpha = decoded(take["fill"][0])[..., 3]
    assert alpha[2, 5] == 0 and (alpha == 0).sum() == 1


def test_the_error_is_drawn_from_the_exact_samples(tmp_path, clip):
    frames, _, holes = clip
    exact, off = frames.copy(), frames.copy()
    off[holes] = np.clip(off[holes].astype(int) + 3, 0, 255)
    still = kept(tmp_path, frames, exact, holes, names={"scene": "s.zip", "take": "exact.zip"})[1]
    moved = kept(tmp_path, frames, off, holes, names={"scene": "s.zip", "take": "off.zip"})[1]
    black = decoded(still["error"][0])[..., :3].astype(int)
    assert black.max() < 8
    wanted = cv2.applyColorMap(np.full((1, 1), 12, np.uint8), cv2.COLORMAP_INFERNO)[0, 0, ::-1]
    assert np.abs(decoded(moved["error"][0])[..., :3].mean(axis=(0, 1)) - wanted).max() < 4


def test_without_a_truth_there_is_no_error(tmp_path, clip):
    assert "error" not in kept(tmp_path, *clip, scored=False)[1]


def test_16_bits_are_shown_like_8(tmp_path, clip):
    frames, results, holes = clip
    eight = kept(tmp_path / "8", frames, results, holes)
    wide = [array.astype(np.uint16) * 257 for array in (frames, results)]
    assert kept(tmp_path / "16", *wide, holes) == eight


def test_large_pictures_are_kept_small_and_long_clips_short(tmp_path, clip, monkeypatch):
    monkeypatch.setattr(keep, "LONGEST_SIDE", 32)
    monkeypatch.setattr(keep, "MOST_FRAMES", 2)
    scene, take = kept(tmp_path, *clip)
    assert (scene["height"], scene["width"], len(scene["frames"])) == (24, 32, 2)
    assert decoded(scene["frames"][0]).shape == (24, 32, 3)
    assert take["boxes"][0] == [5, 15, 6, 10]  # rows 10 to 20


def test_a_clip_without_a_hole_keeps_nothing_to_see(tmp_path, clip):
    frames, results, holes = clip
    scene, take = kept(tmp_path, frames, results, np.zeros_like(holes))
    assert "frames" not in scene and take["boxes"] == []


def test_nothing_half_written_stays(tmp_path, clip):
    frames, results, holes = clip
    with pytest.raises(KeyboardInterrupt), Keeper(tmp_path, NAMES) as keeper:
        keeper.add(frames[1], results[1], holes[1], holes[1].astype(int), scored=True)
        raise KeyboardInterrupt
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_scene_is_written_once(tmp_path, clip):
    kept(tmp_path, *clip)
    before = (tmp_path / FOLDER / "scene-a.zip").stat().st_mtime_ns
    kept(tmp_path, *clip, names={**NAMES, "take": "take-b.zip"})
    assert (tmp_path / FOLDER / "scene-a.zip").stat().st_mtime_ns == before


@pytest.mark.parametrize("harm", ["missing", "no zip", "no facts", "other facts"])
def test_damaged_files_are_refused(tmp_path, clip, harm):
    kept(tmp_path, *clip)
    path = tmp_path / FOLDER / "take-a.zip"
    if harm == "missing":
        path.unlink()
    elif harm == "no zip":
        path.write_bytes(b"PK nothing")
    else:
        with zipfile.ZipFile(path, "w") as file:
            if harm == "other facts":
                file.writestr("about.json", "[1, 2]")
    with pytest.raises(BadInput, match="take-a"):
        read_take(tmp_path, "take-a.zip")
