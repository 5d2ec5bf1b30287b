"""Files in, files out: only the grown hole changes, everything else comes back as it was."""

from __future__ import annotations

import weakref
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

import cleanplate as cp
from cleanplate import windows
from cleanplate.io import open_video, read_video, to_coded, write_picture, write_video
from cleanplate.io.colour import to_rgb
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.info import Colour
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture
from cleanplate.masks import grow
from cleanplate.video import KNOWN, UNSEEN, Filled, Provenance
from made_clips import av_planes, moving_planes, packets, random_planes, times

SIZE = (48, 64)
LOSSLESS = cp.Encoding(lossless=True)
BOX = (slice(17, 28), slice(21, 38))  # odd on all sides, so that chroma samples straddle it
SPEC = "box:21,17,17,11"
VFR = [0, 40, 80, 200, 210, 333, 1000, 1001, 1500, 2750]  # thousandths of a second


class Painter:
    """A method that paints the hole with one level, and notes the windows that it is given."""

    def __init__(self, level=200, longest_window=96):
        self.level, self.longest_window = level, longest_window
        self.lengths = []

    def fill(self, frames, holes, *, prior=None, progress=None):
        self.lengths.append(len(frames))
        painted = frames.copy()
        painted[holes] = self.level * (257 if frames.dtype == np.uint16 else 1)
        source = np.where(holes, UNSEEN, KNOWN).astype(np.int32)
        return Filled(painted, Provenance(source, np.zeros(holes.shape, np.float16)))


def boxed(size=SIZE, pixels=0):
    hole = np.zeros(size, bool)
    hole[BOX] = True
    return grow(hole, pixels)


def mask_picture(path, hole):
    path.parent.mkdir(exist_ok=True)
    write_picture(path, hole.astype(np.uint8) * np.uint8(255))
    return path


def plane_holes(hole, pix_fmt):
    """The hole at the size of Y, U and V: a chroma sample is inside where any of its luma is."""
    if "444" in pix_fmt:
        return hole, hole, hole
    height, width = hole.shape
    padded = np.pad(hole, ((0, height % 2), (0, width % 2)))
    chroma = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).any((1, 3))
    return hole, chroma, chroma


def poisoned(seed):
    """Planes of a moving texture with noise under the hole."""

    def planes(size, pix_fmt, index):
        clean = moving_planes(size, pix_fmt, index)
        noise = random_planes(size, pix_fmt, 1000 * seed + index)
        inside = plane_holes(boxed(size), pix_fmt)
        return tuple(np.where(h, n, c) for h, n, c in zip(inside, noise, clean, strict=True))

    return planes


def assert_outside_alike(had, got, hole, pix_fmt):
    inside = plane_holes(hole, pix_fmt)
    assert len(had) == len(got)
    for before, after in zip(had, got, strict=True):
        for mine, its, where in zip(before, after, inside, strict=True):
            np.testing.assert_array_equal(mine[~where], its[~where])


@pytest.fixture
def written(monkeypatch):
    """The planes that reach the encoder, noted on their way."""
    noted = []
    write = FileWriter.write

    def spy(self, picture):
        noted.append(tuple(plane.copy() for plane in picture.planes))
        write(self, picture)

    monkeypatch.setattr(FileWriter, "write", spy)
    return noted


# ---- nothing outside the grown hole changes, nothing inside it is read


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "yuv444p10le"])
@pytest.mark.parametrize("grown", [0, 4])
def test_outside_the_grown_hole_every_sample_reaches_the_encoder(
    make, tmp_path, written, pix_fmt, grown
):
    source = make("in.mkv", pix_fmt=pix_fmt, codec="ffv1", options={}, planes=poisoned(1))
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", mask_options=cp.MaskOptions(grow=grown))
    hole = boxed(pixels=grown)
    assert_outside_alike(av_planes(source), written, hole, pix_fmt)
    for before, after in zip(av_planes(source), written, strict=True):
        assert (before[0][hole] != after[0][hole]).mean() > 0.5


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "yuv444p10le"])
@pytest.mark.parametrize("tune", ["removal", "fidelity"])
def test_what_lies_under_the_grown_hole_is_never_read(make, tmp_path, pix_fmt, tune):
    results = []
    for seed in (1, 2):
        source = make("in.mkv", pix_fmt=pix_fmt, codec="ffv1", options={}, planes=poisoned(seed))
        out = tmp_path / f"{seed}.mkv"
        cp.fill_file(source, SPEC, out, tune=tune, encoding=LOSSLESS)
        assert_outside_alike(av_planes(source), av_planes(out), boxed(pixels=4), pix_fmt)
        results.append(av_planes(out))
    for first, second in zip(*results, strict=True):
        for mine, its in zip(first, second, strict=True):
            np.testing.assert_array_equal(mine, its)


def assert_close_to_truth(path, planes=moving_planes):
    """What is filled in is near the texture that noise was put over, whose spread is 30 levels."""
    errors = [
        np.abs(luma.astype(int) - planes(SIZE, "yuv420p", index)[0])[boxed(pixels=4)].mean()
        for index, (luma, _, _) in enumerate(av_planes(path))
    ]
    assert np.mean(errors) < 6
    assert max(errors) < 12


def test_the_fill_is_close_to_the_truth(make, tmp_path):
    source = make("in.mkv", codec="ffv1", options={}, planes=poisoned(1), count=12)
    cp.fill_file(source, SPEC, tmp_path / "out.mkv", encoding=LOSSLESS)
    assert_close_to_truth(tmp_path / "out.mkv")
    with pytest.raises(AssertionError):
        assert_close_to_truth(source)


def test_ten_bits_are_finer_than_eight_in_the_hole(make, tmp_path):
    source = make("in.mkv", pix_fmt="yuv420p10le", codec="ffv1", options={}, planes=poisoned(1))
    cp.fill_file(source, SPEC, tmp_path / "out.mkv", encoding=LOSSLESS)
    filled = np.stack([planes[0][boxed(pixels=4)] for planes in av_planes(tmp_path / "out.mkv")])
    assert set(np.unique(filled % 4)) == {0, 1, 2, 3}
    truth = np.stack(
        [moving_planes(SIZE, "yuv420p10le", i)[0][boxed(pixels=4)] for i in range(len(filled))]
    )
    assert np.abs(filled.astype(int) - truth).mean() < 24


def test_the_same_seed_gives_the_same_file(make, tmp_path):
    source = make("in.mp4", planes=poisoned(1))
    for name in ("a.mp4", "b.mp4"):
        cp.fill_file(source, SPEC, tmp_path / name, seed=3)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


# ---- sound and time


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_and_times_are_kept(make, tmp_path, name):
    base = Fraction(1, 1000)
    source = make("in.mp4", pts=VFR, time_base=base, audio=True, options={"bf": "2"})
    summary = cp.fill_file(source, SPEC, tmp_path / name, method=Painter())
    assert summary.warnings == summary.problems == []
    # Matroska knows no time below zero, where this sound begins: all is moved on alike.
    shift = times(tmp_path / name)[0]
    assert shift == (0 if name == "out.mp4" else Fraction(21, 1000))  # 1024 samples
    assert [time - shift for time in times(tmp_path / name)] == [tick * base for tick in VFR]
    had, got = packets(source, "audio"), packets(tmp_path / name, "audio")
    assert len(had) > 15
    assert [data for data, _ in had] == [data for data, _ in got]


def test_what_the_container_loses_is_said_in_the_summary(make, tmp_path):
    source = make("in.mp4", time_base=Fraction(1001, 30000), audio=True)
    warnings = cp.fill_file(source, SPEC, tmp_path / "out.mkv", method=Painter()).warnings
    assert any("9 of 10 frame times were rounded" in w for w in warnings)
    warnings = cp.fill_file(source, SPEC, tmp_path / "frames", method=Painter()).warnings
    assert any("audio stream 1" in w and "left out" in w for w in warnings)
    webm = cp.fill_file(source, SPEC, tmp_path / "out.webm", method=Painter()).warnings
    assert any("audio stream 1 (aac) cannot be kept in .webm" in w for w in webm)


# ---- masks are painted as the video is displayed


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
        assert "mean nothing for a folder" in summary.warnings[0]
    assert cp.fill_file(source, SPEC, tmp_path / "out", encoding=LOSSLESS).warnings == []


# ---- nothing to fill


def test_an_empty_mask_copies_the_file(make, tmp_path):
    source = make("in.mp4", audio=True, time_base=Fraction(1001, 30000))
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(source, mask, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == source.read_bytes()
    assert summary.warnings == ["The mask is empty: the video is copied as it is."]
    assert (summary.filled_frames, summary.invented, summary.median_distance) == (0, 0, None)
    again = cp.fill_file(source, mask, tmp_path / "out.mkv", encoding=LOSSLESS)
    assert "The mask is empty: nothing was filled." in again.warnings
    assert any("were rounded" in w for w in again.warnings)
    for had, got in zip(av_planes(source), av_planes(tmp_path / "out.mkv"), strict=True):
        np.testing.assert_array_equal(had[0], got[0])


def test_an_empty_mask_and_a_folder(tmp_path):
    source = frame_folder(tmp_path / "in", "jpeg")
    mask = mask_picture(tmp_path / "mask.png", np.zeros(SIZE, bool))
    summary = cp.fill_file(source, mask, tmp_path / "out")
    assert summary.warnings == ["The mask is empty: nothing was filled."]
    np.testing.assert_array_equal(read_video(source).frames, read_video(tmp_path / "out").frames)


# ---- long clips and cuts


def test_a_long_clip_is_filled_window_by_window(make, tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "LONGEST", 12)
    source = make("in.mkv", codec="ffv1", options={}, planes=poisoned(1), count=30)
    steps = []
    summary = cp.fill_file(source, SPEC, tmp_path / "out.mkv", encoding=LOSSLESS,
                           progress=lambda *at: steps.append(at))  # fmt: skip
    assert (summary.frames, summary.shots) == (30, 1)
    assert summary.furthest < 12
    counts = [count for count, _ in steps]
    assert counts == sorted(counts)
    assert steps[-1] == (30, 30)
    assert_close_to_truth(tmp_path / "out.mkv")


@pytest.mark.parametrize("longest, lengths", [(12, [12, 12, 10]), (96, [30])])
def test_windows_are_no_longer_than_the_method_wants(make, tmp_path, longest, lengths):
    source = make("in.mp4", planes=moving_planes, count=30)
    method = Painter(longest_window=longest)
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=method)
    assert method.lengths == lengths


class Counted(np.ndarray):
    """An array that a weak reference can follow."""


def test_only_one_window_of_pictures_is_held(make, tmp_path, monkeypatch):
    source = make("in.mp4", planes=moving_planes, count=60)
    alive, most = weakref.WeakValueDictionary(), []
    rgb = Picture.rgb

    def counted(self):
        frame = rgb(self).view(Counted)
        alive[len(most)] = frame
        most.append(len(alive))
        return frame

    monkeypatch.setattr(Picture, "rgb", counted)
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=Painter(longest_window=12))
    assert len(most) == 60
    assert 12 <= max(most) <= 15


def test_nothing_is_borrowed_across_a_cut(make, tmp_path):
    def planes(size, pix_fmt, index):
        shown = moving_planes(size, pix_fmt, index % 8)
        return shown if index < 8 else tuple(255 - plane // 2 for plane in shown)

    source = make("in.mkv", codec="ffv1", options={}, planes=planes, count=16)
    summary = cp.fill_file(source, SPEC, tmp_path / "out.mkv", encoding=LOSSLESS,
                           provenance=tmp_path / "prov")  # fmt: skip
    assert summary.shots == 2
    assert summary.furthest < 8
    assert_close_to_truth(tmp_path / "out.mkv", planes)
    last = np.asarray(Image.open(tmp_path / "prov" / "00007.png")).astype(int)
    assert not (last[..., 0] > last[..., 2] + 20).any()  # yellow and red: from a frame after


# ---- the summary and the pictures of provenance


def test_the_summary_counts_what_was_done(make, tmp_path):
    source = make("in.mp4", planes=poisoned(1), count=12)
    summary = cp.fill_file(source, SPEC, tmp_path / "out.mp4", provenance=tmp_path / "prov")
    assert (summary.frames, summary.size, summary.filled_frames) == (12, SIZE, 12)
    assert summary.output == str(tmp_path / "out.mp4")
    assert summary.borrowed > 0.9
    assert summary.borrowed + summary.invented == pytest.approx(1)
    assert 1 <= summary.median_distance <= summary.furthest <= 11
    assert summary.seconds > 0
    drawn = sorted((tmp_path / "prov").iterdir())
    assert [p.name for p in drawn] == [f"{n:05d}.png" for n in range(12)]
    first = np.asarray(Image.open(drawn[0])).astype(int)
    hole = boxed(pixels=4)
    grey = (first[..., 0] == first[..., 1]) & (first[..., 1] == first[..., 2])
    assert grey[~hole].all()
    assert not grey[hole].any()
    assert not (first[hole][:, 2] > first[hole][:, 0] + 20).any()  # nothing lies before frame 0


def test_paths_may_be_text_or_relative(make, tmp_path, monkeypatch):
    make("in.mp4", count=3)
    monkeypatch.chdir(tmp_path)
    assert cp.fill_file("in.mp4", SPEC, "out.mp4", method=Painter()).output == "out.mp4"
    assert Path("out.mp4").exists()
