"""Objects followed by a network that is fitted to the mask of one frame."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.masks.follow.legs import Course  # noqa: E402 - after what may be missing
from cleanplate.masks.follow.trail import Trail  # noqa: E402
from cleanplate.methods.internal.mask_lesson import (  # noqa: E402
    Marked,
    MaskLesson,
    weighted_entropy,
)
from cleanplate.methods.internal.mask_network import MaskConfig, MaskNetwork  # noqa: E402
from cleanplate.methods.internal.track import settle  # noqa: E402

SIZE = (48, 64)
KEPT = {"budget": None, "config": "small", "precision": "fp32"}
QUICK = {"config": "tiny", "steps": 3, "budget": None}


@pytest.fixture
def clip():
    """Frames in which a red block moves, and where it is."""
    back = skimage.data.coffee()[100:148, 150:214]
    frames, truth = np.stack([back // 2] * 6), np.zeros((6, *SIZE), bool)
    for t in range(6):
        frames[t, 14:34, 6 + 4 * t : 26 + 4 * t] = (220, 30, 30)
        truth[t, 14:34, 6 + 4 * t : 26 + 4 * t] = True
    return frames, truth


def overlap(one, two):
    return (one & two).sum() / (one | two).sum()


def test_a_block_is_found_where_it_went(clip):
    frames, truth = clip
    tracker = cp.load_tracker("internal", steps=60, learning_rate=0.005, **KEPT)
    found = cp.track(frames, truth[0], grow=0, tracker=tracker)
    assert overlap(found[0], truth[0]) == 1
    assert min(overlap(*pair) for pair in zip(found, truth, strict=True)) > 0.6


def test_the_seed_decides_and_nothing_else_does(clip):
    frames, truth = clip

    def found(seed):
        tracker = cp.load_tracker("internal", seed=seed, **QUICK)
        return cp.track(frames, truth[0], confidence=True, tracker=tracker).confidence

    one = found(1)
    torch.manual_seed(77)
    before = torch.get_rng_state()
    np.testing.assert_array_equal(one, found(1))
    assert torch.equal(before, torch.get_rng_state())
    assert (one != found(2)).any()


def test_masks_of_frames_that_are_not_there_are_refused(clip):
    frames, truth = clip
    tracker = cp.load_tracker("internal", **QUICK)
    with pytest.raises(BadInput, match="a mask is of frame 9, and the video has 6"):
        cp.track(frames, truth[0], at=9, tracker=tracker)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("magic", {}, "tracker 'magic' is unknown. Choose one of: flow, internal"),
        ("flow", {"budget": "2m"}, "tracker 'flow' has no option 'budget'"),
        ("internal", {"speed": 2}, "tracker 'internal' has no option 'speed'"),
        ("internal", {"budget": "soon"}, "budget is 'soon'"),
        ("internal", {"background": 2.0}, "background is 2.0"),
        ("internal", {"config": "huge"}, "config 'huge' is unknown"),
    ],
)
def test_what_means_nothing_is_refused(name, options, said):
    with pytest.raises(BadInput, match=said):
        cp.load_tracker(name, **options)


def test_the_command(clip, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cp.write_video("park.mkv", clip[0])
    told = ["mask", "track", "park.mkv", "box:6,14,20,20", "-o", "masks", "--method", "internal"]
    assert main([*told, "--set", "config=tiny", "--set", "steps=2", "--budget", "1h"]) == 0
    assert "masks: 6 masks" in capsys.readouterr().out
    assert len(list((tmp_path / "masks").iterdir())) == 6
    assert main([*told[:5], "again", "--budget", "2m"]) == 2
    assert "tracker 'flow' has no option 'budget'" in capsys.readouterr().err


def test_a_fill_may_follow_this_way(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cleanplate.tracking.FILL_STEPS", 2)
    cp.write_video("park.mkv", clip[0])
    told = ["fill", "park.mkv", "box:6,14,20,20", "--track", "-o", "out.mkv", "--tracker"]
    assert main([*told, "internal"]) == 0
    assert main([*told, "magic"]) == 2


# ---- its parts


def test_the_network_is_that_of_the_official_code():
    network = MaskNetwork(MaskConfig.official())
    assert sum(each.numel() for each in network.parameters()) == 31_032_837
    assert network(torch.zeros(1, 3, 32, 48)).shape == (1, 1, 32, 48)


def test_weighted_entropy_is_the_formula_pixel_by_pixel():
    rng = np.random.default_rng(2)
    logits, weight = rng.normal(size=(2, 1, 3, 4)), rng.random((2, 1, 3, 4))
    truth = (rng.random((2, 1, 3, 4)) > 0.5).astype(float)
    wanted = 0.0
    for at in np.ndindex(logits.shape):
        share = 1 / (1 + np.exp(-logits[at]))
        object_, beside = np.log(share), 0.8 * np.log(1 - share)
        wanted -= weight[at] * (truth[at] * object_ + (1 - truth[at]) * beside) / logits.size
    got = weighted_entropy(*(torch.from_numpy(each) for each in (logits, truth, weight)),
                           background=0.8)  # fmt: skip
    assert float(got) == pytest.approx(wanted)


def test_nothing_is_learned_where_the_object_is_itself(clip):
    """Whatever is found there changes nothing."""
    frames, truth = clip
    marked = {0: Marked(frames[0].astype(np.float32) / 127.5 - 1, truth[0])}
    lesson = MaskLesson(marked, batch=2, background=0.8, seed=0, device=torch.device("cpu"))
    logits = torch.zeros(2, 1, *SIZE, requires_grad=True)
    lesson.losses(lambda pictures: logits, 5)["total"].backward()
    for slope in logits.grad.numpy()[:, 0]:
        idle = slope == 0
        assert (idle == truth[0]).all() or (idle == truth[0][:, ::-1]).all()


def test_of_what_is_found_what_lies_near_the_object_stays():
    course, mark = Course(Trail((60, 80))), np.zeros((60, 80), np.float32)
    mark[20:30, 20:30] = 1
    for t in range(4):
        soft = np.zeros((60, 80), np.float32)
        soft[20:30, 21 + t : 31 + t] = 0.9
        soft[45:55, 60:70] = 0.9
        course.trail.put(t, soft, 0.8)
        course.frames += 1
    settle({0: mark, 2: np.zeros_like(mark)}, course)
    assert course.trail.soft(1)[25, 25] > 0.8
    assert not course.trail.soft(1)[40:, 55:].any()
    assert not course.trail.soft(3).any()  # after an empty mask nothing is looked for
    assert course.trail.trust(3) == 1
