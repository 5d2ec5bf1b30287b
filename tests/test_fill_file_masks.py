"""Masks of every kind and folders of pictures, through `fill_file`."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

import cleanplate as cp
from cleanplate.io import open_video, read_video, to_coded, write_picture, write_video
from cleanplate.io.colour import to_rgb
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.info import Colour
from cleanplate.io.layout import layout
from made_clips import av_planes, moving_planes
from made_fills import (
    LOSSLESS,
    SIZE,
    SPEC,
    Painter,
    assert_outside_alike,
    boxed,
    mask_picture,
    masks,
)


@pytest.fixture
def written(monkeypatch):
    """The pictures that reach the encoder."""
    noted, write = [], FileWriter.write

    def spy(self, picture):
        noted.append(picture)
        write(self, picture)

    monkeypatch.setattr(FileWriter, "write", spy)
    return noted


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("kind", ["picture", "video"])
def test_masks_are_as_displayed(make, tmp_path, degrees, mirrored, kind):
    def setup(_, stream):
        stream.set_display_rotation(-degrees, hflip=mirrored)

    source = make("in.mp4", setup=setup, count=3)
    shown = np.zeros(SIZE if degrees == 180 else SIZE[::-1], bool)
    shown[3:9, 5:24] = True
    if kind == "picture":
        mask = mask_picture(tmp_path / "mask.png", shown)
    else:
        mask = tmp_path / "mask.mkv"
        white = np.repeat(shown[None, ..., None], 3, 3) * np.uint8(255)
        write_video(mask, np.repeat(white, 3, 0), encoding=LOSSLESS)
    summary = cp.fill_file(
        source, mask, tmp_path / "out.mp4", method=Painter(), encoding=LOSSLESS,
        mask_options=cp.MaskOptions(), provenance=tmp_path / "prov",
    )  # fmt: skip
    assert summary.size == shown.shape
    coded = to_coded(shown, degrees, mirrored=mirrored)
    had, got = av_planes(source), av_planes(tmp_path / "out.mp4")
    assert_outside_alike(had, got, coded, "yuv420p")
    for before, after in zip(had, got, strict=True):
        assert (before[0] != after[0])[coded].mean() > 0.9
    with open_video(tmp_path / "out.mp4") as reader:
        assert (reader.info.rotation, reader.info.mirrored) == (degrees, mirrored)
    drawn = np.asarray(Image.open(tmp_path / "prov" / "00001.png"))
    np.testing.assert_array_equal((drawn == (255, 0, 255)).all(2), shown)


def test_pixel_shape_is_kept(make, tmp_path):
    def setup(_, stream):
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    source = make("in.mp4", setup=setup, count=3)
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=Painter(), encoding=LOSSLESS,
                 mask_options=cp.MaskOptions())  # fmt: skip
    with open_video(tmp_path / "out.mp4") as reader:
        assert reader.info.sample_aspect == Fraction(4, 3)
    changed = av_planes(tmp_path / "out.mp4")[0][0] != av_planes(source)[0][0]
    np.testing.assert_array_equal(changed & ~boxed(), False)
    assert changed[boxed()].mean() > 0.9  # a box counts pixels as stored


# ---- every kind of mask marks the same hole


def stencil(folder, hole):
    """The same hole in the ways that a user may have it: (mask, options)."""
    folder.mkdir()
    white = hole.astype(np.uint8) * np.uint8(255)
    mask_picture(folder / "white.png", hole)
    mask_picture(folder / "black.png", ~hole)
    palette = Image.fromarray(np.where(hole, np.uint8(2), np.uint8(0)))
    palette.putpixel((0, 0), 1)  # another object
    palette.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    palette.save(folder / "palette.png")
    clear = np.dstack([np.zeros((*hole.shape, 3), np.uint8), white])
    Image.fromarray(clear).save(folder / "alpha.png")
    Image.fromarray(white).save(folder / "mask.jpg", quality=95)
    for number in range(3):
        mask_picture(folder / "many" / f"{number}.png", hole)
    write_video(folder / "mask.mp4", np.repeat(white[None, ..., None], 3, 3).repeat(3, 0))
    return {
        "still": (folder / "white.png", {}),
        "inverted": (folder / "black.png", {"invert": True}),
        "palette": (folder / "palette.png", {"object_index": 2}),
        "alpha": (folder / "alpha.png", {}),
        "jpeg": (folder / "mask.jpg", {}),
        "folder": (folder / "many", {}),
        "video": (folder / "mask.mp4", {}),
        "box": (SPEC, {}),
    }


@pytest.mark.parametrize(
    "kind", ["still", "inverted", "palette", "alpha", "jpeg", "folder", "video", "box"]
)
@pytest.mark.parametrize("grown", [0, 3])
def test_every_kind_of_mask(make, tmp_path, kind, grown):
    mask, options = stencil(tmp_path / "m", boxed())[kind]
    source = make("in.mkv", pix_fmt="yuv444p", codec="ffv1", options={}, count=3)
    options = cp.MaskOptions(grow=grown, **options)
    cp.fill_file(source, mask, tmp_path / "out.mkv", method=Painter(), mask_options=options,
                 encoding=LOSSLESS)  # fmt: skip
    had, got = av_planes(source), av_planes(tmp_path / "out.mkv")
    for before, after in zip(had, got, strict=True):
        changed = np.any([b != a for b, a in zip(before, after, strict=True)], axis=0)
        np.testing.assert_array_equal(changed, boxed(pixels=grown))


def test_masks_follow_their_frames(make, tmp_path):
    source = make("in.mkv", pix_fmt="yuv444p", codec="ffv1", options={}, count=5)
    for number in range(5):
        hole = np.zeros(SIZE, bool)
        hole[10:20, 6 * number + 2 : 6 * number + 12] = number != 3
        mask_picture(tmp_path / "m" / f"{number + 1}.png", hole)
    summary = cp.fill_file(source, tmp_path / "m", tmp_path / "out.mkv", method=Painter(),
                           mask_options=cp.MaskOptions(), encoding=LOSSLESS)  # fmt: skip
    assert (summary.frames, summary.filled_frames) == (5, 4)
    assert summary.hole_share == pytest.approx(4 * 100 / (5 * 48 * 64))
    for number, (had, got) in enumerate(
        zip(av_planes(source), av_planes(tmp_path / "out.mkv"), strict=True)
    ):
        rows, columns = np.nonzero(had[0] != got[0])
        if number == 3:
            assert len(rows) == 0
        else:
            assert (columns.min(), columns.max()) == (6 * number + 2, 6 * number + 11)


# ---- folders of pictures


def pictures(kind, count=4):
    rng = np.random.default_rng(0)
    deep = kind in ("png16", "tiff16")
    return rng.integers(0, 65536 if deep else 256, (count, *SIZE, 3)).astype("u2" if deep else "u1")


def frame_folder(folder, kind, first=5):
    folder.mkdir()
    for number, frame in enumerate(pictures(kind), start=first):
        if kind == "tiff16":
            tifffile.imwrite(folder / f"f_{number}.tif", frame)
        elif kind == "jpeg":
            cv2.imwrite(str(folder / f"f_{number}.jpg"), frame[..., ::-1])
        else:
            write_picture(folder / f"f_{number}.png", frame)
    return folder


@pytest.mark.parametrize("kind", ["png8", "png16", "jpeg", "tiff16"])
def test_folders_of_pictures(tmp_path, kind):
    source = frame_folder(tmp_path / "in", kind)
    # Three masks for four frames, counted as the frames are: matched by number.
    for number in (5, 6, 8):
        mask_picture(tmp_path / "m" / f"{number}.png", boxed())
    summary = cp.fill_file(source, tmp_path / "m", tmp_path / "out", method=Painter(),
                           mask_options=cp.MaskOptions())  # fmt: skip
    assert (summary.filled_frames, summary.warnings) == (3, [])
    suffix = ".tif" if kind == "tiff16" else ".png"
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"f_{n}{suffix}" for n in range(5, 9)}
    had, got = read_video(source).frames, read_video(tmp_path / "out").frames
    assert had.dtype == got.dtype
    for index in range(4):
        np.testing.assert_array_equal(got[index][~boxed()], had[index][~boxed()])
        if index == 2:
            np.testing.assert_array_equal(got[index], had[index])
        else:
            assert set(np.unique(got[index][boxed()])) == {200 if got.dtype == "u1" else 200 * 257}


def test_a_folder_becomes_a_lossless_file_and_a_file_a_folder(make, tmp_path):
    source = frame_folder(tmp_path / "in", "png8")
    cp.fill_file(source, SPEC, tmp_path / "out.mkv", method=Painter(), encoding=LOSSLESS)
    had, got = read_video(source).frames, read_video(tmp_path / "out.mkv").frames
    hole = boxed(pixels=4)
    np.testing.assert_array_equal(had[:, ~hole], got[:, ~hole])
    video = make("in.mp4", pix_fmt="yuv444p", count=3)
    cp.fill_file(video, SPEC, tmp_path / "frames", method=Painter())
    frames = read_video(tmp_path / "frames").frames
    np.testing.assert_array_equal(frames[:, ~hole], read_video(video).frames[:, ~hole])
    form = layout("yuv444p")
    level = to_rgb(tuple(np.full((1, 1), v, np.uint8) for v in (188, 128, 128)), form, Colour())
    assert np.abs(frames[:, hole].astype(int) - level[0, 0]).max() <= 1  # 200 of 255 is 188 of 219


def test_a_video_encoders_options_mean_nothing_to_a_folder(tmp_path):
    source = frame_folder(tmp_path / "in", "png8")
    for number, encoding in enumerate(
        [cp.Encoding(codec="h264"), cp.Encoding(crf=20), cp.Encoding(preset="fast")]
    ):
        summary = cp.fill_file(source, SPEC, tmp_path / f"out{number}", method=Painter(),
                               encoding=encoding)  # fmt: skip
        assert "always written without loss" in summary.warnings[0]
    assert cp.fill_file(source, SPEC, tmp_path / "out", encoding=LOSSLESS).warnings == []


# ---- nothing to fill


def test_an_empty_mask_copies_the_file(make, tmp_path):
    source = make("in.mp4", audio=True, time_base=Fraction(1001, 30000))
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(source, mask, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == source.read_bytes()
    assert summary.warnings == ["No frame has a hole: the video is copied as it is."]
    assert (summary.filled_frames, summary.invented, summary.median_distance) == (0, 0, None)
    again = cp.fill_file(source, mask, tmp_path / "out.mkv", encoding=LOSSLESS)
    said = (
        "nothing was filled, but the video is encoded again: the result is .mkv and the video .mp4."
    )
    assert f"No frame has a hole: {said}" in again.warnings
    assert any("were rounded" in w for w in again.warnings)
    for had, got in zip(av_planes(source), av_planes(tmp_path / "out.mkv"), strict=True):
        np.testing.assert_array_equal(had[0], got[0])


def test_an_empty_mask_and_an_encoding(make, tmp_path):
    source = make("in.mp4")
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(source, mask, tmp_path / "out.mp4", encoding=LOSSLESS)
    said = "nothing was filled, but the video is encoded again: an encoding is asked for."
    assert summary.warnings == [f"No frame has a hole: {said}"]


def test_a_still_mask_that_is_empty_costs_no_encoding(make, tmp_path, written):
    def planes(size, pix_fmt, index):  # two shots
        y, u, v = moving_planes(size, pix_fmt, index % 8)
        return (y, u, v) if index < 8 else (20 + y[::-1] // 3, v[::-1], u[::-1])

    source, empty = make("in.mp4", planes=planes, count=16, audio=True), np.zeros(SIZE, bool)
    still = mask_picture(tmp_path / "mask.png", empty)
    told, steps = [], []
    for mask in (still, masks(tmp_path / "many", 16, empty)):  # which are known at their end alone
        name, prov = tmp_path / f"{mask.stem}.mp4", tmp_path / f"{mask.stem}_prov"
        steps.append([])
        told.append(cp.fill_file(source, mask, name, provenance=prov,
                                 progress=lambda *at: steps[-1].append(at)))  # fmt: skip
        assert name.read_bytes() == source.read_bytes()
        assert len(list(prov.iterdir())) == 16
        assert len(written) == (0 if mask == still else 16)
    assert told[0].shots == 2
    assert dataclasses.replace(told[0], seconds=0, output="") == dataclasses.replace(
        told[1], seconds=0, output=""
    )
    assert steps[0] == steps[1]


def test_an_empty_mask_and_a_folder(tmp_path):
    source = frame_folder(tmp_path / "in", "jpeg")
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(source, mask, tmp_path / "out")
    assert summary.warnings == ["No frame has a hole: nothing was filled."]
    np.testing.assert_array_equal(read_video(source).frames, read_video(tmp_path / "out").frames)
