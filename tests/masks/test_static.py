from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.masks.spread import MOST_FRAMES, Spread, spread_over
from cleanplate.masks.standing import integrated, what_stands
from cleanplate.masks.static import find_static

SIZE = (120, 160)


def logo():
    """Where a logo of two colours is, and its colours."""
    hole = np.zeros(SIZE, bool)
    hole[12:36, 100:140] = True
    colour = np.full((*SIZE, 3), (250, 240, 230), np.uint8)
    colour[20:28, 110:130] = (20, 40, 160)
    return hole, colour


def laid_over(frames, hole, colour, opacity=1.0):
    mixed = np.rint((1 - opacity) * frames + opacity * colour).astype(np.uint8)
    return np.where(hole[..., None], mixed, frames)


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("opacity", [1.0, 0.5])
def test_a_logo_over_a_pan(pan, opacity):
    hole, colour = logo()
    overlay = find_static(laid_over(pan(30, (3.3, 1.7)), hole, colour, opacity))
    assert iou(overlay.hole, hole) > 0.9
    assert overlay.patches == 1
    assert overlay.frames == 30


def test_nothing_is_found_where_nothing_is(pan):
    overlay = find_static(pan(30, (3.3, 1.7)))
    assert overlay.patches == 0
    assert not overlay.hole.any()


def test_a_hole_in_an_overlay_shows_the_scene(pan):
    hole, colour = logo()
    cv2.circle(window := np.zeros(SIZE, np.uint8), (120, 24), 7, 1, -1)
    hole &= window == 0
    overlay = find_static(laid_over(pan(30, (3.3, 1.7)), hole, np.full_like(colour, 250)))
    assert iou(overlay.hole, hole) > 0.9
    assert not overlay.hole[24, 120]


def test_a_camera_that_stands_still_is_refused(pan):
    hole, colour = logo()
    frames = laid_over(np.repeat(pan(1, (0, 0)), 20, axis=0), hole, colour)
    noise = np.random.default_rng(0).normal(0, 2, frames.shape)
    noisy = np.clip(frames + noise, 0, 255).astype(np.uint8)
    for still in (frames, noisy):
        with pytest.raises(cp.BadInput, match="the scene stands still"):
            find_static(still)
    with pytest.raises(cp.BadInput, match="too few"):
        find_static(frames[:3])


def test_clips_too_small_to_tell_are_told_of_in_a_sentence():
    with pytest.raises(cp.BadInput, match="has 0 frames, too few"):
        find_static([])
    frames = np.random.default_rng(0).integers(0, 256, (20, 1, 300, 3), np.uint8)
    frames[:, 0, 100:160] = np.arange(60)[:, None] % 2 * 255  # a picture of a single row
    assert not find_static(frames).hole.any()
    assert not find_static(frames.swapaxes(1, 2)).hole.any()


def test_black_bars_are_no_overlay(pan):
    hole, colour = logo()
    frames = laid_over(pan(30, (3.3, 1.7)), hole, colour)
    wide = np.pad(frames, ((0, 0), (16, 16), (0, 0), (0, 0)))
    overlay = find_static(wide)
    assert iou(overlay.hole, np.pad(hole, ((16, 16), (0, 0)))) > 0.9
    assert "black bars" in overlay.warnings[0]


def test_sixteen_bits_are_as_eight(pan):
    hole, colour = logo()
    frames = laid_over(pan(30, (3.3, 1.7)), hole, colour)
    deep = find_static(frames.astype(np.uint16) * 257)
    np.testing.assert_array_equal(deep.hole, find_static(iter(frames)).hole)


def test_a_file_to_a_mask(pan, tmp_path, capsys):
    hole, colour = logo()
    frames = pan(30, (3.3, 1.7))
    cp.write_video(tmp_path / "logo.mp4", laid_over(frames, hole, colour))
    cp.write_video(tmp_path / "none.mp4", frames)
    mask = tmp_path / "mask.png"
    assert main(["mask", "find-static", str(tmp_path / "logo.mp4"), "-o", str(mask)]) == 0
    assert "1 patch" in capsys.readouterr().out
    assert iou(cp.read_holes(mask, like=frames)[0], hole) > 0.85
    none = [str(tmp_path / "none.mp4"), "-o", str(tmp_path / "none.png"), "--json"]
    assert main(["mask", "find-static", *none]) == 1
    assert json.loads(capsys.readouterr().out)["patches"] == 0
    assert not (tmp_path / "none.png").exists()
    assert main(["mask", "find-static", str(tmp_path / "none.mp4"), "-o", "mask.jpg"]) == 2
    assert "NAME.png" in capsys.readouterr().err


@settings(deadline=None, max_examples=60)
@given(count=st.integers(1, 400), most=st.integers(2, 20))
def test_a_spread_covers_the_clip_evenly(count, most):
    spread = Spread(most)
    for number in range(count):
        spread.add(lambda number=number: number)
    steps = np.diff(spread.held)
    assert spread.held[0] == 0
    assert len(set(steps.tolist())) <= 1
    assert min(count, most / 2) <= len(spread.held) <= most
    assert count - spread.held[-1] <= (steps[0] if len(steps) else count)


def test_memory_does_not_grow_with_the_clip():
    frames = (np.full((8, 8, 3), number % 256, np.uint8) for number in range(1000))
    assert len(spread_over(frames)) <= MOST_FRAMES


def test_what_stands_is_the_median_of_gradients():
    stack = np.random.default_rng(0).integers(0, 256, (9, 21, 12, 3)).astype(np.uint8)
    standing = what_stands(stack)
    deep = stack.astype(int)
    across = np.median(np.diff(deep, axis=2), axis=0)
    down = np.median(np.diff(deep, axis=1), axis=0)
    np.testing.assert_array_equal(standing.across[:, :-1], across)
    np.testing.assert_array_equal(standing.down[:-1], down)
    assert not standing.across[:, -1].any()
    assert not standing.down[-1].any()


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 20), st.integers(2, 20), st.integers(0, 99))
def test_a_picture_is_had_back_from_its_gradients(height, width, seed):
    picture = np.random.default_rng(seed).normal(0, 9, (height, width, 3)).astype(np.float32)
    across = np.diff(picture, axis=1, append=0)
    down = np.diff(picture, axis=0, append=0)
    found = integrated(across, down)
    np.testing.assert_allclose(found, picture - picture.mean(axis=(0, 1)), atol=1e-3)


def test_a_rim_like_the_scene_belongs_to_an_overlay(pan):
    """Its outline is lost in the dark; that nothing moves there tells it."""
    dark = (pan(40, (3.3, 1.7)) * 0.35).astype(np.uint8)
    rim, core = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    rim[30:60, 60:110], core[33:57, 63:107] = True, True
    colour = np.where(core[..., None], 230, np.median(dark, axis=0)).astype(np.uint8)
    assert iou(find_static(laid_over(dark, rim, colour)).hole, rim) > 0.93


def test_a_half_transparent_middle_like_the_scene_belongs_to_its_ring(pan):
    frames = pan(40, (3.3, 1.7))
    ring, whole = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    cv2.ellipse(whole, (80, 60), (40, 26), 0, 0, 360, 1, -1)
    cv2.ellipse(ring, (80, 60), (31, 18), 0, 0, 360, 1, -1)
    colour = np.where(ring[..., None] > 0, frames.mean(axis=0), (20, 30, 200)).astype(np.uint8)
    found = find_static(laid_over(frames, whole > 0, colour, 0.5)).hole
    assert iou(found, whole > 0) > 0.9
