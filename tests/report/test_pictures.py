from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.report.pictures import (
    GAP,
    TITLE,
    mask_overlay,
    side_by_side,
)


def test_panels_keep_their_pixels():
    rng = np.random.default_rng(0)
    left, right = (
        rng.integers(0, 256, shape, dtype=np.uint8) for shape in [(20, 90, 3), (16, 70, 3)]
    )
    row = side_by_side([left, right])
    assert row.shape == (20, 90 + GAP + 70, 3)
    assert np.array_equal(row[:, :90], left)
    assert np.array_equal(row[2:18, 90 + GAP :], right)
    titled = side_by_side([left, right], ["before", "after, a very long title indeed"])
    assert np.array_equal(titled[TITLE:], row)
    assert (titled[:TITLE, :90] > 100).any()
    assert (titled[:TITLE, 90 : 90 + GAP] < 100).all()  # a long title stays above its panel
    with pytest.raises(BadInput, match="Give at least one"):
        side_by_side([], [])
    with pytest.raises(BadInput, match="a title for each"):
        side_by_side([left], ["a", "b"])


def test_overlay_changes_the_hole_only():
    frame = np.full((12, 12, 3), 80, np.uint8)
    hole = np.zeros((12, 12), bool)
    hole[3:9, 4:10] = True
    picture = mask_overlay(frame, hole)
    assert np.array_equal(picture[~hole], frame[~hole])
    assert (picture[3, 4:10] == 255).all()
    assert picture[5, 6].tolist() == [60, 155, 85]
    assert (frame == 80).all()
