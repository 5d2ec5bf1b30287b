"""The sampler, against a slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.warp import sample_known, sample_vector


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
