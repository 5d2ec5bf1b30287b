"""What no frame shows: invented once, and carried."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.album import Album, Plate
from cleanplate.flow.behind import Motion
from cleanplate.flow.camera import CameraMotion
from cleanplate.methods.flow_guided.unseen import carry_keys, carry_plates, invent
from cleanplate.propagate import INVENTED, Sources
from cleanplate.video import KNOWN, UNSEEN

SIZE = (60, 80)
COUNT = 7
STEP = (2, -1)  # pixels that the camera moves a frame


def holes_in_scene(count=COUNT, side=16):
    """A square that stays where it is in the scene, while the camera moves."""
    holes = np.zeros((count, *SIZE), bool)
    for t, hole in enumerate(holes):
        top, left = 20 - STEP[1] * t, 40 - STEP[0] * t
        hole[top : top + side, left : left + side] = True
    return holes


def motion_of(count=COUNT, off=0.0):
    """The flow of that pan; forward and backward disagree by `off` pixels."""
    forward = np.full((count - 1, *SIZE, 2), (-STEP[0], -STEP[1]), np.float32)
    camera = CameraMotion(np.tile(np.eye(3, dtype=np.float32), (count - 1, 1, 1)), SIZE)
    return Motion(forward, -forward + np.float32(off), camera, camera)


def nothing_seen(holes):
    none = [np.zeros(int(hole.sum()), np.float32) for hole in holes]
    return [Sources(np.full(len(n), UNSEEN, np.int32), n, n, n) for n in none]


@pytest.fixture(scope="module")
def album(pan):
    return Album(pan(COUNT, STEP, size=SIZE), holes_in_scene())


def assert_from_known_pixels(album, sources):
    """Every source lies at whole pixels of a frame, outside its hole."""
    frame, y, x = sources[:3]
    assert (frame >= 0).all()
    assert (frame < COUNT).all()
    rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
    np.testing.assert_array_equal(y, rows)
    np.testing.assert_array_equal(x, columns)
    assert not album.holes[frame, rows, columns].any()


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        for part, twin in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, twin)


@pytest.mark.parametrize("seed", [0, 5])
def test_an_invention_moves_with_the_scene(album, seed):
    """The hole's pixels correspond in row order: they point to the same places everywhere."""
    invented = invent(album, motion_of(), nothing_seen(album.holes), seed=seed)
    assert_from_known_pixels(album, invented[0])
    assert (invented[0].residual == INVENTED).all()
    assert_same(invented[1:], [invented[0]] * (COUNT - 1))
    assert len(set(zip(invented[0].y, invented[0].x, strict=True))) > 50


def test_the_seed_decides(album):
    given = album, motion_of(), nothing_seen(album.holes)
    assert_same(invent(*given, seed=3), invent(*given, seed=3))
    assert not np.array_equal(invent(*given, seed=3)[0].y, invent(*given, seed=4)[0].y)


def half_seen(holes):
    """The left half from the top left of frame 0, the right one from nowhere."""
    borrowed = []
    for hole in holes:
        rows, columns = (place.astype(np.float32) for place in np.nonzero(hole))
        has = columns - columns.min() < 8
        frames = np.where(has, 0, UNSEEN).astype(np.int32)
        borrowed.append(Sources(frames, rows / 10, columns / 20 + 0.5, rows / 100))
    return borrowed


def test_what_has_a_source_keeps_it(album):
    borrowed = half_seen(album.holes)
    invented = invent(album, motion_of(), borrowed, seed=0)
    for before, after in zip(borrowed, invented, strict=True):
        has = before.frame >= 0
        for part, was in zip(after, before, strict=True):
            np.testing.assert_array_equal(part[has], was[has])
        assert (after.frame[~has] >= 0).all()
        assert (after.residual[~has] == INVENTED).all()
        assert album.sample(after)[1].all()


def test_what_lies_under_a_hole_has_no_influence(album):
    other = Album(np.where(album.holes[..., None], 255 - album.frames, album.frames), album.holes)
    for given in (nothing_seen(album.holes), half_seen(album.holes)):
        assert_same(
            invent(album, motion_of(), given, seed=0), invent(other, motion_of(), given, seed=0)
        )


def test_an_invention_goes_on_with_what_is_borrowed(album):
    """Other colours there lead to other patches."""
    given, other = half_seen(album.holes), album.frames.copy()
    other[0, :10, :10] = 255 - other[0, :10, :10]
    first = invent(album, motion_of(), given, seed=0)
    second = invent(Album(other, album.holes), motion_of(), given, seed=0)
    assert not np.array_equal(first[3].y, second[3].y)


def test_what_continues_borrowed_pixels_comes_from_where_they_were_borrowed(album):
    """Lost frames, of which frame 0 shows all but a square: there is nothing else to copy."""
    holes = np.ones_like(album.holes)
    holes[0] = False
    lost = np.zeros(SIZE, bool)
    lost[20:36, 30:46] = True
    rows, columns = (place.astype(np.float32) for place in np.nonzero(holes[1]))
    frames = np.where(lost.ravel(), UNSEEN, 0).astype(np.int32)
    nothing = nothing_seen(holes[:1])[0]
    borrowed = [nothing, *[Sources(frames, rows, columns, np.zeros_like(rows))] * (COUNT - 1)]
    invented = invent(Album(album.frames, holes), motion_of(), borrowed, seed=0)
    for sources in invented[1:]:
        assert set(sources.frame) <= {0, UNSEEN}
        assert (sources.frame == UNSEEN).mean() <= 0.02  # slivers that ways from elsewhere miss


def test_slivers_in_the_first_frame_do_not_keep_the_others_from_one_invention(album):
    """The frame with the most unseen pixels has scratches only; the others share a blob."""
    holes = np.ones_like(album.holes)
    grid = np.indices(SIZE).astype(np.float32)
    lost = np.zeros((COUNT, *SIZE), bool)
    lost[0, 10, 5:75] = lost[0, 50, 5:75] = True
    lost[1:, 25:33, 30:38] = True
    borrowed = [
        Sources(np.where(mask, UNSEEN, 0).astype(np.int32).ravel(), *(g.ravel() for g in grid),
                np.zeros(mask.size, np.float32))
        for mask in lost
    ]  # fmt: skip
    known = Album(album.frames, holes.copy())
    known.holes[0] = False
    known.holes[0, 25:33, 30:38] = known.holes[0, 10] = known.holes[0, 50] = True
    still = CameraMotion(np.tile(np.eye(3, dtype=np.float32), (COUNT - 1, 1, 1)), SIZE)
    nothing = np.zeros((COUNT - 1, *SIZE, 2), np.float32)
    borrowed[0] = Sources(*(part[known.holes[0].ravel()] for part in borrowed[0]))
    invented = invent(known, Motion(nothing, nothing, still, still), borrowed, seed=0)
    blobs = [[part.reshape(SIZE)[25:33, 30:38] for part in sources] for sources in invented[1:]]
    assert (blobs[0][0] >= 0).all()
    assert_same(blobs[1:], [blobs[0]] * (COUNT - 2))


@pytest.mark.parametrize(("height", "width", "left"), [(2, 2, True), (1, 5, True), (5, 9, False),
                                                       (16, 1, False)])  # fmt: skip
def test_slivers_are_left_to_the_smooth_fill(album, height, width, left):
    """Little and thin; not what is thick, nor a large share of the hole."""
    one = Album(album.frames[:1], album.holes[:1])
    rows, columns = np.nonzero(one.holes[0])
    lost = (rows < rows.min() + height) & (columns < columns.min() + width)
    frame = np.where(lost, UNSEEN, 0).astype(np.int32)
    shown = Sources(frame, rows.astype(np.float32), (columns + 20).astype(np.float32),
                    np.zeros(len(rows), np.float32))  # fmt: skip
    (invented,) = invent(one, motion_of(1), [shown], seed=0)
    assert (invented.frame[lost] == (UNSEEN if left else 0)).all()
    assert_same([[part[~lost] for part in invented]], [[part[~lost] for part in shown]])


def test_where_no_way_leads_each_frame_invents_its_own(album):
    """More frames than there are key frames: the flow is of no use, and none is left out."""
    invented = invent(album, motion_of(off=99), nothing_seen(album.holes), seed=0)
    for t, sources in enumerate(invented):
        assert_from_known_pixels(album, sources)
        assert (sources.frame == t).all()
        assert (sources.residual == INVENTED).all()


def test_without_known_patches_nothing_is_invented():
    holes = np.ones((COUNT, *SIZE), bool)
    album = Album(np.zeros((COUNT, *SIZE, 3), np.uint8), holes)
    invented = invent(album, motion_of(), nothing_seen(holes), seed=0)
    assert all((sources.frame == UNSEEN).all() for sources in invented)


def with_plate(album, at):
    source = np.where(album.holes[at], UNSEEN, KNOWN)
    return Album(album.frames, album.holes, [Plate(at, album.frames[at], source)])


@pytest.mark.parametrize("at", [0, 2, COUNT - 1])
def test_what_a_plate_shows_is_not_invented(album, at):
    """Plates are numbered on from the frames."""
    given = with_plate(album, at), motion_of(), nothing_seen(album.holes)
    carried = carry_plates(*given)
    for t, sources in enumerate(carried):
        rows, columns = np.nonzero(album.holes[t])
        assert (sources.frame == COUNT).all()
        np.testing.assert_array_equal(sources.y, rows - STEP[1] * (at - t))
        np.testing.assert_array_equal(sources.x, columns - STEP[0] * (at - t))
    assert_same(invent(*given, seed=0), carried)
    complete, keys = carry_keys(*given)
    assert keys == []
    assert_same(complete, carried)


def test_what_the_first_plate_does_not_show_the_next_one_does(album):
    """The first is one of a frame in whose picture the hole is not reached by any way."""
    holes = album.holes.copy()
    holes[1] = False
    plates = [Plate(at, album.frames[at], np.full(SIZE, KNOWN)) for at in (0, 3)]
    both = Album(album.frames, holes, plates)
    carried = carry_plates(both, motion_of(), nothing_seen(holes))
    assert [set(sources.frame.tolist()) for sources in carried] == [
        {COUNT}, set(), *[{COUNT + 1}] * (COUNT - 2)
    ]  # fmt: skip


def test_key_frames_are_those_that_serve_the_most(album):
    """Two holes that no way joins, the smaller one later; one key frame completes each."""
    holes = album.holes.copy()
    holes[:3] = holes_in_scene(side=18)[:3]
    holes[3] = False
    alone = Album(album.frames, holes)
    complete, keys = carry_keys(alone, motion_of(), nothing_seen(holes))
    assert keys == [1, 5]
    for t, expected in enumerate([0, 0, 0, None, 1, 1, 1]):
        assert set(complete[t].frame.tolist()) == (
            set() if expected is None else {COUNT + expected}
        )
    rows, columns = np.nonzero(holes[2])
    np.testing.assert_array_equal(complete[2].y, rows + STEP[1])
    np.testing.assert_array_equal(complete[2].x, columns + STEP[0])


def test_key_frames_are_numbered_on_from_the_plates(album):
    """A plate from which no way leads, for its flow is of no use; then the key frames."""
    far = with_plate(album, 0)
    motion = motion_of()
    motion.forward[0] += 99
    complete, keys = carry_keys(far, motion, nothing_seen(album.holes))
    assert set(complete[0].frame.tolist()) == {COUNT}
    assert keys == [3]
    for sources in complete[1:]:
        assert set(sources.frame.tolist()) == {COUNT + 1}


def test_no_more_than_a_few_key_frames_are_carried(album):
    complete, keys = carry_keys(album, motion_of(off=99), nothing_seen(album.holes))
    assert len(keys) == len(set(keys)) == 4
    for number, key in enumerate(keys):
        assert (complete[key].frame == COUNT + number).all()
    for t in set(range(COUNT)) - set(keys):
        assert (complete[t].frame == UNSEEN).all()
