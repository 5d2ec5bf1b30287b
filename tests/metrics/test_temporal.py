from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden_rule
from cleanplate.errors import BadInput
from cleanplate.metrics import temporal
from cleanplate.metrics.temporal import changes, flicker, warping_error, warping_error_tsam

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "metrics.npz")


def grey(frame):
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def told(clip, forward, backward):
    """A finder of flow that knows it: pairs of the clip are known by their first picture."""
    pairs = {grey(frame).tobytes(): t for t, frame in enumerate(clip[:-1])}

    def find(pictures):
        t = pairs[pictures[0].tobytes()]
        return forward[t : t + 1], backward[t : t + 1]

    return find


def everywhere(x, y):
    """A finder of flow that is the same at every pixel."""

    def find(pictures):
        flow = np.broadcast_to(np.float32([x, y]), (1, *pictures[0].shape, 2))
        return flow, -flow

    return find


# ---- slow twins: float64, a pixel at a time


def twin_sample(picture, y, x):
    """Bilinear, positions clamped to the picture."""
    height, width = picture.shape[:2]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    total = np.zeros(picture.shape[2])
    for row in range(height):
        for column in range(width):
            weight = max(1 - abs(y - row), 0) * max(1 - abs(x - column), 0)
            if weight:
                total += weight * picture[row, column]
    return total


def twin_occluded(flow, back, y, x):
    there = twin_sample(back, y + flow[y, x, 1], x + flow[y, x, 0])
    rest = ((there + flow[y, x]) ** 2).sum()
    return rest > 0.01 * ((there**2).sum() + (flow[y, x] ** 2).sum()) + 0.5


def twin_boundary(flow, y, x):
    height, width = flow.shape[:2]
    change = 0.0
    if x + 1 < width:
        change += ((flow[y, x + 1] - flow[y, x]) ** 2).sum()
    if y + 1 < height:
        change += ((flow[y + 1, x] - flow[y, x]) ** 2).sum()
    return change > 0.01 * (flow[y, x] ** 2).sum() + 0.002


def twin_leaves(flow, y, x):
    height, width = flow.shape[:2]
    to_x, to_y = x + flow[y, x, 0], y + flow[y, x, 1]
    return to_x < 0 or to_x > width - 1 or to_y < 0 or to_y > height - 1


def twin_warping_error(result, forward, backward, leaving):
    result, errors, seen = result / 255.0, [], 0
    count, height, width, channels = result.shape
    for t in range(count - 1):
        total, visible = 0.0, 0
        for y in range(height):
            for x in range(width):
                hidden = twin_occluded(forward[t], backward[t], y, x)
                hidden = hidden or twin_boundary(forward[t], y, x)
                if hidden or (not leaving and twin_leaves(forward[t], y, x)):
                    continue
                dx, dy = forward[t, y, x]
                difference = twin_sample(result[t + 1], y + dy, x + dx) - result[t, y, x]
                total += (difference**2).sum()
                visible += channels
        errors.append(total / (visible or height * width * channels))
        seen += visible
    return np.mean(errors), seen / (channels * height * width * (count - 1))


def twin_flicker(result, holes, forward, backward):
    result, changes = result.astype(np.float64), []
    for t in range(len(result) - 1):
        found = []
        for y, x in np.argwhere(holes[t + 1]):
            flow, back = backward[t], forward[t]
            if not twin_leaves(flow, y, x) and not twin_occluded(flow, back, y, x):
                before = twin_sample(result[t], y + flow[y, x, 1], x + flow[y, x, 0])
                found.append(np.abs(before - result[t + 1, y, x]).mean())
        changes += [np.mean(found)] if found else []
    return np.mean(changes) if changes else np.nan


def made_case(seed, height, width):
    """Three random frames, and flow with consistent, occluded and discontinuous places."""
    rng = np.random.default_rng(seed)
    clip = rng.integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    move = rng.uniform(-2, 2, 2)
    forward = np.tile(move, (2, height, width, 1)) + rng.normal(0, 0.02, (2, height, width, 2))
    backward = -np.tile(move, (2, height, width, 1))
    forward[:, : height // 3, : width // 2] += rng.uniform(1, 3, 2)
    return clip, forward.astype(np.float32), backward.astype(np.float32)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 999), st.integers(1, 7), st.integers(1, 8), st.booleans())
def test_warping_error_is_its_slow_twin(seed, height, width, leaving):
    clip, forward, backward = made_case(seed, height, width)
    result = np.random.default_rng(seed + 1).integers(0, 256, clip.shape, dtype=np.uint8)
    found = warping_error(result, clip, flow=told(clip, forward, backward), leaving=leaving)
    wanted, _ = twin_warping_error(result, forward, backward, leaving)
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-9)


def test_the_twins_case_has_both_kinds_of_pixels():
    clip, forward, backward = made_case(0, 9, 12)
    _, seen = twin_warping_error(clip, forward, backward, False)
    assert 0.1 < seen < 0.8
    fewer = [~temporal.occluded(forward[0], backward[0]), ~temporal.at_motion_boundary(forward[0])]
    assert all(0.1 < mask.mean() < 0.95 for mask in fewer)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 999), st.integers(1, 7), st.integers(1, 8))
def test_flicker_is_its_slow_twin(seed, height, width):
    clip, forward, backward = made_case(seed, height, width)
    holes = np.random.default_rng(seed).random(clip.shape[:3]) < 0.5
    found = flicker(clip, holes, flow=told(clip, forward, backward))
    wanted = twin_flicker(clip, holes, forward, backward)
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-4, nan_ok=True)


# ---- motion that is known


def test_a_pan_by_whole_pixels_has_no_error(pan):
    clip = pan(4, (3, -2))
    known = everywhere(-3, 2)
    assert warping_error(clip, clip, flow=known, leaving=False) == 0
    assert warping_error(clip, clip, flow=known, leaving=True) > 1e-4
    assert flicker(clip, np.ones(clip.shape[:3], bool), flow=known) == 0
    assert warping_error(clip, clip, flow=everywhere(-2, 2)) > 1e-3


def ramp(step):
    """A picture that bilinear samples meet exactly, moving left and up by parts of a pixel."""
    y, x = np.mgrid[:20, :30]
    frames = [4 * (x + step[0] * t) + 4 * (y + step[1] * t) for t in range(3)]
    return np.repeat(np.stack(frames)[..., None], 3, axis=3).astype(np.uint8)


def test_a_pan_by_parts_of_a_pixel_has_no_error():
    clip, known = ramp((0.5, 0.25)), everywhere(-0.5, -0.25)
    assert warping_error(clip, clip, flow=known, leaving=False) < 1e-12
    assert flicker(clip, np.ones(clip.shape[:3], bool), flow=known) < 1e-4
    # Not following the motion costs its 3 levels everywhere.
    assert warping_error(clip, clip, flow=everywhere(0, 0)) == pytest.approx((3 / 255) ** 2)


def test_the_flow_is_found_on_the_truth(pan):
    truth = pan(4, (2, 1))
    steady = warping_error(truth, truth)
    shaky = truth.copy()
    shaky[1::2] = np.clip(shaky[1::2].astype(int) + 30, 0, 255)
    assert steady < 1e-3
    assert warping_error(shaky, truth) > 10 * steady
    assert warping_error(np.zeros_like(truth), truth) == 0


def test_flicker_of_a_steady_and_of_a_blinking_fill(pan):
    clip = pan(6, (2, 1))
    holes = np.zeros(clip.shape[:3], bool)
    holes[:, 40:80, 50:110] = True
    steady = flicker(clip, holes)
    blinking = clip.copy()
    blinking[1::2][holes[1::2]] = np.clip(blinking[1::2][holes[1::2]].astype(int) + 12, 0, 255)
    assert steady < 5
    assert flicker(blinking, holes) > steady + 3
    still = np.full((4, 40, 50, 3), 100, np.uint8)
    still[1::2] += 7
    inside = np.zeros(still.shape[:3], bool)
    inside[:, 10:20, 10:30] = True
    assert flicker(still, inside, flow=everywhere(0, 0)) == pytest.approx(7, abs=1e-5)


def test_flicker_is_the_mean_of_what_each_frame_changes():
    clip = np.random.default_rng(0).integers(0, 256, (6, 12, 16, 3), np.uint8)
    holes = np.ones(clip.shape[:3], bool)
    holes[2] = False
    found = changes(clip, holes, flow=everywhere(1, 0))
    assert len(found) == 5
    assert np.isnan(found[1])
    rest = found[:1] + found[2:]
    assert flicker(clip, holes, flow=everywhere(1, 0)) == pytest.approx(np.mean(rest))


def test_only_the_hole_counts_for_flicker():
    still = np.full((3, 20, 30, 3), 50, np.uint8)
    holes = np.zeros(still.shape[:3], bool)
    holes[1:, 5:9, 5:9] = True
    still[1:, 12:] = 200
    assert flicker(still, holes, flow=everywhere(0, 0)) == 0
    still[1, 5:9, 5:7] += 10
    assert flicker(still, holes, flow=everywhere(0, 0)) == pytest.approx(5, abs=1e-5)


# ---- TSAM's


@pytest.fixture(scope="module")
def golden():
    result, truth, holes, flow = golden_rule.warping_case()
    return result, truth, holes, told(truth, flow, -flow), flow


@pytest.mark.parametrize("peak, name, tolerance", [(1.0, "unit", 1e-6), (255.0, "u8", 5e-4)])
def test_golden_tsam(golden, peak, name, tolerance):
    """On 255 levels the weights are almost binary: float32's last bit moves them."""
    result, truth, holes, known, _ = golden
    found = warping_error_tsam(result, truth, holes, flow=known, peak=peak)
    assert found == pytest.approx(float(GOLDEN[f"warp_error_{name}"]), rel=tolerance)


def test_golden_tsam_warp(golden):
    _, truth, _, _, flow = golden
    found = [temporal._drawn_as_tsam(truth[t] / np.float32(255), flow[t]) for t in range(5)]
    sampled = np.stack(found)[:, 1::8, 2::8].transpose(0, 3, 1, 2)
    assert np.abs(sampled - GOLDEN["warped_truth"]).max() < 1e-5


def test_tsam_looks_at_the_hole_and_defaults_to_levels(golden):
    result, truth, holes, known, _ = golden
    score = warping_error_tsam(result, truth, holes, flow=known)
    assert score == warping_error_tsam(result, truth, holes, flow=known, peak=255.0)
    assert warping_error_tsam(truth, truth, holes, flow=known) < score
    assert np.isnan(warping_error_tsam(result, truth, np.zeros_like(holes), flow=known))


# ---- what has no number, and what is refused


def test_where_there_is_nothing_to_compare():
    clip = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    holes = np.ones(clip.shape[:3], bool)
    one = slice(0, 1)
    assert np.isnan(warping_error(clip[one], clip[one]))
    assert np.isnan(flicker(clip[one], holes[one]))
    assert np.isnan(warping_error_tsam(clip[one], clip[one], holes[one]))
    assert np.isnan(flicker(clip, ~holes))
    away = everywhere(99, 0)
    assert warping_error(clip, clip, flow=away, leaving=False) == 0  # nothing is visible
    assert np.isnan(flicker(clip, holes, flow=away))
    black = np.zeros_like(clip)
    black[1] = 255
    assert np.isnan(warping_error_tsam(black, black, holes, flow=everywhere(0, 0)))


def test_deep_frames_score_as_eight_bit_ones(pan):
    truth = pan(3, (2, 1))
    result = np.roll(truth, 1, axis=0)
    holes = np.ones(truth.shape[:3], bool)
    deep_result, deep_truth = (x.astype(np.uint16) * 257 for x in (result, truth))
    assert warping_error(deep_result, deep_truth) == pytest.approx(warping_error(result, truth))
    assert flicker(deep_result, holes) == pytest.approx(flicker(result, holes))
    tsam = warping_error_tsam(deep_result, deep_truth, holes, peak=1.0)
    assert tsam == pytest.approx(warping_error_tsam(result, truth, holes, peak=1.0), rel=1e-4)


def test_refusals():
    clip = np.zeros((2, 8, 9, 3), np.uint8)
    holes = np.ones(clip.shape[:3], bool)
    for wrong in (
        lambda: warping_error(clip, clip[:1]),
        lambda: warping_error_tsam(clip, clip, holes[:, :4]),
        lambda: flicker(clip, holes[:, :4]),
        lambda: flicker(clip.astype(float), holes),
        lambda: warping_error(clip, clip, flow=everywhere(np.nan, 0)),
        lambda: flicker(clip, holes, flow=lambda pictures: (np.zeros((1, 4, 4, 2)),) * 2),
    ):
        with pytest.raises(BadInput, match="Give") as refusal:
            wrong()
        assert "\n" not in str(refusal.value)
