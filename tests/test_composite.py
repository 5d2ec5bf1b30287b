"""Pasting and chroma holes, against slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.composite import chroma_hole, paste_planes
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture

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


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv440p"])
@pytest.mark.parametrize("seed", range(5))
def test_outside_the_clouded_pixels_rgb_knows_nothing_of_the_hole(pix_fmt, seed):
    random = np.random.default_rng(seed)
    form = layout(pix_fmt)
    hole = random.random((23, 31)) < 0.03
    inside = [hole, *[chroma_hole(hole, form.log2_w, form.log2_h)] * 2]
    shapes = form.shapes(hole.shape)
    clean = tuple(random.integers(0, 256, shape, np.uint8) for shape in shapes)
    poison = tuple(random.integers(0, 256, shape, np.uint8) for shape in shapes)
    poisoned = tuple(np.where(h, p, c) for h, p, c in zip(inside, poison, clean, strict=True))
    first, second = Picture(clean, form), Picture(poisoned, form)
    clouded = first.clouded(hole)
    assert clouded[hole].all()
    differs = (first.rgb() != second.rgb()).any(axis=2)
    assert differs.any()
    assert not (differs & ~clouded).any()
