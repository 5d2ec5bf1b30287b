"""The flow of files from end to end: what is written, what is not, and against motion known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate import motion
from cleanplate.flow.draw import flow_picture
from cleanplate.flow.estimate import classical_flow
from cleanplate.flow.files import read_flow
from made_clips import moving_planes
from made_fills import everything

STEP = (3.3, 0.7)  # pixels a frame, how the camera moves
BOX = "box:60,40,40,30"
LOSSLESS = cp.Encoding(lossless=True)


@pytest.fixture
def clip(tmp_path, pan):
    """A pan as a video, and its frames."""
    frames = pan(6, STEP)
    cp.write_video(tmp_path / "pan.mkv", frames, encoding=LOSSLESS)
    return tmp_path / "pan.mkv", frames


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def fields(folder, way):
    return [read_flow(path) for path in sorted((folder / way).iterdir())]


def picture_of(path):
    return cv2.imread(str(path))[..., ::-1]


def test_a_pan(clip, tmp_path):
    video, frames = clip
    calls = []
    summary = cp.flow_file(
        video, tmp_path / "out", progress=lambda done, total: calls.append((done, total))
    )
    numbers = {"forward": range(5), "backward": range(1, 6)}
    assert names(tmp_path / "out") == sorted(
        ["flow.json"]
        + [f"{way}/{t:05d}.flo" for way, ts in numbers.items() for t in ts]
        + [f"pictures/{way}/{t:05d}.png" for way, ts in numbers.items() for t in ts]
    )
    assert (summary.frames, summary.size, summary.flows, summary.cuts) == (6, (120, 160), 5, [])
    assert summary.problems == summary.warnings == []
    assert calls[-1] == (6, 6)
    inner = slice(16, -16), slice(16, -16)
    wanted = classical_flow(list(frames))
    for way, sign, found in (("forward", -1, wanted[0]), ("backward", 1, wanted[1])):
        for flow, same in zip(fields(tmp_path / "out", way), found, strict=True):
            np.testing.assert_array_equal(flow, same)
            error = np.linalg.norm(flow[inner] - sign * np.float32(STEP), axis=-1)
            assert error.mean() < 0.5
    about = json.loads((tmp_path / "out" / "flow.json").read_text())
    assert about["flows"] == 5
    assert "forward/00004.flo leads from frame 4" in about["convention"]


def test_the_pictures_have_one_scale(clip, tmp_path):
    video, _ = clip
    own = cp.flow_file(video, tmp_path / "own")
    given = cp.flow_file(video, tmp_path / "given", largest=9)
    assert own.largest == pytest.approx(np.hypot(*STEP), rel=0.4)
    assert given.largest == 9
    for folder, summary in (("own", own), ("given", given)):
        flows = fields(tmp_path / folder, "backward")
        for path, flow in zip(
            sorted((tmp_path / folder / "pictures/backward").iterdir()), flows, strict=True
        ):
            wanted = flow_picture(flow, largest=summary.largest)
            np.testing.assert_array_equal(picture_of(path), wanted)


def test_what_rests_is_drawn_nearly_white(tmp_path, pan):
    cp.write_video(tmp_path / "still", np.repeat(pan(1, STEP), 3, axis=0))
    summary = cp.flow_file(tmp_path / "still", tmp_path / "out")
    assert summary.largest == 1
    assert picture_of(tmp_path / "out/pictures/forward/00000.png").min() > 240


def test_nothing_flows_across_a_cut(tmp_path, pan):
    frames = np.concatenate([pan(5, STEP), pan(4, STEP, name="chelsea")])
    cp.write_video(tmp_path / "cut", frames)
    summary = cp.flow_file(tmp_path / "cut", tmp_path / "out")
    assert (summary.cuts, summary.flows) == ([5], 7)
    there = names(tmp_path / "out")
    assert "forward/00004.flo" not in there
    assert "backward/00005.flo" not in there
    assert {"forward/00003.flo", "forward/00005.flo", "backward/00004.flo"} <= set(there)


@pytest.mark.parametrize("mask", [None, BOX])
def test_windows_change_little(tmp_path, pan, monkeypatch, mask):
    cp.write_video(tmp_path / "pan", pan(30, (1.5, 0.4)))
    cp.flow_file(tmp_path / "pan", tmp_path / "whole", mask=mask)
    monkeypatch.setattr(motion, "window_length", lambda needs: 12)
    longest, finder = [], motion._finder

    def watched(*how):
        find = finder(*how)

        def look(frames, holes):
            longest.append(len(frames))
            return find(frames, holes)

        return look

    monkeypatch.setattr(motion, "_finder", watched)
    cp.flow_file(tmp_path / "pan", tmp_path / "parts", mask=mask)
    assert len(longest) == 4
    assert max(longest) <= 12
    assert names(tmp_path / "whole") == names(tmp_path / "parts")
    for way in ("forward", "backward"):
        pairs = zip(fields(tmp_path / "whole", way), fields(tmp_path / "parts", way), strict=True)
        for whole, parts in pairs:
            if mask is None:
                np.testing.assert_array_equal(whole, parts)
            else:
                assert np.abs(whole - parts).mean() < 0.1


def test_flow_is_completed_in_the_hole(clip, tmp_path):
    """By what lies around it: the hole shows something else, and that is not even read."""
    _, frames = clip
    rng = np.random.default_rng(0)
    for name in ("one", "other"):
        frames[:, 40:70, 60:100] = rng.integers(0, 256, (6, 30, 40, 3))
        cp.write_video(tmp_path / name, frames)
        options = cp.MaskOptions()
        cp.flow_file(tmp_path / name, tmp_path / f"{name} flow", mask=BOX, mask_options=options)
    for way, sign in (("forward", -1), ("backward", 1)):
        for flow in fields(tmp_path / "one flow", way):
            error = np.linalg.norm(flow[36:74, 56:104] - sign * np.float32(STEP), axis=-1)
            assert error.mean() < 0.4
            assert error.max() < 1
    for path in names(tmp_path / "one flow"):
        if path != "flow.json":
            one, other = (tmp_path / f"{name} flow" / path for name in ("one", "other"))
            assert one.read_bytes() == other.read_bytes()


def test_flow_that_is_found_on_smaller_pictures(clip, tmp_path):
    video, _ = clip
    cp.flow_file(video, tmp_path / "out", most_pixels=60 * 80)
    for flow in fields(tmp_path / "out", "forward"):
        assert flow.shape == (120, 160, 2)
        error = np.linalg.norm(flow[16:-16, 16:-16] + np.float32(STEP), axis=-1)
        assert error.mean() < 0.4


def test_flow_of_sixteen_bits(tmp_path, pan):
    cp.write_video(tmp_path / "deep", pan(2, STEP, dtype=np.uint16))
    cp.write_video(tmp_path / "flat", pan(2, STEP))
    for name in ("deep", "flat"):
        cp.flow_file(tmp_path / name, tmp_path / f"{name} flow")
    deep, flat = (fields(tmp_path / f"{name} flow", "forward")[0] for name in ("deep", "flat"))
    np.testing.assert_array_equal(deep, flat)


def test_flow_is_that_of_the_video_as_it_is_displayed(make, tmp_path):
    """It moves by two pixels down and to the right, and is then turned by a quarter, clockwise."""
    video = make(
        "in.mp4",
        size=(96, 128),
        count=3,
        planes=moving_planes,
        setup=lambda _, stream: stream.set_display_rotation(-90),
    )
    summary = cp.flow_file(video, tmp_path / "out", mask="box:40,50,20,30")
    assert summary.size == (128, 96)
    for flow in fields(tmp_path / "out", "forward"):
        assert flow.shape == (128, 96, 2)
        np.testing.assert_allclose(np.median(flow, axis=(0, 1)), (-2, 2), atol=0.3)


def test_a_video_that_breaks_off(make, tmp_path):
    """What decodes has its flow, and the summary says what is missing."""
    whole = make("in.mkv", count=20, planes=moving_planes).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    summary = cp.flow_file(tmp_path / "cut.mkv", tmp_path / "out")
    assert summary.problems
    assert 0 < summary.flows == summary.frames - 1 < 19


def test_flow_by_a_network(clip, tmp_path):
    torch = pytest.importorskip("torch")
    from cleanplate.flow import raft
    from cleanplate.weights import save_weights

    video, frames = clip
    torch.manual_seed(0)
    network = raft.Network(raft.Config.tiny()).eval()
    save_weights(
        tmp_path / "w.safetensors", network.state_dict(), method="raft", config=network.config
    )
    cp.flow_file(
        video, tmp_path / "out", estimator="raft", weights=tmp_path / "w.safetensors", device="cpu"
    )
    for way, wanted in zip(
        ("forward", "backward"), raft.learned_flow(network, list(frames)), strict=True
    ):
        for flow, same in zip(fields(tmp_path / "out", way), wanted, strict=True):
            np.testing.assert_allclose(flow, same, atol=1e-5)
    masked = cp.flow_file(
        video, tmp_path / "hole", mask=BOX, estimator="raft", weights=tmp_path / "w.safetensors"
    )
    assert masked.flows == 5


def test_flow_completed_by_a_network(clip, tmp_path):
    """In the hole, and a ring around it, alone."""
    torch = pytest.importorskip("torch")
    from cleanplate.flow.dfc_stages import Config, Network
    from cleanplate.weights import save_weights

    video, _ = clip
    torch.manual_seed(0)
    made, path = Network(Config.tiny()), tmp_path / "w.safetensors"
    save_weights(path, made.state_dict(), method="dfc", config=made.config)
    how = {"completion": "dfc", "completion_weights": path, "completion_pixels": 5000}
    cp.flow_file(video, tmp_path / "smooth", mask=BOX)
    cp.flow_file(video, tmp_path / "dfc", mask=BOX, **how)
    for way in ("forward", "backward"):
        pairs = zip(fields(tmp_path / "smooth", way), fields(tmp_path / "dfc", way), strict=True)
        for smooth, found in pairs:
            assert np.abs(smooth - found)[40:70, 60:100].mean() > 0.5
            np.testing.assert_allclose(smooth[:20], found[:20], atol=0.5)


# ---- what cannot be done


def refused(tmp_path, *arguments, **options):
    """The refusal's sentence; nothing may have changed on the disk."""
    before = everything(tmp_path)
    with pytest.raises(cp.CleanplateError) as raised:
        cp.flow_file(*arguments, **options)
    assert everything(tmp_path) == before
    assert "\n" not in str(raised.value)
    assert ".part" not in str(raised.value)
    return str(raised.value)


def test_refusals(clip, tmp_path, pan):
    video, frames = clip
    out = tmp_path / "out"
    cp.write_video(tmp_path / "one", frames[:1])
    cp.write_video(tmp_path / "cuts", np.concatenate([frames[:1], pan(1, STEP, name="chelsea")]))
    (tmp_path / "w.safetensors").write_bytes(b"none")
    for given, options, said in [
        (tmp_path / "missing.mp4", {}, "missing.mp4 does not exist"),
        (tmp_path / "one", {}, "has no two neighbouring frames in one shot"),
        (tmp_path / "cuts", {}, "has no two neighbouring frames in one shot"),
        (video, {"largest": 0}, "largest is 0. Give a number of pixels above 0."),
        (video, {"most_pixels": 0}, "most_pixels is 0. Give a whole number above 0."),
        (video, {"mask": "box:999,0,9,9"}, "outside the picture"),
        (video, {"mask": tmp_path / "no.png"}, "does not exist"),
        (video, {"mask": "box:0,0,160,120"}, "covers the whole picture in every frame"),
        (video, {"estimator": "farneback"}, "Choose one of: dis, raft."),
        (video, {"device": "tpu"}, "device 'tpu' is unknown"),
        (video, {"device": "cuda"}, "dis computes on the CPU alone"),
        (video, {"weights": tmp_path / "w.safetensors"}, "the estimator dis has no weights"),
        (video, {"estimator": "raft"}, "needs weights"),
        (video, {"completion": "rough"}, "Choose one of: auto, smooth, learned, dfc."),
        (video, {"completion": "dfc"}, "the completion dfc needs weights"),
        (
            video,
            {"completion": "smooth", "completion_pixels": 9},
            "the completion smooth computes on the CPU",
        ),
        (video, {"estimator": "raft", "weights": tmp_path / "w.safetensors"}, "are damaged"),
    ]:
        assert said in refused(tmp_path, given, out, **options)


def test_places_that_are_none(clip, tmp_path, pan):
    video, frames = clip
    cp.write_video(tmp_path / "frames", frames)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    for given, out, said in [
        (video, video, "is the input itself"),
        (tmp_path / "frames", tmp_path / "frames" / "out", "lies inside the input folder"),
        (video, tmp_path / "full", "is a folder that is not empty"),
        (video, tmp_path / "no" / "out", "does not exist"),
    ]:
        assert said in refused(tmp_path, given, out)
    assert "is the input itself" in refused(
        tmp_path, video, tmp_path / "frames", mask=tmp_path / "frames"
    )


def test_nothing_is_left_where_it_breaks_off(clip, tmp_path, monkeypatch):
    video, _ = clip
    before = everything(tmp_path)

    def stop(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(motion, "flow_picture", stop)
    with pytest.raises(KeyboardInterrupt):
        cp.flow_file(video, tmp_path / "out")
    assert everything(tmp_path) == before
