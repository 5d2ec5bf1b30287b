"""Objects followed by SAM 2, with weights drawn at random: what has to hold whatever it finds."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.masks.follow import backwards, follow  # noqa: E402 - after what may be missing
from cleanplate.masks.sam2.checkpoint import load_sam2  # noqa: E402
from cleanplate.masks.sam2.prompts import soft_of  # noqa: E402
from made_sam2 import SIDE, save, slow_twin  # noqa: E402

SIZE = (48, 80)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam2")
    save(folder)
    return folder


@pytest.fixture(scope="module")
def tracker(folder):
    return cp.load_tracker("sam2", weights=folder, device="cpu", precision="fp32")


def scene(count, background="coffee"):
    """Frames in which a red block moves over a photograph, and where it is."""
    back = getattr(skimage.data, background)()[100 : 100 + SIZE[0], 150 : 150 + SIZE[1]]
    frames, truth = np.stack([back // 2] * count), np.zeros((count, *SIZE), bool)
    for t in range(count):
        frames[t, 14:34, 6 + 3 * t : 26 + 3 * t] = (220, 30, 30)
        truth[t, 14:34, 6 + 3 * t : 26 + 3 * t] = True
    return frames, truth


def softs(tracker, frames, marks):
    """The soft masks of all frames, as they are found."""
    found = {}

    def read(start, stop):
        return iter(frames[start:stop])

    soft = {frame: mask.astype(np.float32) for frame, mask in marks.items()}
    tracker(read, soft, watch=lambda frame, mask: found.update({frame: mask}))
    return [found[t] for t in range(len(frames))]


def test_key_masks_are_taken_as_they_are(tracker):
    frames, truth = scene(9)
    one = cp.track(frames, truth[2], at=2, grow=0, confidence=True, tracker=tracker)
    assert one.holes.shape == truth.shape
    assert one.holes.any(axis=(1, 2)).all()
    assert (one.holes[2] == truth[2]).all()
    assert one.confidence[2] == 1
    assert ((one.confidence[3:] > 0) & (one.confidence[3:] < 1)).all()
    both = cp.track(frames, {2: truth[2], 6: truth[6]}, grow=0, tracker=tracker)
    assert (both[6] == truth[6]).all()


def test_key_masks_count_in_all_frames_of_their_shot(tracker):
    frames, truth = scene(9)
    one = softs(tracker, frames, {2: truth[2]})
    both = softs(tracker, frames, {2: truth[2], 6: truth[6]})
    change = [np.abs(now - before).max() for now, before in zip(both, one, strict=True)]
    assert change[2] == 0
    assert min(change[:2] + change[3:]) > 5e-5  # rounding is below 1e-6


def test_as_the_library_with_the_whole_clip(folder, tracker):
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (1, 9, 9 + 20, 3), np.uint8).repeat(8, 1).repeat(8, 2)
    frames = np.stack([small[0, :SIDE, 8 * t : 8 * t + SIDE] for t in range(20)])
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10:40, 20:50] = True
    marks = {5: mask, 9: np.roll(mask, 7, axis=0)}
    twin = slow_twin(load_sam2(folder, precision="fp32").network, frames, marks)
    for t, soft in enumerate(softs(tracker, frames, marks)):
        if t not in marks:
            np.testing.assert_allclose(soft, soft_of(twin[t], (SIDE, SIDE)), atol=1e-5)


def test_few_pictures_are_held_at_a_time(tracker, monkeypatch):
    monkeypatch.setattr(backwards, "_HELD", 3)
    alive, most = set(), 0

    def read(start, stop):
        nonlocal most
        for number in range(start, 40 if stop is None else stop):
            picture = np.full((*SIZE, 3), 3 * number, np.uint8)
            token = object()
            alive.add(token)
            weakref.finalize(picture, alive.discard, token)
            most = max(most, len(alive))
            yield picture

    mask = np.zeros(SIZE, np.float32)
    mask[10:30, 10:30] = 1
    assert tracker(read, {25: mask}).frames == 40
    assert most <= 6


def test_the_same_input_gives_the_same_masks(folder):
    frames, truth = scene(5)
    found = []
    for _ in range(2):
        tracker = cp.load_tracker("sam2", weights=folder)
        torch.rand(3)
        found.append(cp.track(frames, truth[0], grow=0, confidence=True, tracker=tracker))
    np.testing.assert_array_equal(found[0].holes, found[1].holes)
    np.testing.assert_array_equal(found[0].confidence, found[1].confidence)


def test_nothing_is_carried_over_a_cut(folder, tracker):
    frames, truth = scene(7)
    joined = np.concatenate([frames, scene(6, "chelsea")[0]])
    told = cp.track(joined, truth[3], at=3, grow=0, confidence=True, tracker=tracker)
    assert told.cuts == [7]
    assert not told.holes[7:].any()
    assert (told.confidence[7:] == 0).all()
    alone = cp.track(frames, truth[3], at=3, grow=0, tracker=tracker)
    assert (told.holes[:7] == alone).all()
    both = cp.track(joined, {3: truth[3], 9: truth[2]}, grow=0, tracker=tracker)
    assert (both[:7] == alone).all()
    assert both[7:].any(axis=(1, 2)).all()
    beyond = cp.load_tracker("sam2", weights=folder, precision="fp32", beyond_cuts=True)
    far = cp.track(joined, truth[3], at=3, grow=0, confidence=True, tracker=beyond)
    assert far.cuts == []  # none that stopped it
    assert far.holes.any(axis=(1, 2)).all()


def test_an_empty_mask_says_that_the_object_is_gone(tracker):
    frames, truth = scene(9)
    gone = np.zeros(SIZE, bool)
    told = cp.track(frames, {1: truth[1], 4: gone}, grow=0, confidence=True, tracker=tracker)
    assert told.holes[:4].any(axis=(1, 2)).all()
    assert not told.holes[4:].any()
    assert (told.confidence[4:] == 1).all()
    back = cp.track(frames, {4: gone, 7: truth[7]}, grow=0, confidence=True, tracker=tracker)
    assert not back.holes[:5].any()
    assert (back.confidence[:4] == 0).all()
    assert back.holes[5:].any(axis=(1, 2)).all()


@settings(max_examples=12)
@given(st.dictionaries(st.integers(0, 9), st.booleans(), min_size=1, max_size=4))
def test_it_goes_as_far_as_the_usual_way(tracker, told):
    """Over no cut, and to no frame that an empty mask says is without the object."""
    frames = np.concatenate([scene(5)[0], scene(5, "chelsea")[0]])
    marks = {}
    for key in sorted(told):
        marks[key] = np.zeros(SIZE, np.float32)
        marks[key][14:34, 10:40] = told[key]

    def read(start, stop):
        return iter(frames[start:stop])

    mine, usual = tracker(read, marks).trail, follow(read, marks).trail
    for t in range(10):
        assert (t in mine) == (t in usual)
        gone = [not trail.soft(t).any() and trail.trust(t) == 1 for trail in (mine, usual)]
        assert gone[0] == gone[1]


def test_an_object_that_it_does_not_see(tmp_path):
    save(tmp_path, there=-3.0)
    frames, truth = scene(3)
    tracker = cp.load_tracker("sam2", weights=tmp_path)
    told = cp.track(frames, truth[0], confidence=True, tracker=tracker)
    assert not told.holes[1:].any()
    assert ((told.confidence[1:] > 0.9) & (told.confidence[1:] < 1)).all()


def test_back_in_parts_is_back_in_one(tracker, monkeypatch):
    frames, truth = scene(9)
    whole = cp.track(frames, truth[8], at=8, grow=0, tracker=tracker)
    monkeypatch.setattr(backwards, "_HELD", 3)
    monkeypatch.setattr(backwards, "_KEPT_BYTES", 0)
    assert (cp.track(frames, truth[8], at=8, grow=0, tracker=tracker) == whole).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (90, 17)])
def test_pictures_of_any_size(tracker, size):
    frames = np.random.default_rng(0).integers(0, 2**16, (3, *size, 3)).astype(np.uint16)
    mask = np.zeros(size, bool)
    mask[0, 0] = True
    assert cp.track(frames, mask, tracker=tracker).shape == (3, *size)


def test_progress_counts_all_that_is_done(tracker):
    frames, truth = scene(5)
    seen = []
    cp.track(
        frames, truth[3], at=3, tracker=tracker, progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("sam2", {}, "SAM 2 needs its weights"),
        ("sam2", {"speed": 2}, "tracker 'sam2' has no option 'speed'. Choose from: precision"),
        ("sam2", {"precision": "int4"}, "precision 'int4' is unknown"),
        ("sam2", {"beyond_cuts": 1}, "beyond_cuts is '1'. Give true or false"),
        ("sam2", {"weights": "nowhere"}, "weights nowhere have no config.json"),
        ("internal", {"weights": "nowhere"}, "tracker 'internal' takes no weights"),
    ],
)
def test_what_means_nothing_is_refused(name, options, said):
    with pytest.raises(BadInput, match=said):
        cp.load_tracker(name, **options)


def test_masks_of_frames_that_are_not_there_are_refused(tracker):
    frames, truth = scene(3)
    with pytest.raises(BadInput, match="a mask is of frame 9, and the video has 3"):
        cp.track(frames, truth[0], at=9, tracker=tracker)


def test_the_commands(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cp.write_video("park.mkv", scene(5)[0])
    told = ["mask", "track", "park.mkv", "box:6,14,20,20", "-o", "masks", "--method", "sam2"]
    assert main([*told, "--weights", str(folder), "--device", "cpu"]) == 0
    assert "masks: 5 masks" in capsys.readouterr().out
    assert len(list((tmp_path / "masks").iterdir())) == 5
    assert main([*told[:5], "again", *told[6:]]) == 2
    assert "SAM 2 needs its weights" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    filled = ["fill", "park.mkv", "box:6,14,20,20", "--track", "--tracker", "sam2", "-o", "out.mkv"]
    assert main([*filled, "--tracker-weights", str(folder), "--quiet"]) == 0
    assert main(filled) == 2
    plain = [word for word in filled if word != "--track"]
    for call in (plain, [*plain, "--tracker-weights", str(folder)]):
        assert main(call) == 2
        assert "Add --track" in capsys.readouterr().err
    assert main([*told, "--weights", str(folder), "--set", "device=cpu"]) == 2
    assert "Give it by itself: device" in capsys.readouterr().err
