from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from cleanplate.errors import BadInput
from cleanplate.metrics.fidelity import psnr, psnr_hole, ssim, ssim_hole, ssim_map


def golden_clip():
    """The clip that the golden vectors were computed on: a moving texture, and noise added."""
    count, height, width = 6, 120, 160
    rng = np.random.Generator(np.random.PCG64(3))
    tall, wide = height + count, width + 2 * count
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float64)
    base = np.stack(
        [
            127 + 60 * np.sin(2 * np.pi * x / 37) + 50 * np.cos(2 * np.pi * y / 23),
            127 + 70 * np.sin(2 * np.pi * (x + y) / 53),
            127 + 80 * np.cos(2 * np.pi * (x - 2 * y) / 71),
        ],
        -1,
    )
    base = base + rng.uniform(-20, 20, base.shape)
    truth = []
    for i in range(count):
        top, left = count - i, 2 * (count - i)
        frame = base[top : top + height, left : left + width]
        frame = frame + rng.uniform(-2, 2, frame.shape)
        truth.append(np.clip(np.rint(frame), 0, 255).astype(np.uint8))
    truth = np.stack(truth)
    rng = np.random.Generator(np.random.PCG64(4))
    noise = rng.integers(-40, 41, truth.shape)
    return np.clip(truth.astype(np.int64) + noise, 0, 255).astype(np.uint8), truth


def test_golden():
    wanted = json.loads((Path(__file__).parents[1] / "golden/metrics.json").read_text())
    result, truth = golden_clip()
    for frame in range(len(truth)):
        one = slice(frame, frame + 1)
        assert psnr(result[one], truth[one]) == pytest.approx(wanted["psnr"][frame], abs=1e-6)
        assert ssim(result[one], truth[one]) == pytest.approx(wanted["ssim"][frame], abs=1e-6)
    assert psnr(result, truth) == pytest.approx(np.mean(wanted["psnr"]), abs=1e-6)
    assert ssim(result, truth) == pytest.approx(np.mean(wanted["ssim"]), abs=1e-6)


@settings(max_examples=25)
@given(st.integers(7, 20), st.integers(7, 20), st.integers(0, 99))
def test_map_is_scikit_images(height, width, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, height, width, 3)).astype(np.float64)
    _, wanted = structural_similarity(a, b, win_size=7, channel_axis=2, data_range=255, full=True)
    assert np.abs(ssim_map(a, b, 7) - wanted).max() < 1e-9


def test_hole_scores_look_at_the_hole_only():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (3, 80, 90, 3), dtype=np.uint8)
    holes = np.zeros(truth.shape[:3], bool)
    holes[0, 20:40, 30:60] = holes[2, 5:9, 5:9] = True
    result = truth.copy()
    result[holes] = np.clip(result[holes].astype(int) + 16, 0, 255)
    expected = np.mean(
        [
            20 * np.log10(255 / np.sqrt(((r[h].astype(float) - t[h]) ** 2).mean()))
            for r, t, h in zip(result, truth, holes, strict=True)
            if h.any()
        ]
    )
    assert psnr_hole(result, truth, holes) == pytest.approx(expected, abs=1e-9)
    far = result.copy()
    far[1] = 0
    far[0, 60:] = 0
    assert psnr_hole(far, truth, holes) == psnr_hole(result, truth, holes)
    assert ssim_hole(far, truth, holes) == pytest.approx(ssim_hole(result, truth, holes), abs=1e-9)
    assert ssim_hole(result, truth, holes) < 1


def test_equal_and_empty():
    frames = np.random.default_rng(0).integers(0, 256, (2, 70, 70, 3), dtype=np.uint8)
    none = np.zeros(frames.shape[:3], bool)
    assert psnr(frames, frames) == float("inf") == psnr_hole(frames, frames, ~none)
    assert ssim(frames, frames) == pytest.approx(1) == ssim_hole(frames, frames, ~none)
    assert np.isnan(psnr_hole(frames, frames, none))
    assert np.isnan(ssim_hole(frames, frames, none))
    other = frames.copy()
    other[0] ^= 1
    assert psnr(other, frames) == pytest.approx(20 * np.log10(255))


def test_deep_frames_score_as_eight_bit_ones():
    a, b = np.random.default_rng(1).integers(0, 256, (2, 1, 66, 66, 3), dtype=np.uint8)
    deep_a, deep_b = (x.astype(np.uint16) * 257 for x in (a, b))
    assert psnr(deep_a, deep_b) == pytest.approx(psnr(a, b))
    assert ssim(deep_a, deep_b) == pytest.approx(ssim(a, b))


def test_refusals():
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    for wrong in (lambda: psnr(frames, frames[:1]), lambda: psnr(frames, frames.astype(float))):
        with pytest.raises(BadInput, match="Give"):
            wrong()
    with pytest.raises(BadInput, match="Give larger frames"):
        ssim(frames, frames)
    with pytest.raises(BadInput, match="Give bool"):
        psnr_hole(frames, frames, np.ones((2, 8, 8)))
