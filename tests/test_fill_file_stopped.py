"""Whatever ends a fill early leaves nothing; what can be filled of a broken clip is."""

from __future__ import annotations

import errno
import shutil

import av
import numpy as np
import pytest
from PIL import Image

import cleanplate as cp
from cleanplate.io import images, open_video
from cleanplate.io.file_writer import FileWriter
from made_clips import av_planes, random_planes
from made_fills import (
    LOSSLESS,
    SIZE,
    SPEC,
    Painter,
    dot,
    everything,
    mask_picture,
    masks,
    refused,
)

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

    for settings in ({"progress": progress}, {"method": Painter(longest_window=12, error=stop())}):
        settings = {"method": Painter(longest_window=12), **settings}
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
    summary = cp.fill_file(broken, masks(tmp_path / "m", 30), tmp_path / out, method=Painter())
    count = summary.frames
    assert 12 <= count <= 20
    (problem,) = summary.problems
    assert f"frames {count}-29 of about 30 could not be decoded" in problem
    with open_video(tmp_path / out) as reader:
        assert len(list(reader)) == count
        assert reader.problems == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("kind", ["still", "folder"])
def test_a_broken_clip_is_not_copied_through(broken, tmp_path, suffix, kind):
    empty, out = np.zeros(SIZE, bool), tmp_path / f"out{suffix}"
    still = kind == "still"
    mask = mask_picture(tmp_path / "m.png", empty) if still else masks(tmp_path / "m", 30, empty)
    summary = cp.fill_file(broken, mask, out)
    assert len(summary.problems) == 1
    why = "the result is .mkv and the video .mp4"
    if broken.suffix == suffix:
        why = "not all of it could be decoded"
    said = f"No frame has a hole: nothing was filled, but the video is encoded again: {why}."
    assert said in summary.warnings
    with open_video(out) as reader:
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
        tmp_path / "x.mkv", tmp_path / "m", tmp_path / "out.mkv", method=Painter(),
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
    summary = cp.fill_file(source, tmp_path / "m.png", tmp_path / "out.mp4", method=Painter())
    assert "another shape" in summary.warnings[0]
