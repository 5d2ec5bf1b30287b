"""Between a clip's planes and RGB: matrix, range, chroma format, in both directions.

The formulas are those of ITU-T H.273 (matrix coefficients from Kr and Kb, limited and full range),
computed in float and rounded once. swscale is not used for this: at 10 bits it errs by up to 4
levels, and with some flag combinations it wraps round to black.

Chroma samples lie where MPEG puts them by default: across on the left luma sample of their group,
down in the middle of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.io.info import FULL, LIMITED, Colour
from cleanplate.io.layout import Layout

Planes = tuple[NDArray[Any], ...]
Box = tuple[int, int, int, int]  # top, bottom, left, right in luma samples

BT709, BT601 = (0.2126, 0.0722), (0.299, 0.114)
# (Kr, Kb) by matrix code; ones that are not of this kind (YCgCo, ICtCp) follow the rule below.
MATRICES = {
    1: BT709,
    4: (0.30, 0.11),
    5: BT601,
    6: BT601,
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
# Without them the clamps are not vectorised (five times slower); results stay the same, for
# nothing here is ever NaN.
VECTORS = {"nnan", "nsz"}


def matrix_of(colour: Colour, size: tuple[int, int]) -> tuple[float, float]:
    """Return (Kr, Kb); where the clip does not say, BT.601 below 720 lines and BT.709 from there.

    size: (height, width) as coded. A clip that stands upright counts its shorter side as lines.
    """
    return MATRICES.get(colour.matrix, BT601 if min(size) < 720 else BT709)


def is_full(colour: Colour, layout: Layout) -> bool:
    """Tell whether samples span all their values; unspecified: grey and RGB do, Y'CbCr does not."""
    if colour.range in (LIMITED, FULL):
        return colour.range == FULL
    return layout.rgb or layout.planes == 1


def to_rgb(planes: Planes, layout: Layout, colour: Colour) -> NDArray[Any]:
    """Return (H, W, 3) RGB: uint8 of 8-bit planes, else uint16 spanning the full 16 bits.

    planes: as layout says, uint8 or uint16 with native samples.
    """
    size = planes[0].shape
    out = np.empty((*size, 3), np.uint8 if layout.bits == 8 else np.uint16)
    if layout.rgb:
        for channel, plane in zip((1, 2, 0), planes[:3], strict=True):
            out[..., channel] = _stretched(plane, layout.bits)
        return out
    to, _ = _coefficients(matrix_of(colour, size), is_full(colour, layout), layout.bits)
    if layout.planes == 1:
        _grey_to_rgb(planes[0], to, out)
    else:
        y, u, v = planes[:3]
        _yuv_to_rgb(y, u, v, layout.log2_w, layout.log2_h, to, out)
    return out


def to_planes(rgb: NDArray[Any], layout: Layout, colour: Colour, box: Box) -> Planes:
    """Return the colour planes (alpha left out) of the box of an RGB picture: new arrays.

    rgb: (H, W, 3), the whole picture, uint8 for 8-bit layouts, else uint16. box: top and left
    divide by the chroma step; bottom and right too, or lie on the picture's edge.
    """
    top, bottom, left, right = box
    part = rgb[top:bottom, left:right]
    if layout.rgb:
        return tuple(_squeezed(part[..., channel], layout.bits) for channel in (1, 2, 0))
    size = (rgb.shape[0], rgb.shape[1])
    _, back = _coefficients(matrix_of(colour, size), is_full(colour, layout), layout.bits)
    shapes = layout.shapes((bottom - top, right - left))
    dtype = np.uint8 if layout.bits == 8 else np.uint16
    planes = tuple(np.empty(shape, dtype) for shape in shapes[:3])
    limit = float((1 << layout.bits) - 1)
    _rgb_to_luma(part, back, limit, planes[0])
    if layout.planes > 1:
        _rgb_to_chroma(
            rgb, top, bottom, left, layout.log2_w, layout.log2_h, back, limit, planes[1], planes[2]
        )
    return planes


def _stretched(plane: NDArray[Any], bits: int) -> NDArray[Any]:
    """Bring native samples to the span of RGB: 8 and 16 bits as they are, others to 16."""
    if bits in (8, 16):
        return plane
    top = (1 << bits) - 1
    return ((plane.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)


def _squeezed(channel: NDArray[Any], bits: int) -> NDArray[Any]:
    """Undo _stretched."""
    if bits in (8, 16):
        return np.ascontiguousarray(channel)
    top = (1 << bits) - 1
    return ((channel.astype(np.uint32) * top + 32767) // 65535).astype(np.uint16)


@lru_cache(maxsize=32)
def _coefficients(
    weights: tuple[float, float], full: bool, bits: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return both directions as float32 vectors.

    to RGB: luma offset, luma gain, chroma middle, V->R, U->G, V->G, U->B.
    to planes: three rows (R, G, B weights, offset) for Y, U and V.
    """
    kr, kb = weights
    kg = 1 - kr - kb
    rgb_top = 255.0 if bits == 8 else 65535.0
    step = float(1 << (bits - 8))
    middle = 128 * step
    low, luma, chroma = (0.0, (1 << bits) - 1.0, (1 << bits) - 1.0)
    if not full:
        low, luma, chroma = 16 * step, 219 * step, 224 * step
    gain, wide = rgb_top / luma, rgb_top / chroma
    vr, ub = 2 * (1 - kr) * wide, 2 * (1 - kb) * wide
    to = [low, gain, middle, vr, -ub * kb / kg, -vr * kr / kg, ub]
    y = [kr * luma / rgb_top, kg * luma / rgb_top, kb * luma / rgb_top, low]
    u = [-kr, -kg, 1 - kb]
    v = [1 - kr, -kg, -kb]
    u = [*(w * chroma / rgb_top / (2 * (1 - kb)) for w in u), middle]
    v = [*(w * chroma / rgb_top / (2 * (1 - kr)) for w in v), middle]
    return np.array(to, np.float32), np.array([y, u, v], np.float32)


@compiled()
def _grey_to_rgb(y: Any, to: Any, out: Any) -> None:
    top = np.float32(255 if out.itemsize == 1 else 65535)
    for row in range(y.shape[0]):
        for x in range(y.shape[1]):
            value = (np.float32(y[row, x]) - to[0]) * to[1] + np.float32(0.5)
            grey = np.int32(min(max(value, np.float32(0)), top))
            out[row, x, 0] = grey
            out[row, x, 1] = grey
            out[row, x, 2] = grey


@compiled(fastmath=VECTORS)
def _spread(plane: Any, row: int, middle: Any, log2_w: int, log2_h: int, line: Any) -> None:
    """Write the chroma of one luma row into line, interpolated, its middle taken off."""
    tall, wide = plane.shape
    step_h, step_w = 1 << log2_h, 1 << log2_w
    # (row + 0.5) / step - 0.5, in units of half a luma row so that it stays whole
    twice = 2 * row + 1 - step_h
    above = twice // (2 * step_h)
    share = np.float32(twice - above * 2 * step_h) / np.float32(2 * step_h)
    first = plane[min(max(above, 0), tall - 1)]
    second = plane[min(max(above + 1, 0), tall - 1)]
    mixed = np.empty(wide + 1, np.float32)
    for i in range(wide):
        kept = np.float32(first[i]) * (np.float32(1) - share)
        mixed[i] = kept + np.float32(second[i]) * share - middle
    mixed[wide] = mixed[wide - 1]
    for phase in range(step_w):
        right = np.float32(phase) / np.float32(step_w)
        for i in range(wide):
            line[i * step_w + phase] = mixed[i] + (mixed[i + 1] - mixed[i]) * right


@compiled(fastmath=VECTORS)
def _row_to_rgb(y: Any, us: Any, vs: Any, to: Any, top: Any, out: Any) -> None:
    """One row into three rows (R, G, B): kept apart so that the compiler uses vectors."""
    zero = np.float32(0)
    low, gain, _, vr, ug, vg, ub = to
    shift = np.float32(0.5) - low * gain
    for x in range(y.size):
        luma = np.float32(y[x]) * gain + shift
        out[0, x] = np.uint16(np.int32(min(max(luma + vr * vs[x], zero), top)))
        out[1, x] = np.uint16(np.int32(min(max(luma + ug * us[x] + vg * vs[x], zero), top)))
        out[2, x] = np.uint16(np.int32(min(max(luma + ub * us[x], zero), top)))


@compiled()
def _yuv_to_rgb(y: Any, u: Any, v: Any, log2_w: int, log2_h: int, to: Any, out: Any) -> None:
    height, width = y.shape
    top = np.float32(255 if out.itemsize == 1 else 65535)
    us = np.empty(u.shape[1] << log2_w, np.float32)
    vs = np.empty_like(us)
    apart = np.empty((3, width), out.dtype)
    for row in range(height):
        _spread(u, row, to[2], log2_w, log2_h, us)
        _spread(v, row, to[2], log2_w, log2_h, vs)
        _row_to_rgb(y[row], us, vs, to, top, apart)
        for x in range(width):
            out[row, x, 0] = apart[0, x]
            out[row, x, 1] = apart[1, x]
            out[row, x, 2] = apart[2, x]


@compiled()
def _rgb_to_luma(part: Any, back: Any, limit: float, out: Any) -> None:
    r, g, b, low = back[0]
    top, zero, half = np.float32(limit), np.float32(0), np.float32(0.5)
    for row in range(out.shape[0]):
        for x in range(out.shape[1]):
            value = r * np.float32(part[row, x, 0]) + g * np.float32(part[row, x, 1])
            value += b * np.float32(part[row, x, 2]) + low + half
            out[row, x] = np.int32(min(max(value, zero), top))


@compiled()
def _rgb_to_chroma(
    rgb: Any,
    top: int,
    bottom: int,
    left: int,
    log2_w: int,
    log2_h: int,
    back: Any,
    limit: float,
    u: Any,
    v: Any,
) -> None:
    """Average the luma samples of each chroma sample: a triangle across, a box down."""
    step_h, step_w = 1 << log2_h, 1 << log2_w
    width = rgb.shape[1]
    most, zero, half = np.float32(limit), np.float32(0), np.float32(0.5)
    for row in range(u.shape[0]):
        first = top + row * step_h
        last = min(first + step_h, bottom)
        for i in range(u.shape[1]):
            centre = left + i * step_w
            r = g = b = total = np.float32(0)
            for y in range(first, last):
                for offset in range(1 - step_w, step_w):
                    x = min(max(centre + offset, 0), width - 1)
                    weight = np.float32(step_w - abs(offset))
                    r += weight * np.float32(rgb[y, x, 0])
                    g += weight * np.float32(rgb[y, x, 1])
                    b += weight * np.float32(rgb[y, x, 2])
                    total += weight
            r, g, b = r / total, g / total, b / total
            cu = back[1, 0] * r + back[1, 1] * g + back[1, 2] * b + back[1, 3] + half
            cv = back[2, 0] * r + back[2, 1] * g + back[2, 2] * b + back[2, 3] + half
            u[row, i] = np.int32(min(max(cu, zero), most))
            v[row, i] = np.int32(min(max(cv, zero), most))
