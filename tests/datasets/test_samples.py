"""Training samples depend on their number alone, and are what the paper describes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from cleanplate.datasets import samples as module
from cleanplate.datasets.folders import open_dataset
from cleanplate.datasets.samples import Samples, draw, pick, resize
from cleanplate.errors import BadInput
from cleanplate.masks.draw import draw_holes
from made_training import SIZE, clips, write_clip  # noqa: F401 - a fixture


def made(folder, **options):
    return Samples(open_dataset(folder).clips, options.pop("size", SIZE), **options)


def same(one, other):
    return (
        one.clip == other.clip
        and np.array_equal(one.frames, other.frames)
        and np.array_equal(one.holes, other.holes)
    )


def test_a_sample_is_told_by_its_number(clips):  # noqa: F811
    samples, again = made(clips, seed=3), made(clips, seed=3)
    kept = [samples[number] for number in range(8)]
    for number in (5, 0, 7, 2):  # whatever was made before
        assert same(again[number], kept[number])
    others = made(clips, seed=4)
    assert not all(same(others[number], kept[number]) for number in range(8))
    for one in kept:
        assert one.frames.shape == (5, *SIZE, 3)
        assert one.frames.dtype == np.uint8
        assert one.holes.shape == (5, *SIZE)
        assert one.holes.any(axis=(1, 2)).all()
        assert one.skipped == {}


def test_every_clip_has_its_turn(clips):  # noqa: F811
    samples = made(clips)
    rounds = [[samples[3 * r + n].clip for n in range(3)] for r in range(6)]
    assert all(sorted(names) == ["ant", "bee", "cat"] for names in rounds)
    assert len({tuple(names) for names in rounds}) > 1


def test_numbers_of_frames():
    rng = np.random.default_rng(0)
    picked = [pick(20, 5, rng) for _ in range(400)]
    assert all(len(set(p)) == 5 and sorted(p) == p and p[0] >= 0 and p[-1] < 20 for p in picked)
    in_row = [p for p in picked if p[-1] - p[0] == 4]
    assert 150 < len(in_row) < 250
    assert {p[0] for p in in_row} == set(range(16))
    assert pick(5, 5, rng) == [0, 1, 2, 3, 4]


def test_frames_are_those_of_the_clip_mirrored_or_not(clips):  # noqa: F811
    samples, mirrored = made(clips), []
    by_name = {clip.name: clip.load_frames() for clip in samples.clips}
    for number in range(24):
        one = samples[number]
        for way in (1, -1):
            found = [
                [t for t, frame in enumerate(by_name[one.clip]) if np.array_equal(frame, seen)]
                for seen in one.frames[:, :, ::way]
            ]
            if all(found):
                mirrored.append(way)
                assert sorted(found) == found
    assert len(mirrored) == 24
    assert 5 < mirrored.count(-1) < 19


def test_holes_are_one_shape_per_video():
    numbers, still = [2, 3, 5, 8, 11], 0
    for seed in range(20):
        rng, twin = np.random.default_rng(seed), np.random.default_rng(seed)
        holes = draw(numbers, SIZE, rng)
        family = "moving" if twin.random() < 0.5 else "stationary"
        whole = draw_holes(family, 15, SIZE, seed=int(twin.integers(1 << 31)))
        assert np.array_equal(holes, whole[numbers])
        still += family == "stationary"
    assert 4 < still < 16


def test_sizes_and_depths():
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    wanted = Image.fromarray(picture).resize((96, 48), Image.Resampling.BICUBIC)
    assert np.array_equal(resize(picture, SIZE), np.asarray(wanted))
    assert np.array_equal(resize(picture.astype(np.uint16) * 257, SIZE), np.asarray(wanted))
    assert resize(picture, (40, 50)) is picture


def test_a_broken_clip_is_skipped_and_named(clips, tmp_path):  # noqa: F811
    shutil.copytree(clips, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bee" / "00004.png").write_bytes(b"\x89PNG nothing more")
    write_clip(tmp_path / "few", count=3)
    samples = made(tmp_path, seed=1)
    kept = [samples[number] for number in range(24)]
    told = {sentence for one in kept for sentence in one.skipped.values()}
    assert any("clip bee was skipped" in sentence and "00004.png" in sentence for sentence in told)
    assert "clip few was skipped: it has 3 frames, 5 are needed." in told
    again = made(tmp_path, seed=1)
    assert all(same(again[number], kept[number]) for number in (20, 3, 11))
    for name in ("ant", "bee", "cat"):
        shutil.rmtree(tmp_path / name)
    with pytest.raises(BadInput, match=f"{module.MOST_TRIES} clips in a row.*clip few"):
        made(tmp_path)[0]


def test_videos_are_counted_once(make, tmp_path, monkeypatch):
    make("pan.mp4", size=(48, 64), count=9)
    samples = made(tmp_path, size=(24, 32))
    first = samples[0]
    assert first.frames.shape == (5, 24, 32, 3)
    assert samples._lengths == {0: 9}
    assert same(made(tmp_path, size=(24, 32))[0], first)
