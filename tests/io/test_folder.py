"""Folders of pictures: order, names, depth, transparency, and whole or not at all."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
import tifffile

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io import (
    Encoding,
    open_video,
    open_writer,
    read_video,
    write_picture,
    write_video,
)
from made_clips import times

RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (12, 24, 32, 3)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (3, 24, 32, 3)).astype(np.uint16)


def copied(source, target, encoding=None):
    with (
        open_video(source) as reader,
        open_writer(target, reader, encoding or Encoding()) as writer,
    ):
        for picture in reader:
            writer.write(picture)
        writer.finish()
        return writer.warnings


@pytest.mark.parametrize("frames", [FRAMES, DEEP])
def test_arrays_come_back(tmp_path, frames):
    write_video(tmp_path / "out", frames)
    video = read_video(tmp_path / "out")
    np.testing.assert_array_equal(video.frames, frames)
    assert video.frames.dtype == frames.dtype
    assert video.times_seconds[1] == Fraction(1, 25)
    assert sorted(p.name for p in (tmp_path / "out").iterdir())[0] == "00000.png"


@pytest.mark.parametrize("frames", [FRAMES, DEEP])
def test_arrays_come_back_from_a_lossless_file(tmp_path, frames):
    write_video(tmp_path / "out.mkv", frames, encoding=Encoding(lossless=True), rate=30)
    video = read_video(tmp_path / "out.mkv")
    np.testing.assert_array_equal(video.frames, frames)


def test_numbers_order_the_pictures_and_names_are_kept(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(12):
        write_picture(tmp_path / "in" / f"shot2_{number}.png", FRAMES[number])
    (tmp_path / "in" / ".hidden.png").write_bytes(b"no picture")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    np.testing.assert_array_equal(read_video(tmp_path / "in").frames, FRAMES)
    copied(tmp_path / "in", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"shot2_{n}.png" for n in range(12)}
    np.testing.assert_array_equal(read_video(tmp_path / "out").frames, FRAMES)


def test_transparency_passes_through(tmp_path):
    (tmp_path / "in").mkdir()
    rgba = RNG.integers(0, 256, (24, 32, 4)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "in" / "0.png"), rgba)
    hole = np.zeros((24, 32), bool)
    hole[3:9, 4:11] = True
    with open_video(tmp_path / "in") as reader, open_writer(tmp_path / "out", reader) as writer:
        (picture,) = reader
        writer.write(picture.pasted(np.zeros((24, 32, 3), np.uint8), hole))
        writer.finish()
    got = cv2.imread(str(tmp_path / "out" / "0.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(got[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(got[~hole], rgba[~hole])
    assert not got[hole][:, :3].any()


@pytest.mark.parametrize("array", [DEEP[0], FRAMES[0], DEEP[0, :, :, 0], FRAMES[0, :, :, 0]])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
def test_depth_and_kind_are_kept(tmp_path, array, suffix):
    (tmp_path / "in").mkdir()
    if suffix == ".png":
        write_picture(tmp_path / "in" / "7.png", array)
    else:
        tifffile.imwrite(tmp_path / "in" / f"7{suffix}", array)
    copied(tmp_path / "in", tmp_path / "out")
    kept = tmp_path / "out" / f"7{suffix}"
    if suffix == ".png":
        got = cv2.imread(str(kept), cv2.IMREAD_UNCHANGED)
        got = got[..., ::-1] if got.ndim == 3 else got
    else:
        got = tifffile.imread(kept)
    np.testing.assert_array_equal(got, array)


def test_jpeg_becomes_png_of_the_same_samples(tmp_path):
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "5.jpg"), FRAMES[0])
    copied(tmp_path / "in", tmp_path / "out")
    had = cv2.imread(str(tmp_path / "in" / "5.jpg"))
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "5.png")), had)


def test_a_video_becomes_upright_pictures(make, tmp_path):
    source = make("in.mp4", setup=lambda _, s: s.set_display_rotation(-90), count=3, audio=True)
    warnings = copied(source, tmp_path / "out")
    np.testing.assert_array_equal(read_video(tmp_path / "out").frames, read_video(source).frames)
    assert read_video(tmp_path / "out").frames.shape == (3, 64, 48, 3)
    assert any("the sound" in w and "was left out" in w for w in warnings)


def test_a_folder_becomes_a_video(tmp_path):
    write_video(tmp_path / "in", FRAMES)
    (warning,) = copied(tmp_path / "in", tmp_path / "out.mp4")
    assert "yuv444p is used" in warning
    assert times(tmp_path / "out.mp4") == [Fraction(i, 25) for i in range(12)]
    assert copied(tmp_path / "in", tmp_path / "exact.mp4", Encoding(lossless=True)) == []
    np.testing.assert_array_equal(read_video(tmp_path / "exact.mp4").frames, FRAMES)


def test_sound_is_made_with_a_clip(tmp_path):
    wave = np.sin(np.arange(24000) / 30).astype(np.float32)
    write_video(tmp_path / "out.mp4", FRAMES[:, :, :24], audio=(wave, 48000))
    import av

    with av.open(str(tmp_path / "out.mp4")) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert abs(len(heard) - 24000) <= 2048
    power = np.abs(np.fft.rfft(heard[4096:12288] * np.hanning(8192)))
    assert abs(power.argmax() / 8192 - 1 / (30 * 2 * np.pi)) < 2e-4


def test_pictures_of_two_sizes_are_refused(tmp_path):
    (tmp_path / "in").mkdir()
    write_picture(tmp_path / "in" / "0.png", FRAMES[0])
    write_picture(tmp_path / "in" / "1.png", FRAMES[0, :20])
    with pytest.raises(BadInput, match=r"1\.png is 32x20 gbrp, the first picture 32x24"):
        read_video(tmp_path / "in")


def test_a_broken_picture_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    write_picture(tmp_path / "in" / "0.png", FRAMES[0])
    (tmp_path / "in" / "1.png").write_text("no picture")
    with pytest.raises(BadInput, match=r"1\.png is not a picture"):
        read_video(tmp_path / "in")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    write_video(tmp_path / "in", FRAMES[:2])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(BadOutput, match="not empty"):
        copied(tmp_path / "in", tmp_path / "out")
    with pytest.raises(BadOutput, match="is the input itself"):
        copied(tmp_path / "in", tmp_path / "in")
    with pytest.raises(BadOutput, match="inside the input"):
        copied(tmp_path / "in", tmp_path / "in" / "clean.mp4")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_empty_folder_takes_the_pictures(tmp_path):
    (tmp_path / "out").mkdir()
    write_video(tmp_path / "out", FRAMES[:2])
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_one_picture_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(BadOutput, match="does not exist"):
        write_picture(tmp_path / "no" / "x.png", FRAMES[0])
    with pytest.raises(BadInput, match="Give"):
        write_picture(tmp_path / "x.png", np.zeros((2, 2, 7), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("array", [FRAMES[0], DEEP[0]])
def test_compressed_tiff_frames_pass_through(tmp_path, array):
    (tmp_path / "in").mkdir()
    for number in range(2):
        tifffile.imwrite(tmp_path / "in" / f"{number}.tif", array, compression="lzw")
    copied(tmp_path / "in", tmp_path / "out")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "1.tif"), array)


def test_names_as_people_and_programs_make_them(tmp_path):
    names = ["-3.png", "--help4.png", " 5.png", "a\nb6.png", "ünï7.png", "8'\\\".png"]
    (tmp_path / "in").mkdir()
    for number, name in enumerate(names):
        cv2.imwrite(str(tmp_path / "in" / name), FRAMES[number])
    (tmp_path / "in" / "9.png").mkdir()
    (tmp_path / "in" / "10.png").symlink_to("10.png")
    copied(tmp_path / "in", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(names)


@pytest.mark.parametrize("other", [FRAMES[0, :20], DEEP[0], FRAMES[0, :, :, 0]])
def test_pictures_of_another_kind_are_refused_by_name(tmp_path, other):
    write_video(tmp_path / "in", FRAMES[:3])
    write_picture(tmp_path / "in" / "00001.png", other)
    with pytest.raises(BadInput, match=r"00001.png is .* Give pictures of one size and kind"):
        copied(tmp_path / "in", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
