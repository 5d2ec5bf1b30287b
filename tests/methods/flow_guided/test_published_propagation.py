"""The published propagation does what the official code does, and what a slow twin does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from published_twin import propagated, runs_met, warped

import golden_rule
from cleanplate.errors import BadInput
from cleanplate.flow.resize import resize_flow
from cleanplate.methods.flow_guided.consistency import links
from cleanplate.methods.flow_guided.published import Rules, key_frames, propagate
from cleanplate.video import KNOWN, UNSEEN, Patch

WANTED = np.load(Path(__file__).parents[2] / "golden" / "propagation.npz")


class Ramp:
    """Completes a hole by half the mean of what is known, plus row and column; counts pixels."""

    def __init__(self):
        self.calls, self.first = [], None

    def __call__(self, picture, hole):
        self.calls.append(int(hole.sum()))
        self.first = self.first or (picture.copy(), hole.copy())
        filled, (y, x) = picture.astype(np.float64), np.nonzero(hole)
        mean = filled[~hole].mean(axis=0) if not hole.all() else 0
        filled[y, x] = np.clip(0.5 * mean + (y + x)[:, None], 0, 255)
        return filled


def gathered(picture, index, missing):
    """A whole picture (H, W, C) through the links of all its pixels."""
    flat = picture.reshape(-1, picture.shape[-1])
    return np.where(index[:, None] < 0, missing, flat[index]).reshape(picture.shape)


def test_golden_warp():
    frames, _, forward, backward = golden_rule.propagation_case()
    index = links(np.ones((60, 80), bool), backward[2], forward[2], epsilon=5).pixel
    assert np.array_equal(gathered(frames[2], index, 0), WANTED["warp_label_case"])
    numbers = np.arange(60 * 80).reshape(60, 80, 1)
    assert np.array_equal(gathered(numbers, index, -1), WANTED["warp_label_case_m1"])


def test_golden_key_frames():
    for name, lost in {
        "a": [0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0], "b": [1] * 5, "c": [0, 0, 1, 0, 0, 0]
    }.items():  # fmt: skip
        assert key_frames([flag == 1 for flag in lost]) == WANTED[f"key_ids_{name}"].tolist()


def test_golden_flow_resizing():
    _, _, forward, _ = golden_rule.propagation_case(half=True)
    found = resize_flow(forward[1], (60, 80))
    assert golden_rule.max_error(found, WANTED["flow_tf_half"]) < 1e-5


def run(case, *, prior=None, progress=None, in_place=False, **rules):
    ramp = Ramp()
    frames, holes, forward, backward = case
    more = {"prior": prior, "progress": progress, "in_place": in_place}
    flow = {"forward": forward, "backward": backward}
    found = propagate(frames, holes, **flow, complete=ramp, rules=Rules(**rules), **more)
    return found, ramp


@pytest.mark.parametrize(
    "name",
    [
        "propagation_th5",
        "propagation_th40",
        "propagation_all_frames_th5",
        "propagation_all_frames_th40",
        "propagation_half_res_flow_th5",
    ],
)
def test_golden_clips(name):
    case = golden_rule.propagation_case(half="half_res" in name)
    rules = {"epsilon": float(name.split("_th")[1]), "lose_last": "all_frames" not in name}
    wanted, holes = WANTED[name], case[1][: len(WANTED[name])]
    for cut in (True, False):
        found, ramp = run(case, **rules, cut=cut)
        assert ramp.calls == WANTED[f"{name}_holes_at_calls"].tolist()
        apart = np.abs(found.frames.astype(int) - wanted)
        assert (apart[~holes] == 0).all()
        assert apart.max() <= (0 if cut else 1)  # rounded where the official code cuts
        if f"{name}_first_call_image" in WANTED:
            picture, hole = ramp.first
            assert np.array_equal(picture, WANTED[f"{name}_first_call_image"])
            assert np.array_equal(hole, WANTED[f"{name}_first_call_label"][..., 0] > 0)


def noisy_case(seed, count=5, size=(9, 12), dtype=np.uint8):
    """A little clip whose flows mostly agree and sometimes lead off the picture."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, np.iinfo(dtype).max + 1, (count, *size, 3), dtype)
    holes = rng.random((count, *size)) < 0.5
    holes[:, 3:7, 3:8] = True
    steps = rng.integers(-4, 5, (count - 1, 1, 1, 2)) / 2
    noise = rng.normal(0, 0.6, (2, count - 1, *size, 2))
    return frames, holes, *np.array([steps + noise[0], -steps + noise[1]], np.float32)


@pytest.mark.parametrize(
    "rules",
    [{}, {"merge": "weighted"}, {"lose_last": True}, {"cut": True}, {"epsilon": 0.8}],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_like_the_slow_twin(seed, rules):
    case, rules = noisy_case(seed), {"epsilon": 1.5, **rules}
    found, ramp = run(case, **rules)
    twin = Ramp()
    wanted = propagated(*case, twin, Rules(**rules))
    assert ramp.calls == twin.calls
    apart = np.abs(found.frames.astype(int) - wanted)
    assert apart.max() <= 1  # the mean of what is known, in another precision
    assert (apart > 0).mean() < 1e-2


@pytest.mark.parametrize("seed", range(3))
def test_links_like_the_slow_twin(seed):
    _, _, forward, backward = noisy_case(seed, size=(20, 30))
    numbers = np.arange(600).reshape(20, 30, 1)
    index = links(np.ones((20, 30), bool), forward[0], backward[0], epsilon=1.5).pixel
    wanted = warped(numbers, forward[0], backward[0], 1.5, -1)
    assert np.array_equal(gathered(numbers, index, -1), wanted)
    assert 0.1 < (index >= 0).mean() < 0.9


def test_key_frames_like_the_slow_twin():
    for number in range(2**9):
        lost = [digit == "1" for digit in f"{number:b}"]
        assert key_frames(lost) == runs_met(lost)


def test_sources():
    frames, holes, forward, backward = noisy_case(0)
    forward[:], backward[:] = 0, 0
    holes[:] = False
    holes[:, 4, 5], holes[1:3, 2, 2], holes[0, 0, 0] = True, True, True
    found = run((frames, holes, forward, backward))[0]
    assert (found.provenance.source[:, 4, 5] == UNSEEN).all()
    assert found.provenance.source[:, 2, 2].tolist() == [KNOWN, 0, 3, KNOWN, KNOWN]
    assert np.array_equal(found.frames[:, 2, 2], frames[[0, 0, 3, 3, 4], 2, 2])
    assert found.provenance.source[0, 0, 0] == 1
    assert (found.provenance.source == KNOWN).sum() == (~holes).sum()


def test_residuals():
    """Of the way there and back, a step; none where the colour was invented."""
    frames, holes, forward, backward = noisy_case(0)
    forward[:], backward[:], holes[:] = 0.25, 0, False
    holes[:3, 4, 5], holes[:, 2, 2] = True, True
    found = run((frames, holes, forward, backward))[0].provenance
    np.testing.assert_allclose(found.inconsistency[:3, 4, 5], 0.125**0.5, rtol=1e-3)
    assert found.source[:3, 4, 5].tolist() == [3, 3, 3]
    assert np.count_nonzero(found.inconsistency) == 3


def still_case():
    """Nothing moves, and one pixel is never seen, another only in the last frame."""
    frames, holes, forward, backward = noisy_case(0)
    forward[:], backward[:], holes[:] = 0, 0, False
    holes[:, 4, 5], holes[:4, 2, 2] = True, True
    return frames, holes, forward, backward


def test_what_no_frame_shows_is_taken_from_those_filled_before():
    case = still_case()
    last = np.uint8([[1, 2, 3], [4, 5, 6]])
    # In row order (2, 2) is before (4, 5).
    prior = [
        Patch(np.stack([0 * colour, colour]), np.array([0, source]), np.zeros(2, np.float16))
        for colour, source in zip(last, [UNSEEN, -7], strict=True)
    ]
    found, ramp = run(case, prior=prior)
    assert not ramp.calls
    assert found.frames[:, 4, 5].tolist() == [[1, 2, 3]] + 4 * [[4, 5, 6]]
    assert found.provenance.source[:, 4, 5].tolist() == [UNSEEN, -7, -7, -7, -7]
    assert np.array_equal(found.frames[:4, 2, 2], case[0][[4] * 4, 2, 2])


def test_progress_is_the_share_that_shows_something():
    shares = []
    run(still_case(), progress=shares.append)
    assert shares == [pytest.approx(4 / 9), 1]


def test_frames_are_painted_into_where_that_is_allowed():
    case = noisy_case(0)
    before = case[0].copy()
    wanted = run(case)[0].frames
    assert np.array_equal(case[0], before)
    run(case, in_place=True)
    assert np.array_equal(case[0], wanted)


def test_colours_between_are_mixed():
    frames, holes, forward, backward = noisy_case(0)
    forward[:], backward[:], holes[:] = 0, 0, False
    holes[1:4, 2, 2] = True
    frames[0, 2, 2], frames[4, 2, 2] = 0, 200
    found = run((frames, holes, forward, backward), merge="weighted")[0]
    assert found.frames[:, 2, 2, 0].tolist() == [0, 50, 100, 150, 200]
    assert run((frames, holes, forward, backward))[0].frames[2, 2, 2, 0] == 0


def test_sixteen_bits_like_eight():
    case = noisy_case(1)
    wide = case[0].astype(np.uint16) * 257
    found, wanted = run((wide, *case[1:]))[0], run(case)[0]
    assert found.frames.dtype == np.uint16
    assert np.array_equal(found.provenance.source, wanted.provenance.source)
    assert np.abs(found.frames / 257 - wanted.frames).max() <= 0.5


def test_what_lies_under_holes_is_not_read():
    frames, holes, forward, backward = noisy_case(2)
    wanted = run((frames, holes, forward, backward))[0].frames
    frames[holes] = 255 - frames[holes]
    assert np.array_equal(run((frames, holes, forward, backward))[0].frames, wanted)


def test_little_and_broken_clips():
    frames, holes, forward, backward = noisy_case(0)
    alone = run((frames[:1], holes[:1], forward[:0], backward[:0]))[0]
    assert (alone.provenance.source[holes[:1]] == UNSEEN).all()
    whole = run((frames, np.zeros_like(holes), forward, backward))[0]
    assert np.array_equal(whole.frames, frames)
    nothing = run((frames, np.ones_like(holes), forward, backward))[0]
    assert (nothing.provenance.source == UNSEEN).all()
    lost = run((frames, holes, forward * np.nan, backward))[0]
    assert (lost.provenance.source[holes] == UNSEEN).all()
    with pytest.raises(BadInput, match=r"backward flow is \(3, 9, 12, 2\)\. Give \(4, h, w, 2\)"):
        run((frames, holes, forward, backward[1:]))
    for wrong in ({"epsilon": 0.0}, {"epsilon": float("nan")}, {"merge": "mean"}):
        with pytest.raises(BadInput, match=r"Give|Choose"):
            Rules(**wrong)
