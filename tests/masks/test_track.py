"""Following an object through clips whose truth is known: forwards, back, corrected, over cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

import cleanplate as cp
from cleanplate.errors import BadInput
from cleanplate.masks.follow import backwards as back

SIZE = (96, 144)


def iou(one, two):
    return (one & two).sum() / max((one | two).sum(), 1)


def scene(count, *, start=20, step=3, background="coffee", pole=None):
    """A disc of one photograph moves to the right over another; returns frames and truth."""
    back = getattr(skimage.data, background)()[100 : 100 + SIZE[0], 150 : 150 + SIZE[1]]
    disc = cv2.circle(np.zeros((36, 36), np.uint8), (18, 18), 16, 1, cv2.FILLED) > 0
    look = skimage.data.astronaut()[20:56, 200:236] // 2 + np.array([100, 0, 0], np.uint8)
    frames, truth = [], []
    for t in range(count):
        frame, mask = back.copy(), np.zeros(SIZE, bool)
        left = start + step * t
        room = max(0, min(36, SIZE[1] - left))  # what is further right is out of the picture
        frame[30:66, left : left + room][disc[:, :room]] = look[:, :room][disc[:, :room]]
        mask[30:66, left : left + room] = disc[:, :room]
        if pole is not None:
            frame[:, pole : pole + 8] = (30, 160, 40)
            mask[:, pole : pole + 8] = False
        frames.append(frame)
        truth.append(mask)
    return np.stack(frames), np.stack(truth)


def test_forwards():
    frames, truth = scene(12)
    found = cp.track(frames, truth[0], grow=0)
    assert found.shape == truth.shape
    assert found.dtype == np.bool_
    assert (found[0] == truth[0]).all()
    assert min(iou(*pair) for pair in zip(found, truth, strict=True)) > 0.85


def test_backwards_and_from_the_middle_and_16_bits():
    frames, truth = scene(10)
    deep = frames.astype(np.uint16) * 257
    found = cp.track(deep, truth[6], at=6, grow=0)
    assert min(iou(*pair) for pair in zip(found, truth, strict=True)) > 0.75
    assert (found == cp.track(frames, truth[6], at=6, grow=0)).all()


def test_back_in_parts_is_back_in_one(monkeypatch):
    frames, truth = scene(9)
    whole = cp.track(frames, truth[8], at=8)
    monkeypatch.setattr(back, "_HELD", 3)
    monkeypatch.setattr(back, "_KEPT_BYTES", 0)
    assert (cp.track(frames, truth[8], at=8) == whole).all()


def test_an_object_comes_out_from_behind_a_pole():
    frames, truth = scene(20, step=4, start=10, pole=70)
    found = cp.track(frames, truth[0], grow=0)
    assert iou(found[6], truth[6]) > 0.85  # about to go behind it
    assert iou(found[-1], truth[-1]) > 0.9


def test_generous_masks_lose_little_of_the_object():
    frames, truth = scene(8)
    found = cp.track(frames, truth[0])
    assert (found & truth).sum() / truth.sum() > 0.98
    assert found[1:].sum() <= 2 * truth[1:].sum()


def test_the_same_input_gives_the_same_masks():
    frames, truth = scene(6)
    assert (cp.track(frames, truth[0]) == cp.track(frames, truth[0])).all()


def test_corrections_are_taken_as_they_are_and_carried_both_ways():
    frames, truth = scene(12)
    wrong = np.zeros_like(truth[0])
    wrong[70:90, 100:120] = True  # a piece of the background
    found = cp.track(frames, {0: wrong, 6: truth[6]}, grow=0)
    assert (found[6] == truth[6]).all()
    assert min(iou(found[t], truth[t]) for t in range(6, 12)) > 0.85
    assert iou(found[5], truth[5]) > 0.5
    assert (found[0] == wrong).all()


def test_an_empty_mask_says_that_the_object_is_gone():
    frames, truth = scene(9)
    gone = np.zeros_like(truth[0])
    told = cp.track(frames, {0: truth[0], 4: gone}, grow=0, confidence=True)
    assert told.holes[3].any()
    assert not told.holes[4:].any()
    assert (told.confidence[4:] == 1).all()
    back = cp.track(frames, {0: gone, 8: truth[8]}, grow=0)
    assert not back[0].any()
    assert iou(back[3], truth[3]) > 0.8


def test_nothing_is_carried_over_a_cut():
    frames, truth = scene(8)
    other, there = scene(8, background="chelsea", start=50, step=-2)
    joined, marks = np.concatenate([frames, other]), np.concatenate([truth, there])
    told = cp.track(joined, marks[2], at=2, grow=0, confidence=True)
    assert told.cuts == [8]
    assert not told.holes[8:].any()
    assert (told.confidence[8:] == 0).all()
    assert (told.confidence[:8] > 0.5).all()
    both = cp.track(joined, {2: marks[2], 12: marks[12]}, grow=0)
    assert min(iou(*pair) for pair in zip(both, marks, strict=True)) > 0.8


def test_an_object_leaves_the_picture():
    frames, truth = scene(12, start=60, step=12)
    found = cp.track(frames, truth[0], grow=0, confidence=True)
    assert not found.holes[-1].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (33, 17)])
def test_pictures_of_any_size(size):
    frames = np.random.default_rng(0).integers(0, 256, (3, *size, 3)).astype(np.uint8)
    mask = np.zeros(size, bool)
    mask[: size[0] // 2 + 1, : size[1] // 2 + 1] = True
    assert cp.track(frames, mask).shape == (3, *size)


def test_a_full_mask_stays_full():
    frames, _ = scene(3)
    assert cp.track(frames, np.ones(SIZE, bool)).mean() > 0.95


def test_progress_counts_both_ways():
    frames, truth = scene(6)
    seen = []
    cp.track(frames, truth[4], at=4, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen[:6]] == [1, 2, 3, 4, 5, 6]
    assert seen[-1] == (10, 10)


@pytest.mark.parametrize(
    ("frames", "masks", "said"),
    [
        (np.zeros((2, 8, 8), np.uint8), np.ones((8, 8), bool), "frames have shape"),
        (np.zeros((2, 8, 8, 3)), np.ones((8, 8), bool), "frames are float64"),
        (np.zeros((2, 8, 8, 3), np.uint8), np.zeros((8, 8), bool), "is empty"),
        (np.zeros((2, 8, 8, 3), np.uint8), np.ones((4, 8), bool), "Give bool"),
        (np.zeros((2, 8, 8, 3), np.uint8), {2: np.ones((8, 8), bool)}, "from 0 to 1"),
    ],
)
def test_refusals(frames, masks, said):
    with pytest.raises(BadInput, match=said):
        cp.track(frames, masks)
    with pytest.raises(BadInput, match="grow is 'much'"):
        cp.track(np.zeros((2, 8, 8, 3), np.uint8), np.ones((8, 8), bool), grow="much")
