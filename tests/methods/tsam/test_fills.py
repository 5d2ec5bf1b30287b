"""The whole way of a fill: windows, the motion once a clip, and the network in between."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from tsam_state import network  # noqa: E402

from cleanplate.canvas import Clip  # noqa: E402
from cleanplate.methods import trusting  # noqa: E402
from cleanplate.methods.tsam import inference  # noqa: E402
from cleanplate.methods.tsam.network import Config  # noqa: E402
from cleanplate.methods.tsam.schedule import LENGTH, windows  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Files of networks that are not trained, by their config."""
    folder, made = tmp_path_factory.mktemp("weights"), {}

    def weights(config=None):
        config = config or Config.tiny()
        if config not in made:
            made[config] = folder / f"{len(made)}.safetensors"
            state = network(config).state_dict()
            save_weights(made[config], state, method="tsam", config=config)
        return made[config]

    return weights


def loaded(path, **options):
    return cp.load_method("tsam", weights=path, device="cpu", **{"precision": "fp32", **options})


@pytest.fixture(scope="module")
def clip(pan):
    frames = pan(26, (2, 1), size=(48, 96))
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 16:30, 30:60] = True
    return frames, holes


@pytest.mark.parametrize("blend", ["weighted", "official"])
@pytest.mark.parametrize("count", [1, 2, 15, 16, 23, 24, 25, 40, 120])
def test_every_frame_is_seen_and_the_last_window_ends_with_the_clip(count, blend):
    plan, total = windows(count, blend=blend), np.zeros(count)
    for window in plan:
        total[window.first : window.frames.stop] += window.weights
    assert (total > 0).all()
    assert plan[0].first == 0
    assert plan[-1].frames.stop == count
    assert all(len(window.weights) == min(count, LENGTH) for window in plan)
    if blend == "official":
        assert (total == 1).all()


def official_schedule(count):
    """Which window fills each frame, as the official code writes them one over the other."""
    filled = [None] * count
    if count <= 15:
        return [0] * count
    filled[:12] = [0] * 12
    filled[-12:] = [count - 15] * 12
    for number in range((count - 24) // 9 + 1):
        start = 9 * (number + 1)
        filled[start + 3 : start + 12] = [start] * 9
    return filled


@pytest.mark.parametrize("count", range(1, 60))
def test_the_official_blend_is_the_official_schedule(count):
    found = [None] * count
    for window in windows(count, blend="official"):
        for t, weight in zip(window.frames, window.weights, strict=True):
            if weight:
                found[t] = window.first
    assert found == official_schedule(count)


def test_motion_and_its_scales_are_computed_once_a_clip(weights, clip, monkeypatch):
    """... however many windows and layers ask for them."""
    calls = {"flow": 0, "validity": 0, "scales": []}
    find, doubt = inference.behind.find_motion, inference.unreliable
    from cleanplate.methods.tsam import shift

    scaled = shift.scaled

    def counted(name, work):
        def call(*given, **how):
            calls[name] += 1
            return work(*given, **how)

        return call

    def scale(motion, size, **how):
        calls["scales"].append(size)
        return scaled(motion, size, **how)

    monkeypatch.setattr(inference.behind, "find_motion", counted("flow", find))
    monkeypatch.setattr(inference, "unreliable", counted("validity", doubt))
    monkeypatch.setattr(shift, "scaled", scale)
    loaded(weights()).fill(*clip)
    assert calls["flow"] == 1
    assert calls["validity"] == 2  # forward and backward
    assert sorted(calls["scales"]) == [(6, 12), (12, 24), (24, 48), (48, 96)]


def test_a_network_that_knows_no_flow_has_none_found(weights, clip, monkeypatch):
    method = loaded(weights(replace(Config.tiny(), aligned=False)))
    monkeypatch.setattr(method, "motion", None)
    frames, holes = (part[:4] for part in clip)
    filled = method.fill(frames, holes).frames
    np.testing.assert_array_equal(filled[~holes], frames[~holes])
    assert (filled[holes] != frames[holes]).any()
    assert trusting(loaded(weights()))
    with pytest.raises(cp.BadInput, match="follows no flow"):
        trusting(method)


def test_a_fill_is_its_slow_twin(weights, clip):
    """One window at the network's own size: what the network says in the hole, and nothing else."""
    frames, holes = (part[:5] for part in clip)
    config = Config(size=(48, 96), width=16, decoder=48, blocks=(1, 1, 1, 1), spectral_norm=False)
    method = loaded(weights(config))
    filled = method.fill(frames, holes).frames
    np.testing.assert_array_equal(filled[~holes], frames[~holes])
    seen = Clip(frames, holes, config.size)
    pictures = np.stack([seen.picture(t, darkest=0) for t in range(5)])
    with torch.inference_mode():
        out = network(config)(
            torch.from_numpy(pictures).permute(0, 3, 1, 2)[None],
            torch.from_numpy(holes)[None, :, None].float(),
            method._alignment(method.motion(frames, holes)),
        )
    wanted = (out[0].clamp(0, 1) * 255).permute(0, 2, 3, 1).numpy()
    off = np.abs(filled[holes] - np.rint(wanted[holes]))
    assert np.median(off) == 0
    assert (off > 1).mean() < 0.01


def test_what_lies_under_a_hole_is_not_read(weights, clip):
    frames, holes = (part[:6] for part in clip)
    other = frames.copy()
    other[holes] = 255 - other[holes]
    method = loaded(weights())
    one, two = (method.fill(given, holes).frames for given in (frames, other))
    np.testing.assert_array_equal(one, two)


def test_bf16_and_blends_and_options(weights, clip):
    frames, holes = (part[:18] for part in clip)
    plain = loaded(weights()).fill(frames, holes).frames
    for options in (
        {"precision": "bf16"}, {"blend": "official"}, {"consistency": "fixed", "delta": 0.05},
        {"tune": "removal"},
    ):  # fmt: skip
        filled = loaded(weights(), **options).fill(frames, holes).frames
        np.testing.assert_array_equal(filled[~holes], frames[~holes])
        off = np.abs(filled[holes].astype(int) - plain[holes])
        assert 0 < off.mean() < 20, options
    assert plain[holes].std() > 5
    for options, said in (
        ({"blend": "half"}, "blend 'half'"), ({"precision": "fp8"}, "precision 'fp8'"),
        ({"consistency": "none"}, "consistency 'none'"), ({"delta": -1}, "delta is -1"),
        ({"delta": "far"}, "delta is 'far'"), ({"flow": "eyes"}, "estimator 'eyes'"),
        ({"completion": "none"}, "completion 'none'"),
    ):  # fmt: skip
        with pytest.raises(cp.BadInput, match=said):
            loaded(weights(), **options)


@pytest.mark.parametrize("length", [1, 6])
@pytest.mark.parametrize("size", [(48, 96), (45, 83), (7, 5), (150, 90)], ids=str)
def test_masks_of_whole_frames_and_a_clip_of_one(weights, pan, length, size):
    """... of any size, by the front door: cropped, brought to multiples of eight, pasted back."""
    frames = pan(length, (1, 0), size=size)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, size[0] // 3 : size[0] // 2 + 1, size[1] // 3 : size[1] // 2 + 1] = True
    some = holes.copy()
    some[length // 2 :] = True
    for hole in (holes, some, np.ones_like(holes)):
        filled = cp.fill(frames, hole, method="tsam", weights=weights(), device="cpu")
        assert filled.shape == frames.shape
        np.testing.assert_array_equal(filled[~hole], frames[~hole])
        assert 0 < filled[hole].mean() < 255
        assert filled[hole].std() > 0


def test_windows_without_a_hole_say_nothing(weights, clip):
    """... of frames that others fill, nor of those that nothing is to be filled of."""
    frames, holes = np.concatenate([clip[0]] * 2), np.concatenate([clip[1]] * 2)
    holes[:40] = False
    method = loaded(weights(), blend="official")
    filled = method.fill(frames, holes).frames
    np.testing.assert_array_equal(filled[~holes], frames[~holes])
    assert filled[holes].std() > 5


def test_a_cut_is_not_looked_across(weights, pan):
    """What comes after a cut makes no difference to what is filled before it."""
    one, two = pan(4, (1, 0), size=(48, 96)), 255 - pan(4, (0, 2), size=(48, 96))[:, ::-1]
    holes = np.zeros((8, 48, 96), bool)
    holes[:, 16:30, 30:60] = True
    both, alone = (
        cp.fill(clip, holes[: len(clip)], method="tsam", weights=weights(), device="cpu")
        for clip in (np.concatenate([one, two]), one)
    )
    np.testing.assert_array_equal(both[:4], alone)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda flow: flow * np.nan, "forward flow that was found holds values"),
        (lambda flow: flow[:, :, :-1], r"forward flow that was found is \(2, 48, 95, 2\)"),
        (lambda flow: flow[:-1], r"forward flow that was found is \(1, 48, 96, 2\)"),
    ],
    ids=["no number", "size", "count"],
)
def test_flow_that_is_wrong_is_refused(weights, clip, monkeypatch, wrong, said):
    frames, holes = (part[:3] for part in clip)
    flow = wrong(np.ones((2, 48, 96, 2), np.float32))
    monkeypatch.setattr(inference, "load_estimator", lambda *_, **__: lambda _: (flow, flow))
    with pytest.raises(cp.BadInput, match=said):
        loaded(weights()).fill(frames, holes)


def test_a_file_at_its_full_size(weights, pan, tmp_path):
    """Larger than the network: what lies around the hole is cropped, filled and pasted back."""
    frames = pan(6, (2, 0), size=(220, 300))
    cp.write_video(tmp_path / "in.mkv", frames, encoding=cp.Encoding(lossless=True))
    mask = np.zeros(frames.shape[1:3], np.uint8)
    mask[80:120, 100:140] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    from cleanplate.cli import main

    words = ["fill", str(tmp_path / "in.mkv"), str(tmp_path / "mask.png"), "-o",
             str(tmp_path / "out.mkv"), "--method", "tsam", "--weights", str(weights()),
             "--precision", "fp32", "--grow", "0", "--lossless", "--quiet"]  # fmt: skip
    assert main(words) == 0
    before, after = (cp.read_video(tmp_path / name).frames for name in ("in.mkv", "out.mkv"))
    np.testing.assert_array_equal(after[:, mask == 0], before[:, mask == 0])
    assert (after[:, mask > 0] != before[:, mask > 0]).any()
