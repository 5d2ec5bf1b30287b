"""What cannot be done is refused with one line; whatever ends a fill early leaves nothing."""

from __future__ import annotations

import errno
import os
import shutil

import av
import numpy as np
import pytest
from PIL import Image

import cleanplate as cp
from cleanplate.io import images, open_video, write_picture, write_video
from cleanplate.io.file_writer import FileWriter
from cleanplate.video import KNOWN, UNSEEN, Filled, Provenance
from made_clips import av_planes, moving_planes, random_planes, tone

SIZE = (48, 64)
SPEC = "box:21,17,17,11"
LOSSLESS = cp.Encoding(lossless=True)


class Marker:
    """A method that paints each window's hole black; or fails in its second window."""

    longest_window = 12

    def __init__(self, error=None):
        self.error = error
        self.windows = 0

    def fill(self, frames, holes, *, prior=None, progress=None):
        self.windows += 1
        if self.error is not None and self.windows == 2:
            raise self.error
        painted = frames.copy()
        painted[holes] = 0
        source = np.where(holes, UNSEEN, KNOWN).astype(np.int32)
        return Filled(painted, Provenance(source, np.zeros(holes.shape, np.float16)))


def mask_picture(path, hole):
    path.parent.mkdir(exist_ok=True)
    write_picture(path, hole.astype(np.uint8) * np.uint8(255))
    return path


def dot(x=30, size=SIZE):
    hole = np.zeros(size, bool)
    hole[20:30, x : x + 10] = True
    return hole


def masks(folder, count, hole=None):
    for number in range(count):
        mask_picture(folder / f"{number:02d}.png", dot() if hole is None else hole)
    return folder


def mask_video(path, count):
    white = np.repeat(dot()[None, ..., None], 3, 3) * np.uint8(255)
    write_video(path, np.repeat(white, count, 0), encoding=LOSSLESS)
    return path


def everything(folder):
    """All files with their contents, hidden ones too."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
    }


def refused(tmp_path, *arguments, kind=cp.CleanplateError, **settings):
    """The refusal's sentence; nothing may have changed on the disk."""
    before = everything(tmp_path)
    settings.setdefault("method", Marker())
    with pytest.raises(kind) as raised:
        cp.fill_file(*arguments, **settings)
    assert everything(tmp_path) == before
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


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


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_a_video_that_may_not_be_read(make, tmp_path):
    source = make("in.mp4", count=3)
    source.chmod(0)
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
        cp.fill_file(source, mask, tmp_path / "out.mp4", method=Marker())
        return
    for out in ("out.mp4", "out"):
        said = refused(tmp_path, source, mask, tmp_path / out, kind=cp.BadInput)
        assert said == f"mask has {given} frames, the video has 10. Give one still mask, or 10."


def test_a_wrong_number_of_masks_is_known_before_the_work(make, tmp_path):
    method = Marker()
    source, mask = make("in.mp4", count=30), masks(tmp_path / "m", 29)
    refused(tmp_path, source, mask, tmp_path / "out.mp4", method=method)
    assert method.windows == 0


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
    method, options = Marker(), cp.MaskOptions(grow=grow)
    said = refused(tmp_path, source, mask, tmp_path / out, method=method, mask_options=options,
                   provenance=tmp_path / "prov")  # fmt: skip
    assert "covers the whole picture in every frame" in said
    assert (method.windows > 0) == (kind == "folder")  # a still one is refused before the work


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
    for provenance, said in [
        (frames, "not empty"),
        (m, "not empty"),
        (tmp_path / "out", "cannot be both"),
        (source, "is a file"),
        (tmp_path / "no" / "prov", "does not exist. Make it"),
        (source / "prov", "not a folder"),
        ("/dev/full", "is a file"),
        ("/proc/prov", ""),
    ]:
        out = tmp_path / "out"
        assert said in refused(tmp_path, frames, m, out, provenance=provenance)


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
        cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=Marker(ZeroDivisionError()))
    assert everything(tmp_path) == before
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=Marker())
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


# ---- the disk fills up, the user has enough, we fail


def test_a_disk_that_is_full(make, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    source = make("in.mp4", count=14)
    mask = mask_picture(tmp_path / "empty.png", np.zeros(SIZE, bool))
    with monkeypatch.context() as patch:
        patch.setattr(FileWriter, "_mux", full)
        said = refused(tmp_path, source, SPEC, tmp_path / "out.mp4", provenance=tmp_path / "p")
        assert said == f"{tmp_path / 'out.mp4'} does not fit: the disk is full."
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        said = refused(tmp_path, source, mask, tmp_path / "out.mp4", provenance=tmp_path / "p")
        assert said == f"{tmp_path / 'out.mp4'} does not fit: the disk is full."
    with monkeypatch.context() as patch:
        patch.setattr(images, "_coded_png", full)
        said = refused(tmp_path, source, SPEC, tmp_path / "out")
        assert said == f"{tmp_path / 'out'} does not fit: the disk is full."
        said = refused(tmp_path, source, SPEC, tmp_path / "out.mp4", provenance=tmp_path / "p")
        assert said == f"{tmp_path / 'p' / '00000.png'} does not fit: the disk is full."


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError, SystemExit])
@pytest.mark.parametrize("out", ["out.mp4", "out"])
def test_whatever_stops_a_fill_leaves_nothing(make, tmp_path, stop, out):
    source = make("in.mp4", audio=True, count=30)
    before = everything(tmp_path)

    def progress(done, total):
        assert total == 30
        if done >= 20:
            raise stop

    for settings in ({"progress": progress}, {"method": Marker(stop())}):
        settings = {"method": Marker(), **settings}
        with pytest.raises(stop):
            cp.fill_file(source, SPEC, tmp_path / out, provenance=tmp_path / "prov", **settings)
        assert everything(tmp_path) == before


# ---- a clip that breaks off


@pytest.fixture
def broken(make, tmp_path):
    """A clip of 30 frames of which the last third or so is cut off."""

    def index_in_front(container, _):
        container.container_options["movflags"] = "faststart"

    whole = make("whole.mp4", count=30, setup=index_in_front).read_bytes()
    (tmp_path / "in.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    return tmp_path / "in.mp4"


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv", "out"])
def test_what_decodes_is_filled(broken, tmp_path, out):
    summary = cp.fill_file(broken, masks(tmp_path / "m", 30), tmp_path / out, method=Marker())
    count = summary.frames
    assert 12 <= count <= 20
    (problem,) = summary.problems
    assert f"frames {count}-29 of about 30 could not be decoded" in problem
    with open_video(tmp_path / out) as reader:
        assert len(list(reader)) == count
        assert reader.problems == []


def test_a_broken_clip_is_not_copied_through(broken, tmp_path):
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(broken, mask, tmp_path / "out.mp4")
    assert summary.problems
    assert "The mask is empty: nothing was filled." in summary.warnings
    with open_video(tmp_path / "out.mp4") as reader:
        assert len(list(reader)) == summary.frames
        assert reader.problems == []


def test_too_few_masks_for_a_broken_clip(broken, tmp_path):
    said = refused(tmp_path, broken, masks(tmp_path / "m", 5), tmp_path / "out.mp4")
    assert said.startswith("mask has 5 frames, the video has ")


def test_a_lost_frame_takes_its_mask_along(make, tmp_path):
    source = make("in.mkv", count=30, options={"qp": "0", "bf": "0", "g": "10"})
    with av.open(str(source)) as container:
        packet = [bytes(p) for p in container.demux(video=0)][12]
    data = source.read_bytes()
    at = data.index(packet)
    (tmp_path / "x.mkv").write_bytes(data[:at] + bytes(len(packet)) + data[at + len(packet) :])
    for number in range(30):
        mask_picture(tmp_path / "m" / f"{number:02d}.png", dot(number))
    summary = cp.fill_file(
        tmp_path / "x.mkv", tmp_path / "m", tmp_path / "out.mkv", method=Marker(),
        mask_options=cp.MaskOptions(), encoding=LOSSLESS,
    )  # fmt: skip
    assert summary.frames == 29
    assert summary.problems[0].startswith("frame 12 of about 30 could not be decoded")
    with open_video(tmp_path / "x.mkv") as reader:
        had = [picture.planes[0] for picture in reader]
    for index, (before, after) in enumerate(zip(had, av_planes(tmp_path / "out.mkv"), strict=True)):
        columns = np.flatnonzero((before != after[0]).any(0))
        left = index + (index >= 12)
        assert (columns.min(), columns.max()) == (left, left + 9)


def test_a_mask_video_that_breaks_off(make, tmp_path, broken):
    source = make("clip.mp4", count=30)
    said = refused(tmp_path, source, broken, tmp_path / "out.mp4")
    assert "frames, the video has 30" in said


# ---- odd sizes and short clips


@pytest.mark.parametrize("size", [(48, 64), (17, 33), (8, 8)])
@pytest.mark.parametrize("count", [1, 2])
def test_small_and_short_clips(make, tmp_path, size, count):
    source = make("in.mkv", size=size, codec="ffv1", options={}, count=count)
    summary = cp.fill_file(source, "box:2,2,3,3", tmp_path / "out.mkv", encoding=LOSSLESS,
                           mask_options=cp.MaskOptions())  # fmt: skip
    assert (summary.frames, summary.size) == (count, size)
    outside = np.ones(size, bool)
    outside[2:5, 2:5] = False
    for index, planes in enumerate(av_planes(tmp_path / "out.mkv")):
        given = random_planes(size, "yuv420p", index)
        np.testing.assert_array_equal(planes[0][outside], given[0][outside])


def test_a_mask_of_another_size_is_fitted_and_said(make, tmp_path):
    source = make("in.mp4", count=3)
    Image.fromarray(np.kron(dot(), np.ones((2, 6), np.uint8)) * np.uint8(255)).save(
        tmp_path / "m.png"
    )
    summary = cp.fill_file(source, tmp_path / "m.png", tmp_path / "out.mp4", method=Marker())
    assert "another shape" in summary.warnings[0]
