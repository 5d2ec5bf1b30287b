"""Seams: steps of exposure are evened out, steps of contents are left alone and doubted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.album import Album
from cleanplate.propagate import Sources
from cleanplate.seams import fit_edge
from cleanplate.video import UNSEEN

HOLE = np.zeros((70, 90), bool)
HOLE[20:50, 25:65] = True
COUNT = int(HOLE.sum())
ROWS, COLUMNS = np.nonzero(HOLE)
FLAT = np.full((*HOLE.shape, 3), 120, np.uint8)
EXPECTED = 80.0  # squared levels, as of a source in the next frame


@pytest.fixture(scope="module")
def photograph(pan):
    """Dark enough to be brightened by 100 without clipping, and bright enough to be darkened."""
    picture = cv2.blur(pan(1, (0, 0), size=HOLE.shape)[0], (3, 3))
    return (105 + picture * (45 / 255)).astype(np.uint8)


def shifted(dy=0, dx=0, hole=HOLE):
    """Sources in frame 1 for the hole's pixels, displaced by so much."""
    rows, columns = (part.astype(np.float32) for part in np.nonzero(hole))
    nothing = np.zeros(len(rows), np.float32)
    return Sources(np.ones(len(rows), np.int32), rows + dy, columns + dx, nothing)


def album(picture, source, hole=HOLE):
    """Frame 0 with the hole, and frame 1 to fill it from."""
    return Album(np.stack([picture, source]), np.stack([hole, np.zeros_like(hole)]))


def fit(picture, source, sources=None, *, expected=EXPECTED, hole=HOLE):
    sources = shifted(hole=hole) if sources is None else sources
    expected = np.broadcast_to(np.float32(expected), len(sources.frame)).copy()
    return fit_edge(sources, expected, album(picture, source, hole), 0)


def brighter(picture, step):
    changed = picture + np.float32(step)
    assert changed.min() >= 0
    assert changed.max() <= 255
    return np.rint(changed).astype(np.uint8)


def sides(values):
    """Means over the leftmost and the rightmost tenth of the hole."""
    return values[COLUMNS < 29].mean(), values[COLUMNS > 60].mean()


def assert_says_nothing(found, count):
    assert found.correction.shape == (count, 3)
    assert found.doubt.shape == (count,)
    assert not found.correction.any()
    assert (found.doubt == 1).all()


def test_a_fill_that_fits_is_left_as_it_is(photograph):
    """What a photograph itself does across the edge of the hole is no seam."""
    for picture in (FLAT, photograph):
        found = fit(picture, picture)
        assert found.correction.shape == (COUNT, 3)
        assert found.doubt.shape == (COUNT,)
        assert found.correction.dtype == found.doubt.dtype == np.float32
        assert not found.correction.any()
        assert found.doubt.max() < 1


@pytest.mark.parametrize(("dy", "dx"), [(3, -5), (-7, 12)])
def test_what_lies_beside_the_sources_is_compared(photograph, dy, dx):
    """The camera has moved: where the sources lie, the photograph goes on as it does here."""
    moved = np.roll(photograph, (dy, dx), axis=(0, 1))
    found = fit(photograph, moved, shifted(dy, dx))
    assert not found.correction.any()
    assert found.doubt.max() < 1
    elsewhere = fit(photograph, moved)
    assert np.abs(elsewhere.correction).max() > 0.5
    assert elsewhere.doubt.max() > 1.5 * found.doubt.max()


@pytest.mark.parametrize(("step", "rest"), [(10, 0.2), (-10, 0.2), (4, 0.05), (-1, 0.05)])
def test_a_step_of_exposure_is_removed(photograph, step, rest):
    """... and the more of it is left the larger it is: it may be contents."""
    for picture in (FLAT, photograph):
        found = fit(picture, brighter(picture, step))
        left = np.abs(found.correction + step) / abs(step)
        assert left.max() < rest
        assert found.doubt.max() < 1


def test_each_channel_has_its_own_step(photograph):
    step = np.array([4, 0, -4], np.float32)
    found = fit(photograph, brighter(photograph, step))
    np.testing.assert_allclose(found.correction, np.broadcast_to(-step, (COUNT, 3)), atol=0.2)


@pytest.mark.parametrize("step", [100, -100])
def test_a_step_of_contents_is_left_alone_and_doubted(photograph, step):
    for picture in (FLAT, photograph):
        found = fit(picture, brighter(picture, step))
        assert np.abs(found.correction).max() < 3
        assert found.doubt.min() > 20
        assert fit(picture, brighter(picture, step), expected=1).doubt.max() < 101  # at most


def test_doubt_is_by_how_much_the_error_exceeds_what_was_expected(photograph):
    """Noise of 6 levels beside the fill: expected, less than expected, more than expected."""
    noise = np.random.default_rng(0).normal(0, 6, photograph.shape)
    noisy = brighter(photograph, noise)
    for expected, doubt in ((36, 1), (360, 0.1), (4, 9)):
        found = fit(photograph, noisy, expected=expected)
        assert np.exp(np.log(found.doubt).mean()) == pytest.approx(doubt, rel=0.4)
        assert np.abs(found.correction).max() < 4
    np.testing.assert_allclose(fit(photograph, photograph, expected=0).doubt, 1)


def test_a_step_at_one_side_fades_into_the_hole():
    """Brighter by 10 at the left edge alone: the correction falls off from left to right."""
    ramp = np.clip(10 * (1 - (np.arange(90) - 25) / 39), 0, 10)[None, :, None]
    correction = np.zeros(HOLE.shape)
    correction[HOLE] = fit(FLAT, brighter(FLAT, ramp)).correction[:, 0]
    middle = correction[35, 25:65]
    assert middle[0] < -6
    assert abs(middle[-1]) < 1
    assert (np.diff(middle) > -0.3).all()


def test_doubt_is_local(photograph):
    """The sources show something else at the left edge of the hole, and fit at the right."""
    other = photograph.copy()
    other[:, :25] = np.random.default_rng(0).integers(0, 256, (70, 25, 3), np.uint8)
    left, right = sides(fit(photograph, other).doubt)
    assert left > 5
    assert right < 0.5


def test_errors_expected_at_one_side_are_compared_there(photograph):
    noisy = brighter(photograph, np.random.default_rng(0).normal(0, 6, photograph.shape))
    left, right = sides(fit(photograph, noisy, expected=np.where(COLUMNS < 45, 360, 4)).doubt)
    assert right > 5 * left


def test_what_lies_under_a_hole_has_no_influence(photograph):
    """In neither frame; the sources' own has a hole beside them, and in them."""
    holes = np.stack([HOLE, np.zeros_like(HOLE)])
    holes[1, 40:60, 15:35] = True
    frames = np.stack([photograph, brighter(photograph, 9)])
    found = [
        fit_edge(shifted(), np.full(COUNT, EXPECTED, np.float32), Album(given, holes), 0)
        for given in (frames, np.where(holes[..., None], 255 - frames, frames))
    ]
    np.testing.assert_array_equal(found[0].correction, found[1].correction)
    np.testing.assert_array_equal(found[0].doubt, found[1].doubt)
    np.testing.assert_allclose(found[0].correction[COLUMNS > 45], -9, atol=2)


def test_pixels_without_a_source_say_nothing(photograph):
    """What stands in their fields does not count, at the edge or inside."""
    bright, has = brighter(photograph, 4), COLUMNS < 45
    found = []
    for rubbish, error in ((0, EXPECTED), (60, np.inf), (1e6, np.nan)):
        place = (np.where(has, part, np.float32(rubbish)) for part in shifted()[1:])
        sources = shifted()._replace(frame=np.where(has, 1, UNSEEN).astype(np.int32))
        sources = Sources(sources.frame, *place)
        found.append(fit(photograph, bright, sources, expected=np.where(has, EXPECTED, error)))
    for other in found[1:]:
        np.testing.assert_array_equal(other.correction, found[0].correction)
        np.testing.assert_array_equal(other.doubt, found[0].doubt)
    np.testing.assert_allclose(found[0].correction, -4, atol=0.2)
    assert found[0].doubt.max() < 1


@pytest.mark.parametrize(("dy", "dx"), [(0, 25), (0, -25), (20, 0), (-20, 0)])
def test_what_would_lie_beside_the_picture_does_not_count(dy, dx):
    """The sources reach the border of their picture: beyond it there is nothing to compare with.

    Their last line, which is not compared with anything, is all that is of another brightness.
    """
    other = FLAT.copy()
    rows, columns = slice(20 + dy, 50 + dy), slice(25 + dx, 65 + dx)
    if dx:
        columns = -1 if dx > 0 else 0
    else:
        rows = -1 if dy > 0 else 0
    other[rows, columns] = 140
    found = fit(FLAT, other, shifted(dy, dx))
    assert not found.correction.any()
    assert found.doubt.max() < 1


def test_where_nothing_is_compared_the_sources_are_taken_to_fit():
    """A round hole whose sources are only known at the right: the step there fades to the left."""
    rows, columns = np.indices(HOLE.shape)
    disk = (rows - 35) ** 2 + (columns - 45) ** 2 < 22**2
    holes = np.stack([disk, np.zeros_like(disk)])
    holes[1, :, :45] = True
    frames = np.stack([FLAT, brighter(FLAT, 4)])
    expected = np.full(disk.sum(), EXPECTED, np.float32)
    found = fit_edge(shifted(hole=disk), expected, Album(frames, holes), 0)
    left, right = (
        found.correction[side].mean() for side in (columns[disk] < 28, columns[disk] > 62)
    )
    assert right < -3
    assert -1 < left < 0


def test_without_an_edge_a_hole_or_a_source_there_is_nothing_to_meet(photograph):
    bright = brighter(photograph, 10)
    full = np.ones_like(HOLE)
    assert_says_nothing(fit(photograph, bright, hole=full), full.size)
    assert_says_nothing(fit(photograph, bright, hole=~full), 0)
    nobody = shifted().where(np.zeros(COUNT, bool))
    assert_says_nothing(fit(photograph, bright, nobody, expected=np.inf), COUNT)
