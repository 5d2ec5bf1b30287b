"""Where sources meet, one fades into the other; far from borders nothing is added."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.album import Album
from cleanplate.methods.flow_guided.feather import across_borders, feathered
from cleanplate.propagate import Sources
from cleanplate.video import UNSEEN

SIZE = (20, 30)
HOLE = np.zeros(SIZE, bool)
HOLE[5:15, 8:22] = True
ROWS, COLUMNS = np.nonzero(HOLE)
EDGE = 15  # sources of columns from here on lie in another frame


def sources(frame):
    return Sources(
        np.asarray(frame, np.int32),
        ROWS.astype(np.float32),
        COLUMNS.astype(np.float32),
        np.zeros(len(ROWS), np.float32),
    )


def two_frames():
    """Right of the edge from another frame, and by another way."""
    given = sources(np.where(COLUMNS < EDGE, 1, 2))
    return given._replace(y=np.where(COLUMNS < EDGE, given.y, given.y + 5).astype(np.float32))


def album(levels=(0, 100, 140), *, poison=0):
    frames = np.stack([np.full((*SIZE, 3), level, np.uint8) for level in levels])
    holes = np.zeros(frames.shape[:3], bool)
    holes[0] = HOLE
    frames[0][HOLE] = poison
    return Album(frames, holes)


def added(sources, album):
    field = np.full((*SIZE, 3), np.nan, np.float32)
    field[HOLE] = feathered(sources, np.zeros((len(ROWS), 3), np.float32), album, 0)
    return field


def one_motion(given, album, i, j, way):
    """Alike in one frame; in two, on one side in time and where the same speed leads."""
    if given.frame[i] == given.frame[j]:
        return np.abs(way[i] - way[j]).max() < 2
    if max(given.frame[i], given.frame[j]) >= len(album.frames):
        return False  # a plate lies in no time
    away = float(given.frame[i]), float(given.frame[j])  # from frame 0
    if away[0] * away[1] <= 0:
        return False
    return np.abs(way[i] / away[0] - way[j] / away[1]).max() * min(np.abs(away)) < 2


def slow_across(given, album):
    """A pixel at a time, in the order that ties are broken: down, up, right, left."""
    index = {pixel: i for i, pixel in enumerate(zip(ROWS.tolist(), COLUMNS.tolist(), strict=True))}
    way = np.stack([given.y - ROWS, given.x - COLUMNS], axis=1)
    leader, share = np.arange(len(ROWS)), np.zeros(len(ROWS), np.float32)
    for (row, column), i in index.items():
        steps = [(d * a, d * b) for d in (1, 2, 3) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        for down, right in steps:
            j = index.get((row + down, column + right))
            if j is None or share[i] or given.frame[i] < 0 or given.frame[j] < 0:
                continue
            if not one_motion(given, album, i, j, way):
                far = max(abs(down), abs(right))
                leader[i], share[i] = j, 0.5 - 0.5 * (far - 0.5) / 3
    return leader, share


def test_both_sides_of_a_border_meet_half_way():
    step = added(two_frames(), album())[10, :, 0]
    shown = np.where(np.arange(SIZE[1]) < EDGE, 100, 140) + step
    jumps = np.abs(np.diff(shown[8:22]))
    assert jumps.max() < 8  # 40 without
    assert abs(shown[8:22].mean() - 120) < 1


def test_beyond_the_reach_of_borders_nothing_is_added():
    step = added(two_frames(), album())
    assert (step[5:15, 8 : EDGE - 3] == 0).all()
    assert (step[5:15, EDGE + 3 : 22] == 0).all()
    assert (step[5:15, EDGE - 3 : EDGE + 3] != 0).all()


@pytest.mark.parametrize("speed", [0.5, 1, 4])
def test_what_a_moving_camera_shows_has_no_borders(speed):
    """Frame after frame of a pan: every source lies where its frame has moved to."""
    frame = 1 + (COLUMNS // max(1, int(speed))) % 2
    pan = sources(frame)
    pan = pan._replace(x=(COLUMNS + speed * frame).astype(np.float32))
    assert (added(pan, album())[HOLE] == 0).all()


def test_past_and_future_meet():
    """The same way led there, but what lies behind and ahead in time may look different."""
    given, between = sources(np.where(COLUMNS < EDGE, 0, 2)), album()
    holes = np.zeros_like(between.holes)
    holes[1] = HOLE
    field = feathered(given, np.zeros((len(ROWS), 3), np.float32), Album(between.frames, holes), 1)
    assert (np.abs(field[(COLUMNS >= EDGE - 3) & (COLUMNS < EDGE + 3)]) > 0).any()


def test_sources_off_the_picture_are_none():
    """Right of the edge the sources begin at the border of their frame: left of it is nothing."""
    given = two_frames()
    x = np.where(COLUMNS < EDGE, given.x, COLUMNS - EDGE).astype(np.float32)
    step = added(given._replace(x=x), album())
    assert (step[5:15, :EDGE] == 0)[HOLE[5:15, :EDGE]].all()
    assert (step[5:15, EDGE : EDGE + 3] != 0).all()


def test_what_corrects_the_other_side_counts():
    """Two sources that a correction has made equal leave nothing to fade."""
    evened = np.where(COLUMNS < EDGE, 40, 0)[:, None] * np.ones(3, np.float32)
    np.testing.assert_array_equal(feathered(two_frames(), evened, album(), 0), evened)


def test_no_source_is_neither_changed_nor_looked_at():
    given = sources(np.where(COLUMNS < EDGE, 1, UNSEEN))
    assert (added(given, album())[HOLE] == 0).all()


def test_what_lies_under_the_hole_is_never_read():
    """Sources of another place that, moved across the border, lead into a hole."""
    frame, moved = two_frames(), COLUMNS >= EDGE
    into = frame._replace(
        frame=np.where(moved, 0, 1).astype(np.int32),
        x=np.where(moved, frame.x + 7, frame.x).astype(np.float32),
    )
    black, white = (added(into, album(poison=level)) for level in (0, 255))
    np.testing.assert_array_equal(black, white)


@given(seed=st.integers(0, 2**32 - 1), kinds=st.integers(1, 4))
def test_as_one_pixel_at_a_time(seed, kinds):
    """Against the slow way, on random patches of frames, ways and no source at all."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, kinds, (4, 6)).repeat(5, axis=0).repeat(5, axis=1)[HOLE]
    frame = rng.integers(UNSEEN, 4, kinds)[kind]
    way = rng.uniform(-4, 4, kinds).astype(np.float32)[kind]
    patchy = sources(frame)
    patchy = patchy._replace(x=patchy.x + way)
    (leader, share), (slow_leader, slow_share) = (
        look(patchy, album()) for look in (lambda *given: across_borders(*given, 0), slow_across)
    )
    np.testing.assert_array_equal(leader, slow_leader)
    np.testing.assert_allclose(share, slow_share, rtol=1e-6)
