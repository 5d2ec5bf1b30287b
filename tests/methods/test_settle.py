"""Lone sources follow their neighbours; borders between two motions stay where they are."""

from __future__ import annotations

import numpy as np

from cleanplate.methods.flow_guided.settle import leaders, led
from cleanplate.propagate import Sources
from cleanplate.video import UNSEEN

SIZE = (20, 30)
HOLE = np.zeros(SIZE, bool)
HOLE[5:15, 8:22] = True
ROWS, COLUMNS = np.nonzero(HOLE)
KNOWN = np.ones((4, *SIZE), bool)


def sources(frame=1, dy=0.0, dx=3.25):
    count = len(ROWS)
    y, x = (ROWS + dy).astype(np.float32), (COLUMNS + dx).astype(np.float32)
    return Sources(np.full(count, frame, np.int32), y, x, np.zeros(count, np.float32))


def pixel(row, column):
    return int(np.flatnonzero((row == ROWS) & (column == COLUMNS))[0])


def settled(given, known=KNOWN):
    return led(given, leaders(given, HOLE, known), HOLE)


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sources_that_agree_stay_as_they_are():
    assert_same(settled(sources()), sources())


def test_a_source_in_another_frame_follows_its_neighbours():
    given = sources()
    given.frame[pixel(9, 12)] = 3
    assert_same(settled(given), sources())


def test_a_source_elsewhere_follows_its_neighbours():
    given = sources()
    given.x[pixel(9, 12)] += 6
    assert_same(settled(given), sources())


def test_a_small_step_between_neighbours_is_no_speck():
    given = sources()
    given.x[pixel(9, 12)] += 1
    assert_same(settled(given), given)


def test_a_border_between_two_motions_stays():
    far = np.flatnonzero(COLUMNS >= 15)
    given = sources()
    given.frame[far], given.x[far] = 2, given.x[far] + 9
    assert_same(settled(given), given)


def test_a_line_one_pixel_wide_stays():
    """... but for its ends, which have but one like neighbour of eight."""
    line = np.flatnonzero((COLUMNS == 15) & (ROWS > 5) & (ROWS < 14))
    given = sources()
    given.frame[line] = 2
    after = settled(given)
    np.testing.assert_array_equal(after.frame[line[1:-1]], 2)


def test_nobody_follows_into_a_hole():
    given = sources()
    given.frame[pixel(9, 12)] = 3
    known = KNOWN.copy()
    known[1, 9, 15] = False  # where its neighbours' motion leads
    assert_same(settled(given, known), given)


def test_nobody_follows_off_the_picture():
    given = sources(dx=9.0)
    assert COLUMNS.max() + 9 > SIZE[1] - 1
    lone = pixel(9, 21)
    given.frame[lone] = 3
    assert settled(given).frame[lone] == 3


def test_what_has_no_source_is_left_alone_and_leads_nobody():
    given = sources()
    nothing = [pixel(9, 11), pixel(9, 12), pixel(9, 13)]
    given.frame[nothing] = UNSEEN
    assert_same(settled(given), given)


def test_no_sources_at_all():
    given = sources(frame=UNSEEN)
    assert_same(settled(given), given)
