"""Sheets of attention: what they show, of which frames, and where they come to lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.errors import BadOutput
from cleanplate.gaze import SHOWN, Gaze, Head, attention_pictures, gaze_picture
from cleanplate.sheets import GAP, MOST, SPACING, STRIP, TILE, Spread

WIDE = (90, 120)  # half a tile


def clip(count=8, size=WIDE):
    frames = np.full((count, *size, 3), 100, np.uint8)
    holes = np.zeros((count, *size), bool)
    holes[:, size[0] // 3 : size[0] // 2, size[1] // 3 : size[1] // 2] = True
    return frames, holes


def looking(t, frames, bright=(2, 0, 1), grid=(2, 3)):
    """A gaze of one head from frame t, all of it on one patch (frame, row, column)."""
    heat = np.zeros((len(frames), *grid), np.float32)
    heat[bright] = 1
    asking = np.zeros(grid, bool)
    asking[1, 1] = True
    return Gaze(t, list(range(len(frames))), [Head(asking, heat)])


def tiles(sheet, rows=1, columns=1 + SHOWN, tile=TILE):
    """The pictures of a sheet, without titles and gaps, (rows, columns, H, W, 3)."""
    height, width = tile
    assert sheet.shape == (
        rows * (height + STRIP + GAP) - GAP, columns * (width + GAP) - GAP, 3
    )  # fmt: skip
    return np.array(
        [
            [
                sheet[r * (height + STRIP + GAP) + STRIP :, c * (width + GAP) :][:height, :width]
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def test_the_patch_that_is_attended_to_glows():
    frames, holes = clip()
    first, most, *others = tiles(gaze_picture(looking(5, frames), frames, holes))[0]
    assert most[20, 120].min() > 150  # row 0, column 1 of 2 x 3 patches
    dark = np.delete(most[20], np.s_[75:165], axis=0)
    assert dark.max() < 100
    assert all(np.array_equal(other, others[0]) for other in others)
    assert first[130, 120].tolist() == [100, 100, 100]  # the frame that asks is as it is


def test_even_attention_glows_nowhere_and_colours_are_those_of_the_share():
    frames, holes = clip()
    gaze = looking(5, frames)
    heat = np.full((8, 2, 3), 1 / 48, np.float32)
    heat[3], heat[6] = 1.5 / 48, 0.5 / 48
    shown = tiles(gaze_picture(Gaze(5, gaze.looked_at, [Head(gaze.heads[0].asking, heat)]),
                               frames, holes))  # fmt: skip
    red = [int(tile[150, 20, 0]) - int(tile[150, 20, 1]) for tile in shown[0]]
    assert red[1] > 20  # frame 3 comes first, though far from the brightest that can be
    assert red[0] == 0 and not any(red[2:])


def test_a_row_for_every_head_and_deep_frames_too():
    frames, holes = clip()
    gaze = looking(0, frames)
    two = Gaze(0, gaze.looked_at, gaze.heads * 2)
    sheet = gaze_picture(two, frames, holes)
    tiles(sheet, rows=2)
    deep = gaze_picture(two, frames.astype(np.uint16) * 257, holes)
    np.testing.assert_array_equal(sheet, deep)


def test_sheets_are_upright():
    """Turned frames, holes and patches make the sheet of the turned clip."""
    frames, holes = clip()
    gaze = looking(5, frames)
    turned = [np.rot90(some, axes=(1, 2)) for some in (frames, holes)]
    heads = [Head(np.rot90(h.asking), np.rot90(h.heat, axes=(1, 2))) for h in gaze.heads]
    sheet = gaze_picture(gaze, frames, holes, 0, np.rot90)
    np.testing.assert_array_equal(sheet, gaze_picture(Gaze(5, gaze.looked_at, heads), *turned))


@pytest.mark.parametrize("count", [1, 7, 60, 61, 1000, 54321])
def test_a_few_numbers_are_kept_spread_evenly(count):
    spread, drawn, kept = Spread(), 0, set()
    for number in range(3, 3 + count):
        if spread.is_due(number):
            drawn += 1
            kept.add(number)
            kept.difference_update(spread.keep(number))
    assert sorted(kept) == spread.kept
    assert spread.kept[0] == 3
    assert len(kept) == (count - 1) // SPACING + 1 or MOST // 2 <= len(kept) <= MOST
    assert len(set(np.diff(spread.kept))) <= 1
    assert drawn <= 100


def test_sheets_are_named_by_the_frame_of_the_video(tmp_path):
    asked = []

    def gaze_of(frames, holes, t):
        asked.append(t)
        return looking(t, frames)

    with attention_pictures(tmp_path / "maps", gaze_of, np.asarray) as attend:
        frames, holes = clip(20)
        holes[:3] = False
        attend(1000, frames, holes)
        attend(1016, frames, holes)  # the next window begins before the last one ends
        assert not (tmp_path / "maps").exists()
    names = sorted(path.name for path in (tmp_path / "maps").iterdir())
    numbers = [1003, 1008, 1013, 1018, 1023, 1028, 1033]
    assert names == [f"{number:05d}.png" for number in numbers]
    assert asked == [3, 8, 13, 18, 7, 12, 17]
    tiles(cv2.imread(str(tmp_path / "maps" / names[0])))


def test_a_long_video_leaves_no_more_than_a_few(tmp_path):
    with attention_pictures(
        tmp_path, lambda f, h, t: looking(t, f, (0, 0, 0)), np.asarray
    ) as attend:
        for first in range(0, 400, 4):
            attend(first, *clip(4, (9, 12)))
    assert MOST // 2 <= len(list(tmp_path.iterdir())) <= MOST


def test_nothing_half_drawn_stays(tmp_path):
    def fails():
        with attention_pictures(tmp_path / "maps", looking, np.asarray):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine.txt").touch()
    with (
        pytest.raises(BadOutput, match="not empty"),
        attention_pictures(tmp_path, looking, np.asarray),
    ):
        pass
    with attention_pictures(None, None, np.asarray) as attend:
        assert attend is None
