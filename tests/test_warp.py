"""The sampler, against a slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.warp import bilinear_weight, sample_known, sample_sharp, sample_vector, warp_by


def twin(frames, holes, t, y, x):
    """Bilinear weights of the four pixels around, those of hole pixels left out."""
    height, width = holes.shape[1:]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    total, colour = 0.0, np.zeros(3)
    for row in range(height):
        for column in range(width):
            weight = max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
            if not holes[t, row, column]:
                total += weight
                colour += weight * frames[t, row, column]
    return (colour / total, True) if total > 1e-3 else (np.zeros(3), False)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([np.uint8, np.uint16, np.float32]),
    st.sampled_from([0.0, 0.4, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_samples_known_pixels_alone(count, height, width, dtype, share, seed):
    rng = np.random.default_rng(seed)
    frames = (rng.random((count, height, width, 3)) * 250).astype(dtype)
    holes = rng.random((count, height, width)) < share
    t = rng.integers(-1, count, 20).astype(np.int32)
    y = rng.uniform(-2, height + 1, 20).astype(np.float32)
    x = rng.uniform(-2, width + 1, 20).astype(np.float32)
    y[::3], x[::3] = np.rint(y[::3]), np.rint(x[::3])
    if dtype == np.float32:
        frames[holes] = np.nan
    colours, found = sample_known(
        np.where(holes[..., None], 0, frames).astype(dtype), holes, t, y, x
    )
    for i in range(20):
        expected, seen = (np.zeros(3), False) if t[i] < 0 else twin(frames, holes, t[i], y[i], x[i])
        assert found[i] == seen
        np.testing.assert_allclose(colours[i], expected, atol=0.02, rtol=1e-4)


def test_what_lies_under_the_hole_is_not_seen():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (1, 9, 9, 3), np.uint8)
    holes = rng.random((1, 9, 9)) < 0.5
    places = np.zeros(50, np.int32), *rng.uniform(0, 8, (2, 50)).astype(np.float32)
    first = sample_known(frames, holes, *places)
    second = sample_known(np.where(holes[..., None], 255 - frames, frames), holes, *places)
    np.testing.assert_array_equal(first[0], second[0])


def test_a_linear_field_is_sampled_exactly_and_clamped():
    rows, columns = np.indices((7, 9), np.float32)
    field = np.stack([2 * columns - rows, columns + 3 * rows], axis=-1)
    np.testing.assert_allclose(sample_vector(field, 2.25, 3.5), (4.75, 10.25), atol=1e-5)
    np.testing.assert_allclose(sample_vector(field, -3.0, 99.0), field[0, 8], atol=1e-5)
    np.testing.assert_allclose(sample_vector(field, 6.0, 8.0), field[6, 8], atol=1e-5)


def test_weights_are_those_of_a_bilinear_sample():
    field = np.random.default_rng(0).normal(0, 1, (7, 9, 2)).astype(np.float32)
    for y, x in np.random.default_rng(1).uniform(0, 6, (20, 2)):
        corners = [(int(y) + corner // 2, int(x) + corner % 2) for corner in range(4)]
        weights = [bilinear_weight(y, x, r, c) for r, c in corners]
        mean = sum(w * field[r, c] for w, (r, c) in zip(weights, corners, strict=True))
        assert abs(sum(weights) - 1) < 1e-9
        np.testing.assert_allclose(sample_vector(field, y, x), mean, atol=1e-5)


def test_a_picture_is_drawn_along_the_flow():
    rng = np.random.default_rng(2)
    picture = rng.uniform(0, 255, (12, 15)).astype(np.float32)
    still = np.zeros((12, 15, 2), np.float32)
    np.testing.assert_array_equal(warp_by(picture, still), picture)
    shifted = warp_by(picture, still + np.float32([3, -2]))
    np.testing.assert_array_equal(shifted[2:, :-3], picture[:-2, 3:])
    assert not shifted[:2].any()
    assert not shifted[:, -3:].any()
    field = np.stack([picture, picture], axis=-1)
    flow = (rng.integers(-40, 40, (12, 15, 2)) / 32).astype(np.float32)
    for y, x in np.argwhere(np.ones((8, 11))) + 2:
        dx, dy = flow[y, x]
        there = sample_vector(field, y + dy, x + dx)[0]
        np.testing.assert_allclose(warp_by(picture, flow)[y, x], there, atol=1e-2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_sharp_sample_at_a_pixel_is_that_pixel(dtype):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, np.iinfo(dtype).max + 1, (20, 30, 3)).astype(dtype)
    y, x = rng.integers(20, size=2000), rng.integers(30, size=2000)
    sampled = sample_sharp(picture, y.astype(np.float32), x.astype(np.float32))
    np.testing.assert_array_equal(sampled, picture[y, x])
    outside = sample_sharp(picture, np.float32([-3, 25]), np.float32([-2, 40]))
    np.testing.assert_array_equal(outside, picture[[0, -1], [0, -1]])
    assert sample_sharp(picture, np.zeros(0, np.float32), np.zeros(0, np.float32)).shape == (0, 3)


def test_sharp_samples_of_samples_stay_sharp(pan):
    """A picture moved by half a pixel ten times over keeps its detail; bilinearly it does not."""
    picture = pan(1, (0, 0))[0]
    rows, columns = np.indices(picture.shape[:2], np.float32)
    sharp = soft = picture
    for step in [0.5, -0.5] * 5:
        place = rows.ravel(), (columns + step).ravel()
        sharp = np.rint(sample_sharp(sharp, *place)).astype(np.uint8).reshape(picture.shape)
        first, known = np.zeros(rows.size, np.int32), np.zeros((1, *rows.shape), bool)
        soft = np.rint(sample_known(soft[None], known, first, *place)[0])
        soft = soft.astype(np.uint8).reshape(picture.shape)
    inner = np.s_[20:-20, 20:-20]
    detail = [
        np.abs(np.diff(p[inner].astype(float), axis=1)).mean() for p in (picture, sharp, soft)
    ]
    assert detail[1] > 0.85 * detail[0]
    assert detail[2] < 0.75 * detail[0]
