"""Sheets of alignment: what they show, and where they come to lie."""

from __future__ import annotations

import numpy as np

from cleanplate.alignment import (
    ARROW,
    AlignmentMaps,
    Colours,
    alignment_picture,
    alignment_pictures,
    with_arrows,
)
from cleanplate.sheets import EDGE, GAP, STRIP, TILE, together

WIDE = (90, 120)  # half a tile


def clip(count=4, size=WIDE):
    frames = np.full((count, *size, 3), 100, np.uint8)
    frames += (10 * np.arange(count, dtype=np.uint8))[:, None, None, None]
    holes = np.zeros((count, *size), bool)
    holes[:, 30:45, 40:60] = True
    return frames, holes


def seen(t, references, size=(9, 12)):
    rng = np.random.default_rng(0)
    count = len(references)
    offsets = np.zeros((count, *size, 2), np.float32)
    offsets[..., 0] = 2
    maps = rng.normal(size=(1 + 2 * count, *size, 5)).astype(np.float32)
    return AlignmentMaps(t, references, maps[0], maps[1 : 1 + count], maps[1 + count :], offsets)


def tile(sheet, row, column, size=TILE):
    height, width = size
    top = row * (height + STRIP + GAP) + STRIP
    return sheet[top : top + height, column * (width + GAP) :][:, :width]


def test_a_row_for_each_reference():
    frames, holes = clip()
    alignment = seen(2, [0, 3])
    sheet = alignment_picture(alignment, frames, holes, 40)
    assert sheet.shape == (2 * (TILE[0] + STRIP + GAP) - GAP, 5 * (TILE[1] + GAP) - GAP, 3)
    for row, reference in enumerate(alignment.references):
        assert (tile(sheet, row, 0)[5, 5] == frames[2, 0, 0]).all()
        assert (tile(sheet, row, 1)[1, 1] == frames[reference, 0, 0]).all()
        for column in range(5):
            assert (tile(sheet, row, column) == EDGE).all(axis=2).any()
    maps = [tile(sheet, row, column) for row in (0, 1) for column in (2, 3, 4)]
    np.testing.assert_array_equal(maps[0], maps[3])
    assert (maps[1] != maps[4]).any()
    assert (maps[2] != maps[5]).any()


def test_a_clip_of_one_frame_shows_it():
    frames, holes = clip(1)
    assert alignment_picture(seen(0, []), frames, holes).shape == (TILE[0] + STRIP, TILE[1], 3)


def test_arrows_lead_to_where_it_is_looked_for():
    picture = np.zeros((*TILE, 3), np.uint8)
    offsets = np.zeros((9, 12, 2), np.float32)
    offsets[4, 4] = (3, -2)
    drawn = with_arrows(picture, offsets).any(axis=2)
    assert drawn[90, 90]  # the middle of that place
    assert drawn[50, 150]  # three places of 20 pixels to the right, two up
    assert drawn[70, 120]
    assert not drawn[40:60, 30:50].any(axis=0).all()  # elsewhere there are but dots
    far = with_arrows(picture, offsets + np.float32(1e9))
    assert far[..., 0].max() == ARROW[0]


def test_turned_frames_have_turned_sheets():
    """As for a video that is held the other way."""
    frames, holes = clip(4, (60, 120))
    alignment = seen(2, [0, 3], (6, 12))
    turned = np.ascontiguousarray(np.rot90(frames, axes=(1, 2)))
    sheet = alignment_picture(alignment, frames, holes, 0, np.rot90)
    maps = [np.ascontiguousarray(np.rot90(part, axes=axes)) for part, axes in (
        (alignment.target, (0, 1)), (alignment.features, (1, 2)), (alignment.aligned, (1, 2)),
    )]  # fmt: skip
    dx, dy = np.moveaxis(np.rot90(alignment.offsets, axes=(1, 2)), -1, 0)
    offsets = np.stack([dy, -dx], axis=-1)
    other = alignment_picture(
        AlignmentMaps(2, [0, 3], *maps, offsets),
        turned, np.ascontiguousarray(np.rot90(holes, axes=(1, 2))),
    )  # fmt: skip
    assert sheet.shape == other.shape
    assert np.abs(sheet.astype(int) - other).mean() < 12  # arrows and edges are drawn anew


def test_colours_are_those_of_the_target():
    rng = np.random.default_rng(0)
    strong = rng.normal(size=(20, 30, 1)).astype(np.float32)
    target = strong * np.array([3, 4, 0, 0], np.float32) + 0.01 * rng.normal(size=(20, 30, 4))
    picture = Colours(target).picture(target)
    assert picture.dtype == np.uint8
    same = np.corrcoef(picture[..., 0].ravel(), strong.ravel())[0, 1]
    assert abs(same) > 0.98
    np.testing.assert_array_equal(Colours(target).picture(0 * target), Colours(target).picture(
        np.zeros((20, 30, 4))))  # fmt: skip
    narrow = Colours(target[..., :2]).picture(target[..., :2])
    assert not narrow[..., 2].any()
    assert not Colours(0 * target).picture(0 * target).any()


def test_sheets_are_named_by_the_frame_of_the_video(tmp_path):
    frames, holes = clip()
    asked = []

    def alignment_of(frames, holes, t):
        asked.append(t)
        return seen(t, [0, 3])

    with alignment_pictures(tmp_path / "maps", alignment_of, np.asarray) as align:
        together(None, align)(100, frames, holes)
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["00100.png"]
    assert asked == [0]
    with alignment_pictures(None, None, np.asarray) as align:
        assert together(None, align) is None
