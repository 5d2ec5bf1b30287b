"""The line of frames: windows, shots, crops and their overlap, through the front door."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.metrics.temporal import changes
from cleanplate.region import LEAST_MARGIN
from cleanplate.stream import Still, cut, fills, look, needs_of
from cleanplate.video import KNOWN, PAINTED, UNSEEN, Filled, Provenance
from cleanplate.windows import window_length

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

    def fill(self, frames, holes, *, prior=None, progress=None, in_place=False):
        self.given.append((frames.copy(), holes.copy()))
        source = np.where(holes, np.int16(0), np.int16(-2))
        grey = np.where(holes[..., None], frames.dtype.type(99), frames)
        return Filled.of(grey, holes, Provenance(source, np.zeros(holes.shape, np.float16)))


@pytest.mark.parametrize("most", [0, 200 * 220])
def test_small_pictures_are_given_whole_to_who_wants_them(most):
    frames, holes = np.zeros((2, 200, 220, 3), np.uint8), np.zeros((2, 200, 220), bool)
    holes[:, :4, :4] = True
    method = Recorder()
    method.whole_up_to = most
    cp.fill(frames, holes, method=method)
    ((given, seen),) = method.given
    assert given.shape[1:3] == seen.shape[1:3]
    assert (given.shape[1:3] == frames.shape[1:3]) == (most > 0)


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
    # Here every pixel is shown within its window of 12 frames: nothing is carried further.
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


@pytest.mark.parametrize("tune", TUNES)
def test_borders_of_windows_do_not_flicker(pan, tune):
    """The largest change of the fill along its own motion is no larger at borders than inside.

    By half a level at most, which nobody sees: that much comes from rounding alone.
    """
    frames = pan(48, (2, 1), size=(96, 128))
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 40:60, 50:76] = True
    shown = look((Still(frame), hole, None) for frame, hole in zip(frames, holes, strict=True))
    cuts = [window for window in cut(shown, 12) if window.lead]
    assert len(cuts) > 4
    here = np.zeros(len(frames) - 1, bool)
    for window in cuts:
        here[window.first - 1 : window.first + window.lead] = True
    told = {"tune": tune, "options": {"completion": "smooth"}}
    change = np.array(changes(cp.fill(frames, holes, **told), holes))
    assert change[here].max() < change[~here].max() + 0.5


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
    assert set(clean.provenance.source[11][holes[11]]) == {8}


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


def scene_steps(clean, holes):
    """Mean change of the fill from frame to frame.

    The holes stay where they are in the scene, so that their pixels correspond in row order.
    """
    colours = [frame[hole].astype(float) for frame, hole in zip(clean, holes, strict=True)]
    return np.array([np.abs(b - a).mean() for a, b in pairwise(colours)])


@pytest.mark.parametrize("tune", TUNES)
@pytest.mark.parametrize("shift", [0, 2])
def test_what_no_frame_shows_stays_the_same_from_window_to_window(pan, tune, shift):
    """An invention of the first window is carried on, not made anew."""
    frames = pan(40, (shift, 0), size=(80, 200))
    holes = np.zeros(frames.shape[:3], bool)
    for t, hole in enumerate(holes):
        hole[30:50, 120 - shift * t : 140 - shift * t] = True
    filled = cp.fill(frames, holes, tune=tune, provenance=True)
    assert (filled.provenance.source[holes] == UNSEEN).mean() > 0.95
    # Made anew in each window it changes by 13 levels over their shared frames.
    assert scene_steps(filled.frames, holes).max() < 2


@pytest.mark.parametrize("tune", TUNES)
def test_what_only_an_early_window_shows_is_carried_on_with_its_source(pan, tune):
    frames = pan(40, (0, 0), size=(80, 100))
    holes = np.zeros(frames.shape[:3], bool)
    holes[5:, 30:50, 40:60] = True  # something comes and stays for several windows
    filled = cp.fill(frames, holes, tune=tune, provenance=True)
    assert (filled.provenance.source[holes] == 4).mean() > 0.99
    error = np.abs(filled.frames[holes].astype(int) - frames[holes])
    assert error.mean() < 3


class Dicer(Recorder):
    """Fills with random colours and sources, and writes down what it did and what `prior` was."""

    def __init__(self, longest_window=12):
        super().__init__()
        self.longest_window, self.rng = longest_window, np.random.default_rng(0)
        self.priors, self.done = [], []

    def fill(self, frames, holes, *, prior=None, progress=None, in_place=False):
        self.given.append((frames.copy(), holes.copy()))
        self.priors.append(prior)
        painted = np.where(holes[..., None], self.rng.integers(0, 256, frames.shape), frames)
        source = np.where(holes, self.rng.integers(UNSEEN, len(frames), holes.shape), KNOWN)
        residual = np.where(holes, self.rng.random(holes.shape), 0).astype(np.float16)
        where = Provenance(source.astype(np.int16), residual)
        filled = Filled.of(painted.astype(frames.dtype), holes, where)
        self.done.append(filled)
        return filled


def test_a_method_is_given_the_first_frames_as_they_were_filled_before(pan):
    """Windows from 0, 10, 16 and 22, each on a crop of its own."""
    frames = pan(30, (1, 0), size=(40, 380))
    holes = np.zeros(frames.shape[:3], bool)
    for t, hole in enumerate(holes):
        hole[12:20, 100 + 5 * t : 110 + 5 * t] = True
    method = Dicer()
    cp.fill(frames, holes, method=method)
    assert method.priors[0] is None
    assert len(method.priors) == 4
    for call, moved in ((1, 10), (2, 6), (3, 6)):
        prior, done = method.priors[call], method.done[call - 1]
        was = method.given[call - 1][1][-2:]
        assert len(prior) == 2
        colours = np.concatenate([patch.colours for patch in prior])
        np.testing.assert_array_equal(colours, done.frames[-2:][was])
        inconsistency = np.concatenate([patch.inconsistency for patch in prior])
        np.testing.assert_array_equal(inconsistency, done.provenance.inconsistency[-2:][was])
        # What lay in a frame of the window before lies so many frames earlier in this one.
        expected = done.provenance.source[-2:][was].astype(int)
        expected[expected >= 0] -= moved
        before = (expected < 0) & (done.provenance.source[-2:][was] >= 0)
        assert 0 < before.mean() < 1
        expected[before] += PAINTED  # -4 is the frame just before
        np.testing.assert_array_equal(np.concatenate([p.source for p in prior]), expected)


def test_what_was_filled_before_is_not_handed_on_across_a_cut(two_shots):
    """Windows from 0, 10 and 16, then those of the other shot, from 19, 25 and 31."""
    method = Dicer()
    cp.fill(*two_shots, method=method)
    assert [prior is not None for prior in method.priors] == [False, True, True, False, True, True]


def test_what_was_filled_before_begins_with_the_frames_that_are_filled(pan, monkeypatch):
    """Of windows of 24 the second starts with frame 20, but only those from 23 on are near a hole.

    Of the frames that both windows share the others are not given, as nothing fills them again.
    """
    monkeypatch.setattr("cleanplate.windows.LONGEST", 24)
    frames = pan(40, (1, 0), size=(20, 20))
    holes = np.zeros(frames.shape[:3], bool)
    holes[5:8, 5:8, 5:8] = holes[31:, 5:8, 5:8] = True
    method = Dicer(longest_window=24)
    cp.fill(frames, holes, method=method)
    prior, (seen, _) = method.priors[1], method.given[1]
    np.testing.assert_array_equal(seen[0], frames[23])
    assert [len(patch.source) for patch in prior] == [0]


@pytest.mark.parametrize("tune", TUNES)
def test_what_is_carried_on_follows_the_light(pan, tune):
    """The light fades to 70 % while something stands where only the first frames show what is."""
    light = np.linspace(1, 0.7, 40)[:, None, None, None]
    frames = np.rint(pan(40, (0, 0), size=(80, 100)) * light).astype(np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[5:, 30:50, 40:60] = True
    clean = cp.fill(frames, holes, tune=tune)
    bias = (clean[30:][holes[30:]].astype(int) - frames[30:][holes[30:]]).mean()
    assert abs(bias) < 6  # with the light of the first frames it would be 30


def test_what_a_method_holds_counts_once_and_for_each_frame(monkeypatch):
    monkeypatch.setattr("cleanplate.windows.LONGEST", 90)
    plain, greedy = Recorder(), Recorder()
    greedy.held_bytes, greedy.held_each = 10**9, lambda pixels: 5 * pixels
    less, more = needs_of(plain, 1000), needs_of(greedy, 1000)
    assert more.always - less.always == 10**9
    assert more.of(7) - less.of(7) == 10**9 + 7 * 5000
    assert window_length(less) == window_length(more)  # where nobody says how much there is
    memory = less.of(20)
    assert window_length(less, memory) == 20
    assert window_length(more, memory + 10**9) == 16
