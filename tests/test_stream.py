"""The line of frames: windows, shots, crops and their overlap, through the front door."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.region import LEAST_MARGIN
from cleanplate.stream import Still, fills, look
from cleanplate.video import Filled, Provenance

CUT = 19  # the first frame of the second shot
TUNES = ["fidelity", "removal"]


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    monkeypatch.setattr("cleanplate.windows.LONGEST", 12)


@pytest.fixture(scope="module")
def two_shots(pan):
    """A pan to the right, then another picture that moves down; a hole in both."""
    frames = np.concatenate(
        [pan(CUT, (4, 0), size=(60, 80)), pan(15, (0, 3), name="astronaut", size=(60, 80))]
    )
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 24:36, 30:44] = True
    return frames, holes


class Recorder:
    """A method that paints each frame grey and writes down what it was given."""

    longest_window = 12

    def __init__(self):
        self.given = []

    def fill(self, frames, holes, *, prior=None, progress=None):
        self.given.append((frames.copy(), holes.copy()))
        source = np.where(holes, np.int16(0), np.int16(-2))
        grey = np.where(holes[..., None], frames.dtype.type(99), frames)
        return Filled(grey, Provenance(source, np.zeros(holes.shape, np.float16)))


@pytest.mark.parametrize("tune", TUNES)
def test_nothing_crosses_a_cut(two_shots, tune):
    """The fill of one shot is the same bits whatever the other shot shows."""
    frames, holes = two_shots
    before = cp.fill(frames, holes, tune=tune, provenance=True)
    for shot in (slice(0, CUT), slice(CUT, None)):
        others = frames.copy()
        others[shot] = 255 - frames[shot]
        after = cp.fill(others, holes, tune=tune, provenance=True)
        rest = slice(CUT, None) if shot.start == 0 else slice(0, CUT)
        np.testing.assert_array_equal(after.frames[rest], before.frames[rest])
        assert not np.array_equal(after.frames[shot], before.frames[shot])
        for name in ("source", "inconsistency"):
            first, second = (getattr(f.provenance, name)[rest] for f in (before, after))
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("tune", TUNES)
def test_sources_lie_in_the_same_shot_and_are_no_hole_pixels(two_shots, tune):
    frames, holes = (a.copy() for a in two_shots)
    holes[7], holes[25] = True, True  # lost frames, from which nothing can come
    source = cp.fill(frames, holes, tune=tune, provenance=True).provenance.source
    for shot in (slice(0, CUT), slice(CUT, len(frames))):
        seen = source[shot][source[shot] >= 0]
        assert len(seen)
        assert seen.min() >= shot.start
        assert seen.max() < shot.stop
    assert not np.isin(source, [7, 25]).any()
    here = np.arange(len(frames))[:, None, None]
    assert (source != here).all()  # a frame does not show what lies under its own hole
    # Windows of 12 frames look no further than themselves.
    assert np.abs(np.where(source >= 0, source - here, 0)).max() < 12


def test_a_shot_in_windows_is_about_as_good_as_in_one(two_shots, monkeypatch):
    from cleanplate.metrics import psnr_hole

    frames, holes = two_shots[0][:CUT], two_shots[1][:CUT]
    windowed = cp.fill(frames, holes)
    monkeypatch.setattr("cleanplate.windows.LONGEST", 96)
    whole = cp.fill(frames, holes)
    assert not np.array_equal(windowed, whole)
    assert psnr_hole(windowed, frames, holes) > psnr_hole(whole, frames, holes) - 3


def test_windows_are_joined_without_a_jump(pan):
    """A static clip with noise: the fill of frames at a seam differs no more than of others."""
    still = pan(30, (0, 0), size=(60, 80))
    noise = np.random.default_rng(0).normal(0, 2, still.shape)
    frames = np.clip(np.rint(still + noise), 0, 255).astype(np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 24:36, 30:44] = True
    clean = cp.fill(frames, holes)[:, holes[0]].astype(float)
    steps = np.abs(np.diff(clean, axis=0)).mean(axis=(1, 2))
    assert steps.max() < 2 * np.median(steps) + 0.5


def test_a_method_sees_crops_of_one_shot_within_its_window():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (20, 300, 40, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[3:5, 140:150, 10:12] = True
    holes[11:14, 150:160, 10:12] = True
    method = Recorder()
    method.longest_window = 9
    clean = cp.fill(frames, holes, method=method, provenance=True)
    assert all(len(seen) <= 9 for seen, _ in method.given)
    top = 140 - LEAST_MARGIN
    np.testing.assert_array_equal(method.given[0][0], frames[:9, top : 150 + LEAST_MARGIN])
    assert (clean.frames[holes] == 99).all()
    np.testing.assert_array_equal(clean.frames[~holes], frames[~holes])
    # The first frame of a window is named as the source: counted from the start of the clip.
    assert set(clean.provenance.source[3:5][holes[3:5]]) == {0}
    assert set(clean.provenance.source[11:14][holes[11:14]]) == {8}


def test_windows_without_a_hole_are_not_worked_on():
    frames = np.random.default_rng(0).integers(0, 256, (30, 20, 20, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[25, 3:6, 3:6] = True
    method = Recorder()
    cp.fill(frames, holes, method=method)
    assert len(method.given) == 1


def test_at_most_one_window_of_frames_is_held():
    """Frames are asked for when they are needed: memory does not depend on the length."""
    frame, hole = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), bool)
    hole[5:8, 5:8] = True
    asked = 0

    def clip():
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield Still(frame), hole, None

    given = 0
    for _ in fills(look(clip()), Recorder(), None):
        given += 1
        assert asked - given <= 12 + 1
    assert given == asked == 100


def test_no_frames_give_nothing():
    assert list(fills(look([]), Recorder(), None)) == []
