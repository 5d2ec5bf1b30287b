"""Every sample outside the hole reaches the encoder as it was decoded."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cleanplate.io import Encoding, open_video, open_writer
from cleanplate.io.encode import plan
from cleanplate.io.frame import picture_of, top_first
from cleanplate.io.info import LIMITED, Colour, VideoInfo
from made_clips import av_frame, av_planes, moving_planes, random_planes

LOSSLESS = Encoding(lossless=True)


def copied(source, target, encoding=LOSSLESS, hole=None):
    """Copy a clip, every pixel of a hole painted; returns the writer's warnings."""
    with open_video(source) as reader, open_writer(target, reader, encoding) as writer:
        for picture in reader:
            if hole is not None:
                rgb = picture.rgb()
                rgb[hole] = 7
                picture = picture.pasted(rgb, hole)
            writer.write(picture)
        writer.finish()
        return writer.warnings


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le"])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_planes_survive_a_lossless_copy(make, tmp_path, pix_fmt, name):
    source = make("in.mkv", pix_fmt=pix_fmt, codec="ffv1", options={}, count=4)
    warnings = copied(source, tmp_path / name)
    assert warnings == []
    given = [random_planes((48, 64), pix_fmt, i) for i in range(4)]
    for had, got in zip(given, av_planes(tmp_path / name), strict=True):
        for mine, its in zip(had, got, strict=True):
            np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_full_range_stays_full(make, tmp_path, name):
    def full(_, stream):
        stream.codec_context.color_range = 2

    source = make("in.mp4", pix_fmt="yuvj420p", setup=full, count=3)
    copied(source, tmp_path / name)
    for had, got in zip(av_planes(source), av_planes(tmp_path / name), strict=True):
        for mine, its in zip(had, got, strict=True):
            np.testing.assert_array_equal(mine, its)
    with open_video(tmp_path / name) as reader:
        assert reader.info.colour.range == 2


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("size", [(48, 64), (49, 63)])
def test_only_the_hole_changes(make, tmp_path, pix_fmt, size):
    source = make("in.mkv", size=size, pix_fmt=pix_fmt, codec="ffv1", options={}, count=3)
    hole = np.zeros(size, bool)
    hole[11:22, 13:40] = True
    hole[-1, -1] = True
    copied(source, tmp_path / "out.mkv", hole=hole)
    subsampled = "420" in pix_fmt
    chroma = np.zeros(tuple(-(-n // (1 + subsampled)) for n in size), bool)
    for y, x in zip(*np.nonzero(hole), strict=True):
        chroma[y >> subsampled, x >> subsampled] = True
    for had, got in zip(av_planes(source), av_planes(tmp_path / "out.mkv"), strict=True):
        for mine, its, inside in zip(had, got, (hole, chroma, chroma), strict=True):
            np.testing.assert_array_equal(mine[~inside], its[~inside])
            assert (mine[inside] != its[inside]).mean() > 0.9


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
def test_odd_sizes_go_into_mp4(make, tmp_path, pix_fmt):
    source = make("in.mkv", size=(49, 63), pix_fmt=pix_fmt, codec="ffv1", options={}, count=3)
    warnings = copied(source, tmp_path / "out.mp4")
    for had, got in zip(av_planes(source), av_planes(tmp_path / "out.mp4"), strict=True):
        for mine, its in zip(had, got, strict=True):
            np.testing.assert_array_equal(mine, its)
    lossy = copied(source, tmp_path / "lossy.mp4", Encoding())
    assert ("libvpx-vp9 is used" in "".join(lossy)) == (pix_fmt == "yuv420p"), warnings


@pytest.mark.parametrize("encoding", [Encoding(), Encoding(codec="h264"), Encoding(crf=20)])
def test_odd_sizes_go_into_mov_with_finer_chroma(make, tmp_path, encoding):
    source = make("in.mkv", size=(49, 63), codec="ffv1", options={"g": "1"}, count=3)
    (warning,) = copied(source, tmp_path / "out.mov", encoding)
    assert warning == "libx264 cannot write yuv420p: yuv444p is used"
    assert av_planes(tmp_path / "out.mov")[0][0].shape == (49, 63)


@pytest.mark.parametrize("first, order", [("tff=1", 2), ("bff=1", 3)])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
def test_interlaced_pictures_survive_a_lossless_copy(make, tmp_path, first, order, name):
    # Pictures that x264 wrote: what it gets wrong on the way it does not in noise.
    source = make(
        "in.mkv",
        size=(96, 128),
        count=12,
        options={"crf": "12", "x264-params": first},
        planes=moving_planes,
    )
    assert copied(source, tmp_path / name) == []
    for had, got in zip(av_planes(source), av_planes(tmp_path / name), strict=True):
        for mine, its in zip(had, got, strict=True):
            np.testing.assert_array_equal(mine, its)
    for encoding in (LOSSLESS, Encoding()):
        copied(source, tmp_path / name, encoding)
        with open_video(source) as before, open_video(tmp_path / name) as after:
            assert before.info.field_order == after.info.field_order == order
        with av.open(str(tmp_path / name)) as container:
            frames = list(container.decode(video=0))
        assert all(frame.interlaced_frame for frame in frames)
        assert {top_first(frame) for frame in frames} == {order == 2}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
def test_so_short_a_clip_survives_h265(make, tmp_path, count, name):
    source = make("in.mkv", count=count)
    for _ in range(4):  # x265 may say anything of when such pictures are decoded
        copied(source, tmp_path / name, Encoding(codec="h265", lossless=True))
        with av.open(str(tmp_path / name)) as container:
            times = [(p.pts, p.dts) for p in container.demux(video=0) if p.size]
        assert len(times) == count
        decoded = [dts for _, dts in times if dts is not None]  # Matroska has no such times
        assert decoded == sorted(set(decoded))
        assert all(dts is None or dts <= pts for pts, dts in times)
        for had, got in zip(av_planes(source), av_planes(tmp_path / name), strict=True):
            for mine, its in zip(had, got, strict=True):
                np.testing.assert_array_equal(mine, its)


def raw_frame(pix_fmt: str, seed: int) -> av.VideoFrame:
    frame = av.VideoFrame(64, 48, pix_fmt)
    rng = np.random.default_rng(seed)
    for plane in frame.planes:
        plane.update(rng.integers(0, 256, plane.buffer_size).astype(np.uint8).tobytes())
    return frame


def rows(frame: av.VideoFrame, plane: int, dtype: str = "u1") -> np.ndarray:
    step = frame.planes[plane].line_size // np.dtype(dtype).itemsize
    return np.frombuffer(frame.planes[plane], dtype).reshape(-1, step)


def test_packed_formats_are_laid_out_without_loss():
    nv12 = raw_frame("nv12", 0)
    y, u, v = picture_of(nv12, pts=0, time_base=None).planes
    np.testing.assert_array_equal(y, rows(nv12, 0)[:48, :64])
    np.testing.assert_array_equal(u, rows(nv12, 1)[:24, 0:64:2])
    np.testing.assert_array_equal(v, rows(nv12, 1)[:24, 1:64:2])
    yuyv = raw_frame("yuyv422", 1)
    y, u, v = picture_of(yuyv, pts=0, time_base=None).planes
    np.testing.assert_array_equal(y, rows(yuyv, 0)[:48, 0:128:2])
    np.testing.assert_array_equal(u, rows(yuyv, 0)[:48, 1:128:4])
    np.testing.assert_array_equal(v, rows(yuyv, 0)[:48, 3:128:4])
    rgb = raw_frame("rgb24", 2)
    g, b, r = picture_of(rgb, pts=0, time_base=None).planes
    for plane, channel in ((r, 0), (g, 1), (b, 2)):
        np.testing.assert_array_equal(plane, rows(rgb, 0)[:48, channel:192:3])
    p010 = raw_frame("p010le", 3)
    y, u, _ = picture_of(p010, pts=0, time_base=None).planes
    np.testing.assert_array_equal(y, rows(p010, 0, "<u2")[:48, :64] >> 6)
    np.testing.assert_array_equal(u, rows(p010, 1, "<u2")[:24, 0:64:2] >> 6)
    big = raw_frame("gray16be", 4)
    (y,) = picture_of(big, pts=0, time_base=None).planes
    np.testing.assert_array_equal(y, rows(big, 0, ">u2")[:48, :64])


def test_a_palette_is_looked_up():
    frame = raw_frame("pal8", 5)
    g, b, r = picture_of(frame, pts=0, time_base=None).planes
    colours = np.frombuffer(frame.planes[1], "<u4")[rows(frame, 0)[:48, :64]]
    for plane, shift in ((r, 16), (g, 8), (b, 0)):
        np.testing.assert_array_equal(plane, (colours >> shift) & 255)


def test_a_picture_owns_its_samples():
    frame = av_frame(random_planes((48, 64), "yuv420p", 0), "yuv420p")
    picture = picture_of(frame, pts=0, time_base=Fraction(1, 25))
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    np.testing.assert_array_equal(picture.planes[0], random_planes((48, 64), "yuv420p", 0)[0])


@pytest.mark.parametrize("wide", [True, False])
def test_x264_is_kept_from_code_that_differs_from_run_to_run(monkeypatch, wide):
    monkeypatch.setattr(cv2, "checkHardwareSupport", lambda feature: wide and feature == 13)
    info = VideoInfo((48, 64), "yuv420p", "yuv420p", 8, colour=Colour(range=LIMITED))
    chosen = plan(Path("out.mp4"), info, Encoding())
    parts = chosen.options["x264-params"].split(":")
    assert ("asm=AVX2" in parts) == wide
    assert "videoformat=component" in parts
