from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cleanplate.shots import CutDetector, cuts

TUNING = ["camel", "bmx-trees", "libby", "car-shadow", "dog"]
JUDGING = ["blackswan", "breakdance", "drift-straight", "horsejump-high", "kite-surf"]
SIZE = (120, 214)


@pytest.fixture(scope="module")
def photographs():
    """Two large pictures to move a small camera over."""
    return [
        cv2.resize(picture, (640, 420), interpolation=cv2.INTER_AREA)
        for picture in (skimage.data.coffee(), skimage.data.astronaut())
    ]


def pan(photograph, count, step=6, top=40):
    height, width = SIZE
    return [photograph[top : top + height, x * step : x * step + width] for x in range(count)]


def no_holes(frames):
    return [np.zeros(f.shape[:2], bool) for f in frames]


def test_a_join_is_a_cut(photographs):
    frames = pan(photographs[0], 5) + pan(photographs[1], 4) + pan(photographs[0], 3, top=200)
    assert cuts(frames, no_holes(frames)) == [0, 5, 9]
    deep = [f.astype(np.uint16) * 257 for f in frames]
    assert cuts(deep, no_holes(deep)) == [0, 5, 9]


def test_what_is_not_a_cut(photographs):
    frames = pan(photographs[0], 8)
    fast = pan(photographs[0], 8, step=50)  # a quarter of the width a frame
    flash = [f.copy() for f in frames]
    flash[4] = np.clip(flash[4] * 1.6 + 30, 0, 255).astype(np.uint8)
    dark = [np.uint8(f * (0.4 if i > 3 else 1)) for i, f in enumerate(frames)]
    crossing = [f.copy() for f in frames]
    for i, f in enumerate(crossing):
        f[20:110, 25 * i : 25 * i + 60] = (200, 30, 30)
    still = [frames[0]] * 4
    black = [np.zeros_like(frames[0])] * 4
    for clip in (frames, fast, flash, dark, crossing, still, black):
        assert cuts(clip, no_holes(clip)) == [0]


@pytest.mark.parametrize("seed", range(5))
def test_holes_have_no_influence(photographs, seed):
    """Whatever lies under the holes, the answer and all that it rests on are the same bits."""
    rng = np.random.default_rng(seed)
    frames = np.stack(pan(photographs[0], 4) + pan(photographs[1], 4))
    holes = np.zeros(frames.shape[:3], bool)
    for hole in holes:
        y, x = rng.integers(0, SIZE[0] - 60), rng.integers(0, SIZE[1] - 80)
        hole[y : y + 60, x : x + 80] = True
        hole |= rng.random(SIZE) < 0.05
    noise = rng.integers(0, 256, frames.shape, dtype=np.uint8)
    other = np.where(holes[..., None], noise, frames)
    first, second = CutDetector(), CutDetector()
    for frame, changed, hole in zip(frames, other, holes, strict=True):
        assert first.is_cut(frame, hole) == second.is_cut(changed, hole)
        assert first._level == second._level
    assert cuts(other, holes) == [0, 4]


def test_nothing_known_is_no_cut(photographs):
    frames = pan(photographs[0], 2) + pan(photographs[1], 2)
    full = [np.ones(SIZE, bool)] * 4
    assert cuts(frames, full) == [0]
    holes = no_holes(frames)
    holes[2] = full[0]  # the cut is noticed as soon as there is something to see
    assert cuts(frames, holes) == [0, 3]


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (37, 53), (1080, 2)])
def test_any_size(size):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (3, *size, 3), dtype=np.uint8)
    assert cuts(frames, np.zeros((3, *size), bool))[0] == 0
    assert cuts(frames[:0], np.zeros((0, *size), bool)) == []


def read(folder, name, part=slice(None)):
    pictures = sorted((folder / "DAVIS/JPEGImages/480p" / name).glob("*.jpg"))[part]
    marks = sorted((folder / "DAVIS/Annotations/480p" / name).glob("*.png"))[part]
    frames = [cv2.imread(str(p))[..., ::-1] for p in pictures]
    return frames, [cv2.imread(str(p)).any(axis=2) for p in marks]


@pytest.mark.parametrize("name", [*TUNING, *JUDGING])
def test_no_false_cut_in_real_clips(shared_data, name):
    frames, holes = read(shared_data, name)
    assert cuts(frames, holes) == [0]


@pytest.mark.parametrize("names", [TUNING, JUDGING])
def test_every_join_of_real_clips_is_found(shared_data, names):
    parts = [read(shared_data, name, slice(20, 24)) for name in [*names, names[0], names[2]]]
    frames = [f for part in parts for f in part[0]]
    holes = [h for part in parts for h in part[1]]
    assert cuts(frames, holes) == list(range(0, len(frames), 4))
