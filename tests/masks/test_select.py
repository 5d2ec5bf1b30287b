"""An object from a box, clicks, or a scribble."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.masks import select as module
from cleanplate.masks.select import select
from cleanplate.masks.ways import FURTHEST, near
from cleanplate.region import bounding_box

SIZE = (90, 120)
TRUTH = np.zeros(SIZE, np.uint8)
cv2.circle(TRUTH, (60, 45), 20, 1, cv2.FILLED)
TRUTH = TRUTH > 0
BOX = (38, 23, 45, 45)


@pytest.fixture
def scene():
    rng = np.random.default_rng(5)
    frame = rng.normal((60, 90, 70), 8, (*SIZE, 3))
    frame[TRUTH] = rng.normal((190, 120, 60), 8, (int(TRUTH.sum()), 3))
    return np.clip(frame, 0, 255).astype(np.uint8)


def iou(one, two):
    return (one & two).sum() / (one | two).sum()


def test_a_box(scene):
    found = select(scene, BOX)
    assert found.dtype == np.bool_
    assert iou(found, TRUTH) > 0.95
    assert (select(scene, BOX) == found).all()


def test_16_bits_are_as_8(scene):
    assert (select(scene.astype(np.uint16) * 257, BOX) == select(scene, BOX)).all()


def test_a_click(scene):
    assert iou(select(scene, inside=[(60, 45)]), TRUTH) > 0.9


def test_a_scribble(scene):
    marks = np.full(SIZE, 128, np.uint8)
    marks[44:47, 48:72], marks[5:8] = 255, 0
    assert iou(select(scene, scribble=marks), TRUTH) > 0.9


def test_clicks_correct_a_box(scene):
    scene[30:40, 20:100] = (190, 120, 60)  # a bar as the disc
    plain = select(scene, (15, 20, 90, 50))
    better = select(scene, (15, 20, 90, 50), outside=[(25, 35), (95, 35)])
    assert not better[35, 25]
    assert not better[35, 95]
    assert iou(better, TRUTH) > iou(plain, TRUTH)


def test_what_is_marked_is_in_and_out(scene):
    found = select(scene, BOX, inside=[(41, 26)], outside=[(60, 45)])
    assert found[26, 41]
    assert not found[45, 60]


def test_large_pictures_are_looked_at_small(scene, monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 45 * 60)
    found = select(scene, BOX)
    assert found.shape == SIZE
    assert iou(found, TRUTH) > 0.9


def test_a_box_that_is_the_picture(scene):
    assert select(scene, (0, 0, 120, 90)).shape == SIZE


def test_a_box_may_reach_beyond_the_picture(scene):
    assert iou(select(scene, (-10, -10, 100, 85)), TRUTH) > 0.9


def refused(said, frame, *box, **more):
    with pytest.raises(BadInput, match=said):
        select(frame, *box, **more)


def test_refusals(scene):
    refused("nothing points", scene)
    refused("nothing points", scene, outside=[(3, 3)])
    refused("beside the picture", scene, (200, 0, 5, 5))
    refused("box is", scene, (0, 0, 0, 5))
    refused("box is", scene, (0, 0, 5))
    refused("a click at 120,3", scene, inside=[(120, 3)])
    refused("the scribble is", scene, scribble=np.zeros((3, 3), np.uint8))
    refused("frame is", scene[..., 0], BOX)


def test_what_moves_is_told_by_other_frames():
    """A disc of the ground's own texture: alone it cannot be seen, but it goes its own way."""
    rng = np.random.default_rng(3)
    ground, thing = (
        np.clip(128 + 300 * cv2.GaussianBlur(rng.normal(0, 1, (*SIZE, 3)), (0, 0), 1.5), 0, 255)
        for _ in range(2)
    )

    def picture(step):
        shift = np.float32([[1, 0, step], [0, 1, step]])
        disc = cv2.warpAffine(TRUTH.astype(np.uint8), shift, SIZE[::-1]) > 0
        moved = cv2.warpAffine(thing, shift, SIZE[::-1])
        return np.where(disc[..., None], moved, ground).astype(np.uint8)

    alone = select(picture(0), BOX)
    better = select(picture(0), BOX, others=[picture(-4), picture(-2), picture(2), picture(4)])
    assert iou(better, TRUTH) > max(0.8, iou(alone, TRUTH))


def test_other_frames_that_are_all_alike_change_nothing(scene):
    assert (select(scene, BOX, others=[scene, scene]) == select(scene, BOX)).all()


@pytest.mark.parametrize("height", [1, 2, 3, 12])
def test_a_box_as_thin_as_a_wire(height):
    rng = np.random.default_rng(4)
    frame = rng.integers(0, 256, (480, 854, 3), np.uint8)
    for y in range(100, 112):
        found = select(frame, (0, y, 854, height))
        assert not found[:y].any() and not found[y + height :].any()


@pytest.mark.parametrize("size", [(480, 854), (720, 1280), (1080, 1920)])
@pytest.mark.parametrize("thick", [1, 2, 5])
def test_a_wire_in_a_box_that_is_no_thicker_is_found_and_nothing_beside_it(size, thick):
    rng = np.random.default_rng(4)
    sky = rng.integers(150, 160, (*size, 3), np.uint8)
    for at in (100, 101, 103):
        frame, box = sky.copy(), np.zeros(size, bool)
        box[at : at + thick] = True
        frame[box] = 30
        across = select(frame, (0, at, size[1], thick))
        down = select(frame.transpose(1, 0, 2), (at, 0, thick, size[1])).T
        for found in (across, down):
            assert found.any() and not (found & ~box).any()


def test_nothing_in_a_box_that_is_thicker_than_a_wire_stays_nothing():
    even = np.full((*SIZE, 3), 90, np.uint8)
    assert not select(even, BOX).any()


def test_pieces_that_lie_near_one_another_are_one():
    found = np.zeros((200, 200), bool)
    found[20:80, 20:80] = found[20:80, 83:85] = found[150:152, 20:80] = True
    tidy = module._tidied(found, np.full(found.shape, cv2.GC_PR_FGD, np.uint8))
    assert tidy[20:80, 83:85].all()
    assert not tidy[150:152].any()


@pytest.mark.parametrize(
    ("clip", "alone", "together"), [("bmx-trees", 0.62, 0.7), ("camel", 0.7, 0.74)]
)
def test_other_frames_help_on_real_clips(shared_data, clip, alone, together):
    """Overlap with the annotation from the box around it: without other frames, and with them."""
    pictures = sorted((shared_data / "DAVIS/JPEGImages/480p" / clip).glob("*.jpg"))
    stretch = [cv2.imread(str(path))[..., ::-1].copy() for path in pictures[: FURTHEST + 1]]
    truth = cv2.imread(str(shared_data / "DAVIS/Annotations/480p" / clip / "00000.png"), 0) > 0
    rows, columns = bounding_box(truth, margin=0)
    box = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    assert iou(select(stretch[0], box), truth) < alone
    assert iou(select(stretch[0], box, others=near(stretch, 0)), truth) > together
