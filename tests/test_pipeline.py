"""Filling arrays from end to end: what lies under the hole, what comes back, and from where."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.metrics import psnr_hole
from cleanplate.video import KNOWN, UNSEEN

TUNES = ["fidelity", "removal"]
PAN = (3.3, 0.7)  # pixels a frame


def still_hole(frames):
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 45:70, 70:90] = True
    return holes


def moving_hole(frames):
    """A hole that crosses the picture against the pan, with a wall that stays at the border."""
    holes = np.zeros(frames.shape[:3], bool)
    for t, hole in enumerate(holes):
        hole[30 + 2 * t : 62 + 2 * t, 20 + 7 * t : 52 + 7 * t] = True
        hole[:, :4] = True
    return holes


def poisoned(frames, holes, seed):
    """The same clip with something else under the hole, from black to white."""
    top = np.iinfo(frames.dtype).max
    noise = np.random.default_rng(seed).integers(0, top + 1, frames.shape, frames.dtype)
    noise[::2] = np.where(noise[::2] > top // 2, top, 0)
    return np.where(holes[..., None], noise, frames)


# ---- nothing under the hole is ever read


@pytest.mark.parametrize("tune", TUNES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("hole", [still_hole, moving_hole])
@pytest.mark.parametrize("working_pixels", [432 * 240, 4000])
def test_what_lies_under_the_hole_has_no_influence(pan, tune, dtype, hole, working_pixels):
    frames = pan(10, PAN, dtype=dtype)
    holes = hole(frames)
    method = cp.load_method("flow", tune=tune, working_pixels=working_pixels)
    first, second = (
        cp.fill(poisoned(frames, holes, seed), holes, method=method, provenance=True)
        for seed in (1, 2)
    )
    np.testing.assert_array_equal(first.frames[holes], second.frames[holes])
    np.testing.assert_array_equal(first.provenance.source, second.provenance.source)
    np.testing.assert_array_equal(first.provenance.inconsistency, second.provenance.inconsistency)


@pytest.mark.parametrize("tune", TUNES)
def test_what_lies_under_the_hole_makes_no_cut(pan, tune):
    """A join of two scenes: the poison neither hides the cut nor makes another."""
    frames = np.concatenate([pan(6, PAN), pan(6, PAN, name="astronaut")])
    holes = moving_hole(frames)
    holes[8] = True  # and one frame is lost altogether
    first, second = (
        cp.fill(poisoned(frames, holes, seed), holes, tune=tune, provenance=True) for seed in (1, 2)
    )
    np.testing.assert_array_equal(first.frames[holes], second.frames[holes])
    sources = first.provenance.source
    np.testing.assert_array_equal(sources, second.provenance.source)
    assert sources[:6].max() < 6
    assert sources[6:][sources[6:] >= 0].min() >= 6


def test_the_known_pixels_do_have_influence(pan):
    """The tests above could not fail if nothing were read at all."""
    frames = pan(10, PAN)
    holes = still_hole(frames)
    before = cp.fill(frames, holes)
    assert not np.array_equal(before[holes], cp.fill(255 - frames, holes)[holes])


# ---- fidelity


@pytest.mark.parametrize(
    ("tune", "step", "bar"),  # measured: 49.2, 42.6 and 40.8, 39.0 dB
    [
        ("fidelity", (4, 0), 46.0),
        ("fidelity", PAN, 40.5),
        ("removal", (4, 0), 38.5),
        ("removal", PAN, 38.0),
    ],
)
def test_a_static_hole_in_a_panning_photograph_is_restored(pan, tune, step, bar):
    frames = pan(12, step)
    holes = still_hole(frames)
    grey = np.where(holes[..., None], np.uint8(128), frames)
    clean = cp.fill(grey, holes, tune=tune)
    assert psnr_hole(clean, frames, holes) > bar


@pytest.mark.parametrize("tune", TUNES)
@pytest.mark.parametrize(("step", "share"), [((0.9, 0), 0.9), ((0.7, 0.4), 0.9), ((0.5, 0), 0.7)])
def test_a_slow_pan_shows_what_lies_behind_too(pan, tune, step, share):
    """... though no hole pixel leaves the hole within one frame, and at last hardly in the clip."""
    frames = pan(24, step)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 50:62, 70:78] = True
    filled = cp.fill(frames, holes, tune=tune, provenance=True)
    assert (filled.provenance.source[holes] >= 0).mean() > share


@pytest.mark.parametrize("tune", TUNES)
def test_16_bits_are_restored_as_well_as_8(pan, tune):
    """... and really have more levels: fewer than half of the values are multiples of 257."""
    frames = pan(12, PAN, dtype=np.uint16)
    holes = still_hole(frames)
    clean = cp.fill(frames, holes, tune=tune)
    assert psnr_hole(clean, frames, holes) > 38
    assert (clean[holes] % 257 == 0).mean() < 0.5


@pytest.mark.parametrize(("tune", "bar"), [("fidelity", 38.0), ("removal", 36.0)])
def test_a_clip_above_the_working_size_is_restored_from_full_size_colours(pan, tune, bar):
    frames = pan(12, PAN)
    holes = still_hole(frames)
    method = cp.load_method("flow", tune=tune, working_pixels=120 * 160 // 4)
    assert psnr_hole(cp.fill(frames, holes, method=method), frames, holes) > bar


@pytest.mark.parametrize("tune", TUNES)
def test_a_static_hole_on_a_static_clip_does_not_flicker(pan, tune):
    frames = pan(10, (0, 0))
    holes = still_hole(frames)
    clean = cp.fill(frames, holes, tune=tune).astype(np.float64)
    assert clean.std(axis=0).max() < 0.01


@pytest.mark.parametrize("tune", TUNES)
def test_sensor_noise_makes_a_static_fill_flicker_less_than_one_level(pan, tune):
    """Measured: 0.51 and 0.34 levels on average over the hole, beside noise of 1.9."""
    still = pan(10, (0, 0))
    noise = np.random.default_rng(0).normal(0, 2, still.shape)
    frames = np.clip(np.rint(still + noise), 0, 255).astype(np.uint8)
    holes = still_hole(frames)
    clean = cp.fill(frames, holes, tune=tune).astype(np.float64)
    assert clean[:, holes[0]].std(axis=0).mean() < 1
    assert clean[:, holes[0]].std(axis=0).max() < 3


@pytest.mark.parametrize("tune", TUNES)
def test_one_lost_frame_of_a_static_clip_comes_back(pan, tune):
    frames = pan(5, (0, 0))
    holes = np.zeros(frames.shape[:3], bool)
    holes[2] = True
    difference = cp.fill(frames, holes, tune=tune)[2].astype(int) - frames[2]
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize("tune", TUNES)
def test_a_lost_frame_is_no_darker_than_its_neighbours(pan, tune):
    frames = pan(9, PAN)
    holes = np.zeros(frames.shape[:3], bool)
    holes[4] = True
    clean = cp.fill(frames, holes, tune=tune)
    assert abs(clean[4].mean() - frames[[3, 5]].mean()) < 2


# ---- provenance


@pytest.mark.parametrize("tune", TUNES)
def test_provenance_of_what_no_frame_shows(pan, tune):
    frames = pan(6, (0, 0))
    holes = still_hole(frames)
    filled = cp.fill(frames, holes, tune=tune, provenance=True)
    assert (filled.provenance.source[~holes] == KNOWN).all()
    assert (filled.provenance.source[holes] == UNSEEN).all()
    assert not filled.provenance.distance.any()
    assert not filled.provenance.inconsistency.any()


@pytest.mark.parametrize("tune", TUNES)
@pytest.mark.parametrize("step", [4, -4])
def test_distances_are_right_on_a_pan_of_known_speed(pan, tune, step):
    """A pixel d columns inside the edge towards which the scene goes is seen after d / 4 frames."""
    count = 12
    frames = pan(count, (step, 0), start=(140, 60))
    holes = still_hole(frames)  # columns 70 to 90
    provenance = cp.fill(frames, holes, tune=tune, provenance=True).provenance
    assert (provenance.source[~holes] == KNOWN).all()
    assert np.median(provenance.inconsistency[holes]) < 0.3
    columns = np.arange(70, 90)
    to_left, to_right = np.ceil((columns - 69) / 4), np.ceil((90 - columns) / 4)
    after, before = (to_left, to_right) if step > 0 else (to_right, to_left)
    here = np.arange(count)[:, None]
    after = np.where(here + after < count, here + after, np.inf)
    before = np.where(here - before >= 0, here - before, np.inf)
    source = provenance.source[:, 45:70, 70:90].astype(float)
    off_before = np.abs(source - before[:, None])
    off_after = np.abs(source - after[:, None])
    # A hair of motion more or less decides whether a frame earlier or later shows the edge.
    assert (np.minimum(off_before, off_after) <= 1).mean() > 0.97
    assert (np.minimum(off_before, off_after) == 0).mean() > 0.7
    if tune == "fidelity":  # which names the nearest source where both are as good
        nearest = np.where(np.abs(before - here) < np.abs(after - here), before, after)
        assert (np.abs(source - nearest[:, None]) <= 1).mean() > 0.8


def test_sources_are_never_hole_pixels_of_lost_frames(pan):
    frames = pan(10, PAN)
    holes = still_hole(frames)
    holes[4] = True
    sources = cp.fill(frames, holes, provenance=True).provenance.source
    assert not (sources == 4).any()
    assert sources.max() < 10


# ---- the door


def test_without_provenance_come_the_frames_alone(pan):
    frames = pan(3, PAN)
    holes = still_hole(frames)
    filled = cp.fill(frames, holes, provenance=True)
    assert isinstance(filled, cp.Filled)
    np.testing.assert_array_equal(cp.fill(frames, holes), filled.frames)


def test_provenance_is_of_the_holes_that_were_filled(pan):
    frames = pan(3, PAN)
    holes = still_hole(frames).copy()
    filled, were = cp.fill(frames, holes, method="telea", provenance=True), holes.copy()
    holes[:] = False
    assert (filled.provenance.source[were] == UNSEEN).all()


def test_one_still_mask_serves_every_frame(pan):
    frames = pan(4, PAN)
    holes = still_hole(frames)
    white = holes[0].astype(np.uint8) * 255
    np.testing.assert_array_equal(cp.fill(frames, white), cp.fill(frames, holes))


def test_grow_grows_the_hole_first(pan):
    frames = pan(4, PAN)
    holes = still_hole(frames)
    grown = cp.grow(holes, pixels=3)
    assert grown.sum() > holes.sum()
    np.testing.assert_array_equal(cp.fill(frames, holes, grow=3), cp.fill(frames, grown))


def test_progress_never_goes_back_and_ends_at_all(pan, monkeypatch):
    monkeypatch.setattr("cleanplate.windows.LONGEST", 12)
    frames = pan(20, PAN)
    seen = []
    cp.fill(frames, still_hole(frames), progress=lambda done, total: seen.append((done, total)))
    done = [count for count, _ in seen]
    assert {total for _, total in seen} == {20}
    assert done[-1] == 20
    assert done == sorted(done)


def test_the_mask_and_the_clip_must_match(pan):
    frames = pan(4, PAN)
    with pytest.raises(cp.BadInput, match="mask has 3 frames, the video has 4"):
        cp.fill(frames, np.zeros((3, 120, 160), bool))
