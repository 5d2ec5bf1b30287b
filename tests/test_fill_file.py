"""Files in, files out: only the grown hole changes, everything else comes back as it was."""

from __future__ import annotations

import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cleanplate as cp
from cleanplate import windows
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.picture import Picture
from made_clips import av_planes, moving_planes, packets, random_planes, times
from made_fills import LOSSLESS, SIZE, SPEC, Painter, assert_outside_alike, boxed, plane_holes

VFR = [0, 40, 80, 200, 210, 333, 1000, 1001, 1500, 2750]  # thousandths of a second


def poisoned(seed, grown=0):
    """Planes of a moving texture with noise under the hole."""

    def planes(size, pix_fmt, index):
        clean = moving_planes(size, pix_fmt, index)
        noise = random_planes(size, pix_fmt, 1000 * seed + index)
        inside = plane_holes(boxed(size, pixels=grown), pix_fmt)
        return tuple(np.where(h, n, c) for h, n, c in zip(inside, noise, clean, strict=True))

    return planes


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
        noisy = boxed(pixels=0)
        assert (before[0][noisy] != after[0][noisy]).mean() > 0.5


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "yuv444p10le"])
@pytest.mark.parametrize("tune", ["removal", "fidelity"])
@pytest.mark.parametrize("grown", [0, 5])
def test_what_lies_under_the_grown_hole_is_never_read(make, tmp_path, pix_fmt, tune, grown):
    results = []
    for seed in (1, 2):
        planes = poisoned(seed, grown)
        source = make("in.mkv", pix_fmt=pix_fmt, codec="ffv1", options={}, planes=planes)
        out = tmp_path / f"{seed}.mkv"
        grow = cp.MaskOptions(grow=grown)
        cp.fill_file(source, SPEC, out, tune=tune, encoding=LOSSLESS, mask_options=grow)
        assert_outside_alike(av_planes(source), av_planes(out), boxed(pixels=grown), pix_fmt)
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
    assert np.mean(errors) < 7
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
    assert times(tmp_path / name) == [tick * base for tick in VFR]
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


@pytest.mark.parametrize("longest, lengths", [(12, [12, 8, 8, 8]), (96, [30])])
def test_windows_are_no_longer_than_the_method_wants(make, tmp_path, longest, lengths):
    source = make("in.mp4", planes=moving_planes, count=30)
    method = Painter(longest_window=longest)
    cp.fill_file(source, SPEC, tmp_path / "out.mp4", method=method)
    assert method.lengths == lengths


class Counted(np.ndarray):
    """An array that a weak reference can follow."""


def test_hardly_any_picture_is_held_as_rgb(make, tmp_path, monkeypatch):
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
    assert len(most) >= 60
    assert max(most) <= 6


def test_nothing_is_borrowed_across_a_cut(make, tmp_path):
    def planes(size, pix_fmt, index):
        shown = moving_planes(size, pix_fmt, index % 8)
        y, u, v = shown
        return shown if index < 8 else (20 + y[::-1] // 3, v[::-1], u[::-1])

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
