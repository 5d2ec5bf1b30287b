"""RGB and planes: the textbook formula, one rounding, both ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.io import Colour, Picture
from cleanplate.io.colour import matrix_of, to_planes, to_rgb
from cleanplate.io.convert import converted
from cleanplate.io.layout import layout

FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv420p10le", "yuv444p12le"]
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}


def twin_to_planes(rgb, matrix, full, bits):
    """Y, Cb, Cr of one colour after ITU-T H.273, in double precision."""
    kr, kb = WEIGHTS[matrix]
    r, g, b = (int(c) / (255 if bits == 8 else 65535) for c in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    chroma = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    step, top = 1 << (bits - 8), (1 << bits) - 1
    if full:
        values = [y * top, *(c * top + 128 * step for c in chroma)]
    else:
        values = [219 * step * y + 16 * step, *(224 * step * c + 128 * step for c in chroma)]
    return [min(value, top) for value in values]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("span", [1, 2])
def test_flat_colours_follow_the_standard_and_come_back(name, matrix, span):
    form, rng = layout(name), np.random.default_rng(matrix)
    top, dtype = (255, np.uint8) if form.bits == 8 else (65535, np.uint16)
    level = 1 if form.bits == 8 else 257
    colours = [(0, 0, 0), (top, top, top), (top, 0, 0), *rng.integers(0, top + 1, (30, 3))]
    for colour in colours:
        flat = np.broadcast_to(np.array(colour, dtype), (7, 9, 3)).copy()
        planes = to_planes(flat, form, Colour(span, matrix=matrix), (0, 7, 0, 9))
        expected = twin_to_planes(colour, matrix, span == 2, form.bits)
        for plane, value, shape in zip(planes, expected, form.shapes((7, 9)), strict=True):
            assert plane.shape == shape
            assert np.abs(plane - value).max() <= 0.51
        back = to_rgb(planes, form, Colour(span, matrix=matrix)).astype(int)
        assert np.abs(back - flat).max() <= 2 * level
        again = to_planes(back.astype(dtype), form, Colour(span, matrix=matrix), (0, 7, 0, 9))
        for plane, second in zip(planes, again, strict=True):
            assert np.abs(plane.astype(int) - second).max() <= 1


def twin_upsampled(plane, row, x, log2_w, log2_h):
    """Chroma at one luma pixel: linear between samples, left across, in the middle down."""
    tall, wide = plane.shape
    y = np.clip((row + 0.5) / (1 << log2_h) - 0.5, 0, tall - 1)
    x = np.clip(x / (1 << log2_w), 0, wide - 1)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, tall - 1), min(x0 + 1, wide - 1)
    top = plane[y0, x0] * (1 - x + x0) + plane[y0, x1] * (x - x0)
    bottom = plane[y1, x0] * (1 - x + x0) + plane[y1, x1] * (x - x0)
    return top * (1 - y + y0) + bottom * (y - y0)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv411p", "yuv440p", "yuv410p"])
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (1, 1)])
def test_chroma_is_spread_linearly(name, size):
    form, rng = layout(name), np.random.default_rng(1)
    planes = tuple(rng.integers(60, 180, s).astype(np.uint8) for s in form.shapes(size))
    rgb = to_rgb(planes, form, Colour(2, matrix=5))
    for row in range(size[0]):
        for x in range(size[1]):
            v = twin_upsampled(planes[2].astype(float), row, x, form.log2_w, form.log2_h) - 128
            red = np.clip(planes[0][row, x] + 1.402 * v, 0, 255)
            assert abs(rgb[row, x, 0] - red) <= 0.51


@pytest.mark.parametrize("name", ["yuv420p", "yuv411p", "yuv444p", "gbrp", "yuv420p10le"])
def test_a_box_is_cut_from_the_whole(name):
    form, rng = layout(name), np.random.default_rng(2)
    dtype, top = (np.uint8, 256) if form.bits == 8 else (np.uint16, 65536)
    rgb = rng.integers(0, top, (19, 23, 3)).astype(dtype)
    whole = to_planes(rgb, form, Colour(), (0, 19, 0, 23))
    box = to_planes(rgb, form, Colour(), (4, 12, 8, 23))
    for index, (all_of_it, part) in enumerate(zip(whole, box, strict=True)):
        down, across = (form.log2_h, form.log2_w) if index else (0, 0)
        cut = all_of_it[4 >> down : 12 >> down, 8 >> across :]
        np.testing.assert_array_equal(part, cut)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "gbrp", "gray", "yuv420p10le", "gbrap16le"]),
    st.integers(1, 13),
    st.integers(1, 13),
    st.integers(0, 2**32 - 1),
)
def test_pasting_changes_nothing_outside(name, height, width, seed):
    form, rng = layout(name), np.random.default_rng(seed)
    dtype = np.uint8 if form.bits == 8 else np.uint16
    planes = tuple(
        rng.integers(0, 1 << form.bits, s).astype(dtype) for s in form.shapes((height, width))
    )
    picture = Picture(tuple(p.copy() for p in planes), form)
    hole = rng.random((height, width)) < rng.random()
    rgb = picture.rgb()
    rgb[hole] = rng.integers(0, 256, 3)
    pasted = picture.pasted(rgb, hole)
    full = to_planes(rgb, form, Colour(), (0, height, 0, width))
    for index, (had, got) in enumerate(zip(planes, pasted.planes, strict=True)):
        np.testing.assert_array_equal(had, picture.planes[index])
        down, across = (form.log2_h, form.log2_w) if index in (1, 2) else (0, 0)
        inside = np.zeros(had.shape, bool)
        for y, x in zip(*np.nonzero(hole), strict=True):
            inside[y >> down, x >> across] = True
        np.testing.assert_array_equal(got[~inside], had[~inside])
        wanted = full[index] if index < len(full) else had
        np.testing.assert_array_equal(got[inside], wanted[inside])


def test_without_a_matrix_the_number_of_lines_decides():
    assert matrix_of(Colour(), (480, 854)) == WEIGHTS[5]
    assert matrix_of(Colour(), (720, 1280)) == matrix_of(Colour(), (1280, 720)) == WEIGHTS[1]
    assert matrix_of(Colour(matrix=9), (480, 854)) == WEIGHTS[9]


def test_ten_bits_span_sixteen():
    planes = (np.array([[64, 940, 1023]], np.uint16), *(np.full((1, 3), 512, np.uint16),) * 2)
    rgb = to_rgb(planes, layout("yuv444p10le"), Colour(1))
    assert rgb[0, :, 0].tolist() == [0, 65535, 65535]
    grey = to_rgb(planes[:1], layout("gray10le"), Colour(2))
    assert grey[0, :, 1].tolist() == [round(v * 65535 / 1023) for v in (64, 940, 1023)]


def test_a_fill_of_another_kind_is_refused():
    picture = Picture((np.zeros((4, 4), np.uint8),) * 3, layout("yuv444p"))
    with pytest.raises(BadInput, match="Give a fill as"):
        picture.pasted(np.zeros((4, 4, 3), np.uint16), np.zeros((4, 4), bool))
    with pytest.raises(BadInput, match="Give bool"):
        picture.pasted(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize(
    "source, target",
    [
        ("yuv420p", "yuv444p"),
        ("yuv411p", "yuv422p"),
        ("gray", "yuv420p"),
        ("yuv420p9le", "yuv420p10le"),
        ("yuv444p", "yuv420p"),
        ("yuva444p", "yuv444p"),
    ],
)
def test_another_format_keeps_luma(source, target):
    form, rng = layout(source), np.random.default_rng(3)
    dtype = np.uint8 if form.bits == 8 else np.uint16
    planes = tuple(rng.integers(0, 1 << form.bits, s).astype(dtype) for s in form.shapes((7, 9)))
    there = converted(Picture(planes, form), layout(target))
    shift = layout(target).bits - form.bits
    np.testing.assert_array_equal(there.planes[0], planes[0].astype(int) << shift)
    assert [p.shape for p in there.planes] == layout(target).shapes((7, 9))
    if source in ("yuv420p", "yuv411p"):
        step = 1 << (form.log2_w - layout(target).log2_w)
        np.testing.assert_array_equal(there.planes[1][:: 1 << form.log2_h, ::step], planes[1])
