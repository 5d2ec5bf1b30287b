"""What cannot be done is refused with one line, and nothing changes on the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import av
import numpy as np
import pytest

import cleanplate as cp
from made_clips import av_planes, moving_planes, tone
from made_fills import (
    LOSSLESS,
    SIZE,
    SPEC,
    Painter,
    dot,
    everything,
    mask_picture,
    mask_video,
    masks,
    refused,
)

# ---- the video


def test_videos_that_are_none(make, tmp_path):
    whole = make("in.mkv", count=3).read_bytes()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "words.mp4").write_text("these are words\n" * 200)
    (tmp_path / "none.mkv").write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75")])
    (tmp_path / "folder").mkdir()
    with av.open(str(tmp_path / "sound.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        for piece in tone(0.2):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    for name, said in [
        ("missing.mp4", "does not exist"),
        ("empty.mp4", "is empty"),
        ("words.mp4", "not a video"),
        ("none.mkv", "ends before its first picture"),
        ("sound.m4a", "no video stream (it holds audio)"),
        ("folder", "holds no pictures"),
        ("in.mkv/in.mkv", "not a folder"),
        ("m" * 300 + ".mp4", "name that is too long"),
    ]:
        for out in ("out.mp4", "out"):
            assert said in refused(tmp_path, tmp_path / name, SPEC, tmp_path / out)


def test_a_video_that_may_not_be_read(make, tmp_path, monkeypatch):
    source = make("in.mp4", count=3)
    opened = Path.open

    def refuse(path, *rest, **options):  # a mode of 0 would not keep root out
        if path == source:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *rest, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(cp.BadInput, match="permission denied"):
        cp.fill_file(source, SPEC, tmp_path / "out.mp4")


# ---- the mask


@pytest.mark.parametrize("kind", ["folder", "video"])
@pytest.mark.parametrize("given", [8, 12, 11, 1])
@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
def test_a_wrong_number_of_masks(make, tmp_path, kind, given, name):
    source = make(name)
    if kind == "folder":
        mask = masks(tmp_path / "m", given)
    else:
        mask = mask_video(tmp_path / "m.mkv", given)
    if (kind, given) == ("folder", 1):  # a picture alone serves every frame
        cp.fill_file(source, mask, tmp_path / "out.mp4", method=Painter())
        return
    for out in ("out.mp4", "out"):
        said = refused(tmp_path, source, mask, tmp_path / out, kind=cp.BadInput)
        counted = "1 frame" if given == 1 else f"{given} frames"
        assert said == f"mask has {counted}, the video has 10. Give one still mask, or 10."


def test_a_wrong_number_of_masks_is_known_before_the_work(make, tmp_path):
    method = Painter()
    source, mask = make("in.mp4", count=30), masks(tmp_path / "m", 29)
    refused(tmp_path, source, mask, tmp_path / "out.mp4", method=method)
    assert method.lengths == []


def test_masks_that_do_not_fit(make, tmp_path):
    source = make("in.mp4", count=3)
    (tmp_path / "none").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    masks(tmp_path / "broken", 3)
    (tmp_path / "broken" / "01.png").write_bytes(b"no picture")
    grey = mask_picture(tmp_path / "grey.png", dot())
    for mask, options, said in [
        ("missing.png", {}, "does not exist"),
        ("none", {}, "holds no pictures"),
        ("notes.txt", {}, "neither a picture nor a video"),
        ("broken", {}, "01.png cannot be read"),
        (grey.name, {"object_index": 1}, "has no palette"),
        (grey.name, {"grow": -1}, "cannot grow"),
        ("m" * 300 + ".png", {}, "name that is too long"),
    ]:
        settings = {"mask_options": cp.MaskOptions(**options)}
        text = refused(tmp_path, source, tmp_path / mask, tmp_path / "out.mp4", **settings)
        assert said in text
    for box, said in [("box:1,2,3", "not a box"), ("box:99,0,9,9", "outside the picture")]:
        assert said in refused(tmp_path, source, box, tmp_path / "out.mp4")


@pytest.mark.parametrize("kind", ["still", "folder", "box", "grown"])
@pytest.mark.parametrize("out", ["out.mp4", "out"])
def test_a_mask_of_everything(make, tmp_path, kind, out):
    source = make("in.mp4", count=14)
    full, grow = np.ones(SIZE, bool), 0
    mask = "box:0,0,64,48"
    if kind == "still":
        mask = mask_picture(tmp_path / "mask.png", full)
    elif kind == "folder":
        mask = masks(tmp_path / "m", 14, full)
    elif kind == "grown":
        mask, grow = SPEC, 50
    method, options = Painter(), cp.MaskOptions(grow=grow)
    said = refused(tmp_path, source, mask, tmp_path / out, method=method, mask_options=options,
                   provenance=tmp_path / "prov")  # fmt: skip
    assert "covers the whole picture in every frame" in said
    assert (method.lengths != []) == (kind == "folder")  # a still one is refused before the work


def test_a_full_mask_in_some_frames_is_filled(make, tmp_path):
    source = make("in.mkv", codec="ffv1", options={}, planes=moving_planes)
    masks(tmp_path / "m", 10)
    mask_picture(tmp_path / "m" / "04.png", np.ones(SIZE, bool))
    cp.fill_file(source, tmp_path / "m", tmp_path / "out.mkv", encoding=LOSSLESS)
    truth = moving_planes(SIZE, "yuv420p", 4)[0].astype(int)
    assert np.abs(av_planes(tmp_path / "out.mkv")[4][0].astype(int) - truth).mean() < 12


# ---- where the result goes


def test_the_result_never_takes_the_place_of_what_was_given(make, tmp_path):
    source, other = make("in.mp4"), make("other.mp4")
    empty = mask_picture(tmp_path / "empty.png", np.zeros(SIZE, bool))
    (tmp_path / "soft.mp4").symlink_to(source)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.link(source, tmp_path / "hard.mp4")
    for mask in (SPEC, empty):
        for name in ("in.mp4", "soft.mp4", "hard.mp4", "loop/in.mp4"):
            said = refused(tmp_path, source, mask, tmp_path / name)
            assert "is the input itself" in said
            assert "is the input itself" in refused(tmp_path, tmp_path / name, mask, source)
    assert "is the input itself" in refused(tmp_path, source, other, other)
    frames = masks(tmp_path / "frames", 3)
    assert "is the input itself" in refused(tmp_path, frames, SPEC, frames)
    assert "inside the input" in refused(tmp_path, frames, SPEC, frames / "out")
    assert "not empty" in refused(tmp_path, source, masks(tmp_path / "m", 10), tmp_path / "m")


def test_provenance_never_takes_the_place_of_what_was_given(make, tmp_path):
    source, frames, m = make("in.mp4"), masks(tmp_path / "frames", 3), masks(tmp_path / "m", 3)
    (tmp_path / "loop").symlink_to(frames, target_is_directory=True)
    for provenance, said in [
        (frames, "not empty"),
        (m, "not empty"),
        (frames / "prov", "inside the input folder"),
        (m / "prov", "inside the input folder"),
        (tmp_path / "loop" / "prov", "inside the input folder"),
        (tmp_path / "out", "cannot be both"),
        (source, "is a file"),
        (tmp_path / "no" / "prov", "does not exist. Make it"),
        (source / "prov", "not a folder"),
        ("/dev/full", "is a file"),
        ("/proc/prov", ""),
    ]:
        out = tmp_path / "out"
        assert said in refused(tmp_path, frames, m, out, provenance=provenance)


def test_provenance_never_lies_in_the_result(make, tmp_path):
    (tmp_path / "out").mkdir()
    provenance, method = tmp_path / "out" / "prov", Painter()
    said = refused(tmp_path, make("in.mp4"), SPEC, tmp_path / "out", provenance=provenance,
                   method=method)  # fmt: skip
    assert "lies inside the result" in said
    assert method.lengths == []


def test_a_long_box_is_no_name_of_a_file(make, tmp_path):
    box = "box:21,17,17," + "1" * 300
    cp.fill_file(make("in.mp4"), box, tmp_path / "out.mp4", method=Painter())
    assert (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    "out, said",
    [
        ("no/out.mp4", "no does not exist. Make it"),
        ("no/out", "no does not exist. Make it"),
        ("in.mp4/out.mp4", "not a folder"),
        ("out.xyz", "no known extension"),
        ("out.png", "no known extension"),
        ("here", "not empty"),
        ("/dev/full", "is a file"),
        ("/proc/out.mp4", "/proc/out.mp4 "),
        ("/proc/out", "/proc/out "),
        ("o" * 250 + ".mp4", "name that is too long"),
    ],
)
def test_places_that_cannot_be_written(make, tmp_path, out, said):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.txt").touch()
    assert said in refused(tmp_path, make("in.mp4", count=3), SPEC, tmp_path / out)


def test_an_older_result_is_replaced_at_the_end_alone(make, tmp_path):
    source = make("in.mp4", count=30)
    (tmp_path / "out.mp4").write_bytes(b"older")
    before = everything(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cp.fill_file(
            source,
            SPEC,
            tmp_path / "out.mp4",
            method=Painter(longest_window=12, error=ZeroDivisionError()),
        )
    assert everything(tmp_path) == before
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=Painter())
    assert len(av_planes(tmp_path / "out.mp4")) == 30


# ---- what is asked for


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"method": "magic"}, "'magic' is unknown"),
        ({"method": "flow", "tune": "beauty"}, "'beauty' is unknown"),
        ({"method": "flow", "device": "abacus"}, "does not run on 'abacus'"),
        ({"method": "flow", "weights": "w.pth"}, "has no weights"),
        ({"encoding": cp.Encoding(codec="nonsense")}, "no encoder"),
        ({"encoding": cp.Encoding(codec="aac")}, "not video"),
        ({"encoding": cp.Encoding(codec="vp9", lossless=True, preset="fast")}, "cpu-used=fast"),
        ({"encoding": cp.Encoding(preset="sideways")}, "no preset sideways"),
        ({"encoding": cp.Encoding(codec="h265", crf=99)}, "crf=99"),
        ({"encoding": cp.Encoding(codec="h264_nvenc")}, "out.mp4 "),
        ({"encoding": cp.Encoding(codec="prores_ks")}, "mp4 cannot hold prores_ks"),
        ({"encoding": cp.Encoding(codec="mpeg4", lossless=True)}, "cannot be lossless"),
        ({"encoding": cp.Encoding(crf=20, lossless=True)}, "Leave out crf or lossless"),
    ],
)
def test_options_that_mean_nothing(make, tmp_path, settings, said):
    source = make("in.mp4", count=3)
    assert said in refused(tmp_path, source, SPEC, tmp_path / "out.mp4", **settings)
