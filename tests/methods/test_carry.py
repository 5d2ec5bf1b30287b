"""What a complete frame shows, carried along the flow to what no frame shows."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.methods.flow_guided.carry import SourceMap, carry
from cleanplate.propagate import Sources
from cleanplate.video import UNSEEN

SIZE = (60, 80)
COUNT = 9
FLOWS = [(0, 0), (2, -1), (-3, 2), (1.3, -0.6), (0.4, 0.25)]  # (dx, dy) of the scene a frame
NUMBER = 42  # by which the complete frame is called


def constant(flow, count=COUNT):
    forward = np.full((count - 1, *SIZE, 2), flow, np.float32)
    return forward, -forward


def still_in_the_scene(flow):
    """A box that goes where the scene goes, in the middle of the picture in frame 4."""
    holes = np.zeros((COUNT, *SIZE), bool)
    for t, hole in enumerate(holes):
        left, top = (round(start + v * (t - 4)) for start, v in zip((30, 20), flow, strict=True))
        hole[top : top + 20, left : left + 20] = True
    return holes


def nothing_seen(holes):
    none = [np.zeros(int(hole.sum()), np.float32) for hole in holes]
    return [Sources(np.full(len(n), UNSEEN, np.int32), n, n, n) for n in none]


def inner(hole):
    """Which of the hole's pixels are two or more from its edge."""
    rows, columns = np.nonzero(hole)
    near = (rows - rows.min(), rows.max() - rows, columns - columns.min(), columns.max() - columns)
    return np.minimum.reduce(near) >= 2


@pytest.mark.parametrize("at", [0, 4, COUNT - 1])
@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_unseen_pixels_point_to_the_very_place(flow, at):
    """In the past and the future, at whole pixels and between them."""
    holes = still_in_the_scene(flow)
    shown = SourceMap(NUMBER, SIZE)
    carried = carry(*constant(flow), holes, nothing_seen(holes), at, shown)
    assert len(carried) == COUNT
    for t, (sources, hole) in enumerate(zip(carried, holes, strict=True)):
        assert [len(part) for part in sources] == [hole.sum()] * 4
        assert [part.dtype for part in sources] == [np.int32, *[np.float32] * 3]
        met = sources.frame >= 0
        assert met[inner(hole)].all()
        assert (sources.frame[met] == NUMBER).all()
        rows, columns = (place[met] for place in np.nonzero(hole))
        np.testing.assert_allclose(sources.y[met], rows + flow[1] * (at - t), atol=1e-3)
        np.testing.assert_allclose(sources.x[met], columns + flow[0] * (at - t), atol=1e-3)


@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_what_the_complete_frame_borrowed_itself_is_passed_on(flow):
    """Its pixels come from five rows below and seven columns to the left, of two frames."""
    holes, shown = still_in_the_scene(flow), SourceMap(4, SIZE)
    rows, columns = (place.astype(np.float32) for place in np.nonzero(holes[4]))
    frames = np.where(rows < 30, 1, 7).astype(np.int32)
    shown.set(holes[4], Sources(frames, rows + 5, columns - 7, rows / 10))
    for t, sources in enumerate(carry(*constant(flow), holes, nothing_seen(holes), 4, shown)):
        deep = inner(holes[t])
        rows, columns = (place[deep] for place in np.nonzero(holes[t]))
        y, x = rows + flow[1] * (4 - t), columns + flow[0] * (4 - t)
        np.testing.assert_allclose(sources.y[deep], y + 5, atol=1e-3)
        np.testing.assert_allclose(sources.x[deep], x - 7, atol=1e-3)
        clear = np.abs(y - 29.5) > 0.1  # of where it is a matter of rounding
        nearest = np.rint(y)[clear]
        np.testing.assert_array_equal(sources.frame[deep][clear], np.where(nearest < 30, 1, 7))
        np.testing.assert_allclose(sources.residual[deep][clear], nearest / 10, atol=1e-5)


def test_the_complete_frame_takes_its_own():
    """Where it shows nothing itself, nothing is passed on."""
    holes, shown = still_in_the_scene((2, -1)), SourceMap(NUMBER, SIZE)
    shown.fields.frame[:30] = UNSEEN
    carried = carry(*constant((2, -1)), holes, nothing_seen(holes), 4, shown)
    for part, expected in zip(carried[4], shown.at(holes[4]), strict=True):
        np.testing.assert_array_equal(part, expected)
    for t, sources in enumerate(carried):
        deep = inner(holes[t])
        met = np.where(np.nonzero(holes[t])[0] - (4 - t) < 30, UNSEEN, NUMBER)
        np.testing.assert_array_equal(sources.frame[deep], met[deep])


@pytest.mark.parametrize("at", [0, 4, COUNT - 1])
def test_pixels_with_a_source_keep_it(at):
    """... also in the complete frame; and what was given is left as it was."""
    holes, rng = still_in_the_scene((2, -1)), np.random.default_rng(0)
    borrowed = []
    for hole in holes:
        count = int(hole.sum())
        has = np.nonzero(hole)[1] - np.nonzero(hole)[1].min() < 8
        frames = np.where(has, rng.integers(0, COUNT, count), UNSEEN).astype(np.int32)
        borrowed.append(Sources(frames, *rng.uniform(0, 50, (3, count)).astype(np.float32)))
    before = [[part.copy() for part in sources] for sources in borrowed]
    carried = carry(*constant((2, -1)), holes, borrowed, at, SourceMap(NUMBER, SIZE))
    for was, given, sources in zip(before, borrowed, carried, strict=True):
        has = was[0] >= 0
        for old, same, new in zip(was, given, sources, strict=True):
            np.testing.assert_array_equal(same, old)
            np.testing.assert_array_equal(new[has], old[has])
        assert (sources.frame[~has] == NUMBER).mean() > 0.8


def test_frames_without_a_hole_and_what_leaves_the_picture():
    """All of every other frame is lost: met by what stays inside the picture all the way."""
    count = 5
    holes = np.ones((count, *SIZE), bool)
    carried = carry(*constant((8, 0), count), holes, nothing_seen(holes), 4, SourceMap(4, SIZE))
    columns = np.arange(SIZE[1])
    for t, sources in enumerate(carried):
        inside = columns + 8 * (4 - t) < SIZE[1]
        met = sources.frame.reshape(SIZE) >= 0
        np.testing.assert_array_equal(met, np.broadcast_to(inside, SIZE))
    holes[1] = False  # the way of frame 0 ends there: what lies beyond is known to others
    carried = carry(*constant((8, 0), count), holes, nothing_seen(holes), 4, SourceMap(4, SIZE))
    assert len(carried[1].frame) == 0
    assert (carried[0].frame == UNSEEN).all()
    assert (carried[2].frame == 4).any()


@pytest.mark.parametrize(("off", "followed"), [(15, True), (25, False)])
def test_only_a_hopeless_way_is_not_followed(off, followed):
    holes = still_in_the_scene((2, -1))
    forward, backward = constant((2, -1))
    backward[..., 0] += off
    carried = carry(forward, backward, holes, nothing_seen(holes), COUNT - 1, SourceMap(0, SIZE))
    assert (carried[COUNT - 2].frame >= 0).any() == followed


def test_a_map_shows_itself_until_it_is_set():
    shown = SourceMap(NUMBER, (4, 5))
    sources = shown.at(np.array([3, 0]), np.array([1, 4]))
    assert [part.tolist() for part in sources] == [[NUMBER] * 2, [3, 0], [1, 4], [0, 0]]
    where = np.zeros((4, 5), bool)
    where[1, 2:4] = True
    given = Sources(np.array([7, UNSEEN], np.int32), *np.float32([[0.5, 1], [2, 3], [4, 5]]))
    shown.set(where, given)
    for part, expected in zip(shown.at(where), given, strict=True):
        np.testing.assert_array_equal(part, expected)
    assert (shown.fields.frame[~where] == NUMBER).all()
