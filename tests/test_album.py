"""What sources point into: frames, and plates beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.album import Album, Plate
from cleanplate.propagate import Sources
from cleanplate.video import KNOWN, UNSEEN
from cleanplate.warp import sample_known, sample_sharp

COUNT, SIZE, PLATES, PLACES = 3, (5, 6), 2, 40


def random_album(seed, dtype=np.uint8, plates=PLATES):
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    frames = rng.integers(0, top, (COUNT, *SIZE, 3), dtype)
    made = [
        Plate(
            int(rng.integers(COUNT)),
            rng.integers(0, top, (*SIZE, 3), dtype),
            rng.integers(-7, COUNT, SIZE).astype(np.int16),
        )
        for _ in range(plates)
    ]
    return Album(frames, rng.random((COUNT, *SIZE)) < 0.4, made)


def random_sources(seed, least=-1, most=COUNT + PLATES + 1, *, off=0.0):
    """Some sources in frames, plates and in what is neither; up to `off` pixels outside."""
    rng = np.random.default_rng(seed)
    frame = rng.integers(least, most + 1, PLACES).astype(np.int32)
    y = rng.uniform(-off, SIZE[0] - 1 + off, PLACES).astype(np.float32)
    x = rng.uniform(-off, SIZE[1] - 1 + off, PLACES).astype(np.float32)
    y[::3], x[::3] = np.rint(y[::3]), np.rint(x[::3])
    return Sources(frame, y, x, rng.random(PLACES).astype(np.float32))


SEEDS = st.integers(0, 2**32 - 1)
TYPES = st.sampled_from([np.uint8, np.uint16])


@settings(deadline=None, max_examples=30)
@given(SEEDS, TYPES)
def test_without_plates_it_samples_as_known_pixels_are_sampled(seed, dtype):
    album, sources = random_album(seed, dtype, plates=0), random_sources(seed, most=COUNT - 1)
    before = [part.copy() for part in sources]
    colours, found = album.sample(sources)
    expected = sample_known(album.frames, album.holes, *sources[:3])
    np.testing.assert_array_equal(colours, expected[0])
    np.testing.assert_array_equal(found, expected[1])
    for part, was in zip(sources, before, strict=True):
        np.testing.assert_array_equal(part, was)


@settings(deadline=None, max_examples=30)
@given(SEEDS, TYPES)
def test_plates_are_sampled_sharply_as_further_frames_without_holes(seed, dtype):
    album, sources = random_album(seed, dtype), random_sources(seed, off=2.0)
    colours, found = album.sample(sources)
    for number, plate in enumerate(album.plates, start=COUNT):
        here = sources.frame == number
        assert found[here].all()
        expected = sample_sharp(plate.picture, sources.y[here], sources.x[here])
        np.testing.assert_array_equal(colours[here], expected)
    assert not found[sources.frame >= COUNT + PLATES].any()  # of plates to come
    of_frames = sources.where(sources.frame < COUNT)
    expected, shown = sample_known(album.frames, album.holes, *of_frames[:3])
    mine = of_frames.frame >= 0
    np.testing.assert_array_equal(colours[mine], expected[mine])
    np.testing.assert_array_equal(found[mine], shown[mine])


def test_a_plate_is_there_as_soon_as_it_is_added():
    album, sources = random_album(0, plates=1), random_sources(0, COUNT + 1, COUNT + 1)
    assert not album.sample(sources)[1].any()
    album.plates.append(Plate(0, np.full((*SIZE, 3), 77, np.uint8), np.zeros(SIZE, np.int16)))
    colours, found = album.sample(sources)
    assert found.all()
    np.testing.assert_allclose(colours, 77, rtol=1e-6)


def origin(album, frame, y, x):
    """One source's frame, looked up one by one."""
    if not COUNT <= frame < COUNT + len(album.plates):
        return frame
    plate = album.plates[frame - COUNT]
    row, column = min(max(round(y), 0), SIZE[0] - 1), min(max(round(x), 0), SIZE[1] - 1)
    known = plate.source[row, column] == KNOWN
    return plate.at if known else plate.source[row, column]


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_numbers_of_plates_become_where_their_pixels_came_from(seed):
    """Known pixels from the plate's own frame; unseen ones, and those of frames before, as told."""
    album, sources = random_album(seed), random_sources(seed)
    resolved = album.resolve(sources)
    expected = [origin(album, *(part[i].item() for part in sources[:3])) for i in range(PLACES)]
    np.testing.assert_array_equal(resolved.frame, expected)
    assert resolved.frame.dtype == np.int32
    for part, other in zip(resolved[1:], sources[1:], strict=True):
        np.testing.assert_array_equal(part, other)


def test_what_stands_in_a_plate_is_told_apart():
    source = np.array([[KNOWN, UNSEEN, 4, -3, -32768]], np.int16)
    album = Album(
        np.zeros((6, 1, 5, 3), np.uint8),
        np.zeros((6, 1, 5), bool),
        [Plate(1, np.zeros((1, 5, 3), np.uint8), source)],
    )
    x = np.arange(5, dtype=np.float32)
    sources = Sources(np.full(5, 6, np.int32), np.zeros(5, np.float32), x, x)
    assert album.resolve(sources).frame.tolist() == [1, UNSEEN, 4, -3, -32768]
    assert sources.frame.tolist() == [6] * 5  # what was given is left as it was
    elsewhere = sources._replace(frame=np.array([0, 5, UNSEEN, 3, 1], np.int32))
    assert album.resolve(elsewhere).frame.tolist() == [0, 5, UNSEEN, 3, 1]


@pytest.mark.parametrize("seed", range(4))
def test_places_beside_a_plate_are_those_at_its_border(seed):
    """As they are for colours: carried and enlarged, a source may end a little outside."""
    album, sources = random_album(seed), random_sources(seed, COUNT, COUNT + PLATES - 1, off=1.5)
    expected = [origin(album, *(part[i].item() for part in sources[:3])) for i in range(PLACES)]
    np.testing.assert_array_equal(album.resolve(sources).frame, expected)


def test_no_sources_have_no_colours():
    nothing = np.zeros(0, np.float32)
    none = Sources(np.zeros(0, np.int32), nothing, nothing, nothing)
    colours, found = random_album(0).sample(none)
    assert colours.shape == (0, 3)
    assert found.shape == (0,)
    assert random_album(0).resolve(none).frame.shape == (0,)
