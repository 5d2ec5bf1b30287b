from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.masks.check import TOO_SMALL, check, check_edges
from cleanplate.masks.mend import mend, mend_file
from cleanplate.masks.symptoms import is_cut_off, left_over, specks, to_border
from made_fills import mask_picture

SIZE = (120, 160)


def disc(x=80, y=60, radius=24):
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def walk(count=12):
    """A disc that walks to the right."""
    return [disc(40 + 3 * t) for t in range(count)]


def test_good_masks_have_nothing():
    at_the_border = [disc(150, 110)] * 3
    box = np.zeros(SIZE, bool)
    box[20:60, 30:90] = True
    for masks in (walk(), at_the_border, [box], [disc(), box], [np.zeros(SIZE, bool), disc()]):
        assert check(masks, size=SIZE).findings == []


def broken(masks, frame, hole):
    return [*masks[:frame], hole, *masks[frame + 1 :]]


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        (broken(walk(), 5, np.zeros(SIZE, bool)), "jumps and returns in frame 5"),
        (broken(walk(), 5, disc(40 + 15, radius=60)), "jumps and returns in frame 5"),
        (broken(walk(), 5, disc(130, 30)), "jumps and returns in frame 5"),
        (broken(walk(), 5, ~walk()[5]), "inverted in frame 5"),
        ([~hole for hole in walk()], "looks inverted"),
        (broken(walk(), 0, np.ones(SIZE, bool)), "whole picture in frame 0"),
        (broken(walk(), 0, ~disc(60, radius=8)), "nearly everything in frame 0"),
        ([disc(80, 96, 40) & (np.arange(120) < 118)[:, None]] * 4, "cut off"),
        ([disc() & (np.arange(160) < 76)] * 4, "cut off"),
        ([np.random.default_rng(0).random(SIZE) < 0.03], "specks"),
    ],
)
def test_planted_faults_are_found(masks, said):
    findings = check(masks, size=SIZE).findings
    assert any(said in sentence for sentence in findings), findings


def scene(hole):
    """A red thing on a green ground."""
    noise = np.random.default_rng(0).integers(0, 30, (*SIZE, 3))
    ground = np.where(hole[..., None], (180, 40, 40), (40, 120, 50))
    return (ground + noise).astype(np.uint8)


def test_colours_left_beside_a_hole():
    thing = disc(radius=30)
    frame = scene(thing)
    assert left_over(frame, thing) == 0
    assert left_over(frame, disc(radius=20)) > 0.9
    assert left_over(frame, np.zeros(SIZE, bool)) is None
    assert left_over(np.full((*SIZE, 3), 90, np.uint8), thing) is None
    pairs = [(lambda: frame, disc(radius=20))] * 9
    assert check_edges(pairs) > TOO_SMALL


def test_specks_are_patches_and_gaps_alone():
    hole = disc()
    assert not specks(hole).any()
    hole[60, 80], hole[5, 5] = False, True
    np.testing.assert_array_equal(np.argwhere(specks(hole)), [(5, 5), (60, 80)])


@settings(deadline=None, max_examples=30)
@given(gap=st.integers(1, 3), side=st.integers(0, 3))
def test_what_ends_before_the_border_is_drawn_on(gap, side):
    whole = np.rot90(np.ones((60, 60), bool) & disc(30, 0, 24)[:60, :60], side)
    cut = np.rot90(whole, -side).copy()
    cut[:gap] = False
    cut = np.rot90(cut, side)
    assert is_cut_off(cut)
    drawn = to_border(cut)
    assert not is_cut_off(drawn)
    assert (drawn & ~whole).sum() <= 8
    assert to_border(whole) is whole


def test_mending_puts_right_what_is_safe():
    masks, done = walk(), Counter()
    dirty = masks[3].copy()
    dirty[5, 5] = True
    faulty = broken(broken(masks, 3, dirty), 6, np.zeros(SIZE, bool))
    faulty = broken(faulty, 9, ~masks[9])
    mended = list(mend(faulty, done))
    np.testing.assert_array_equal(mended[3], masks[3])
    np.testing.assert_array_equal(mended[9], masks[9])
    assert (mended[6] & masks[6]).sum() > 0.98 * masks[6].sum()
    assert done == {"specks": 1, "missed": 1, "inverted": 1, "border": 0}
    assert check(mended, size=SIZE).findings == []
    for good in (masks, [disc()]):
        again = list(mend(good, Counter()))
        np.testing.assert_array_equal(again, good)


def test_mending_a_file(make, tmp_path):
    video = make("in.mp4", size=SIZE, count=12)
    for number, hole in enumerate(broken(walk(), 6, np.zeros(SIZE, bool))):
        mask_picture(tmp_path / "m" / f"{number:02d}.png", hole)
    assert mend_file(video, tmp_path / "m", tmp_path / "out") == [
        "1 mask filled in from the frames before and after."
    ]
    assert len(list((tmp_path / "out").iterdir())) == 12
    still = mask_picture(tmp_path / "still.png", disc())
    assert mend_file(video, still, tmp_path / "mended.png") == []
    drawn = cv2.imread(str(tmp_path / "mended.png"), cv2.IMREAD_GRAYSCALE) > 0
    np.testing.assert_array_equal(drawn, disc())
    with pytest.raises(cp.BadOutput):
        mend_file(video, still, still)


@pytest.mark.parametrize("clip", ["camel", "libby", "dog"])
def test_annotations_are_good_and_eroded_ones_too_small(shared_data, clip):
    folder = shared_data / "DAVIS"
    holes, frames = [], []
    for path in sorted((folder / "Annotations" / "480p" / clip).glob("*.png"))[:40]:
        holes.append(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0)
        picture = folder / "JPEGImages" / "480p" / clip / f"{path.stem}.jpg"
        frames.append(lambda picture=picture: cv2.imread(str(picture))[..., ::-1])
    assert check(holes, size=holes[0].shape).findings == []
    assert check_edges(zip(frames, holes, strict=True)) < TOO_SMALL
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21))
    small = [cv2.erode(hole.astype(np.uint8), disk) > 0 for hole in holes]
    assert check_edges(zip(frames, small, strict=True)) > TOO_SMALL
