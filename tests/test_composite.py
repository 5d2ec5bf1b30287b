"""Pasting, chroma holes and blending, against slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.composite import Blend, chroma_hole, paste, paste_planes
from cleanplate.errors import BadInput

SIZES = st.integers(1, 12)
SEEDS = st.integers(0, 2**32 - 1)


def twin_chroma_hole(hole, log2_w, log2_h):
    height, width = hole.shape
    out = np.zeros((-(-height >> log2_h), -(-width >> log2_w)), bool)
    for y in range(height):
        for x in range(width):
            out[y >> log2_h, x >> log2_w] |= hole[y, x]
    return out


@settings(deadline=None)
@given(SIZES, SIZES, st.integers(0, 2), st.integers(0, 2), SEEDS)
def test_chroma_is_inside_where_any_luma_is(height, width, log2_w, log2_h, seed):
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < rng.random()
    before = hole.copy()
    np.testing.assert_array_equal(
        chroma_hole(hole, log2_w, log2_h), twin_chroma_hole(hole, log2_w, log2_h)
    )
    np.testing.assert_array_equal(hole, before)


@settings(deadline=None)
@given(st.integers(1, 4), SIZES, SIZES, st.sampled_from([np.uint8, np.uint16]), SEEDS)
def test_paste_changes_the_hole_alone(count, height, width, dtype, seed):
    rng = np.random.default_rng(seed)
    frames, fill = rng.integers(0, np.iinfo(dtype).max, (2, count, height, width, 3)).astype(dtype)
    holes = rng.random((count, height, width)) < rng.random()
    done = paste(frames, fill, holes)
    assert done.dtype == dtype
    for at in np.ndindex(holes.shape):
        np.testing.assert_array_equal(done[at], fill[at] if holes[at] else frames[at])


def test_paste_refuses_fills_of_another_kind():
    frames = np.zeros((2, 4, 5, 3), np.uint8)
    with pytest.raises(BadInput, match="Give a fill"):
        paste(frames, frames.astype(np.uint16), np.zeros((2, 4, 5), bool))
    with pytest.raises(BadInput, match=r"Give \(T, H, W\)"):
        paste(frames, frames, np.zeros((1, 4, 5), bool))


def test_planes_beyond_the_fill_are_the_same_objects():
    planes = [np.zeros(s, np.uint8) for s in ((4, 6), (2, 3), (2, 3), (4, 6))]
    fill = [np.full_like(p, 9) for p in planes[:3]]
    hole = np.zeros((4, 6), bool)
    hole[1, 3] = True
    done = paste_planes(planes, fill, hole, (1, 1))
    assert done[3] is planes[3]
    assert [int(p.sum()) for p in done] == [9, 9, 9, 0]
    assert done[1][0, 1] == 9
    assert not any(p.any() for p in planes)


@settings(deadline=None)
@given(st.integers(1, 6), SEEDS)
def test_the_order_of_parts_never_matters(count, seed):
    rng = np.random.default_rng(seed)
    parts = rng.integers(0, 256, (count, 5, 7, 3)).astype(np.uint8)
    weights = rng.random((count, 5, 7)) * (rng.random((count, 5, 7)) < 0.7)
    results = []
    for order in (range(count), rng.permutation(count)):
        blend = Blend((5, 7, 3))
        for index in order:
            blend.add(parts[index], weights[index])
        results.append(blend.result(np.float64))
    np.testing.assert_allclose(results[0], results[1], atol=1e-9)
    total = weights.sum(0)[..., None]
    with np.errstate(invalid="ignore"):
        mean = np.where(total > 0, (parts * weights[..., None]).sum(0) / total, 0)
    np.testing.assert_allclose(results[0], mean, atol=1e-9)
    np.testing.assert_array_equal(blend.covered, total[..., 0] > 0)


def test_levels_are_rounded_and_clamped():
    blend = Blend((1, 2, 1))
    blend.add(np.array([[[254.6], [-3.0]]]), 1.0)
    assert blend.result(np.uint8)[0, :, 0].tolist() == [255, 0]
