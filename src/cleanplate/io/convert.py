"""A picture in another planar format, for encoders that cannot take the clip's own.

Whatever both formats can hold stays as it is: luma is never touched by a change of chroma format,
finer chroma repeats the samples, more bits shift them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.io.colour import Planes, to_planes
from cleanplate.io.info import LIMITED, RGB_MATRIX, Colour
from cleanplate.io.layout import Layout
from cleanplate.io.picture import Picture


def converted(picture: Picture, target: Layout) -> Picture:
    """Return the picture in another layout; itself where it already has it."""
    source = picture.layout
    if source == target:
        return picture
    colour = target_colour(picture.colour, source, target, picture.size)
    if source.rgb != target.rgb:
        planes = _through_rgb(picture, target, colour)
    else:
        planes = _alike(picture, target, colour)
    return Picture(
        _with_alpha(planes, picture, target),
        target,
        colour=colour,
        pts=picture.pts,
        time_base=picture.time_base,
        duration=picture.duration,
        carrier=picture.carrier,
    )


def target_colour(colour: Colour, source: Layout, target: Layout, size: tuple[int, int]) -> Colour:
    """Return the tags of the converted picture: changed only from RGB to Y'CbCr and back."""
    if source.rgb == target.rgb:
        return colour
    if target.rgb:
        return Colour(0, colour.primaries, colour.transfer, RGB_MATRIX)
    matrix = 1 if min(size) >= 720 else 6
    return Colour(LIMITED, colour.primaries, colour.transfer, matrix)


def _through_rgb(picture: Picture, target: Layout, colour: Colour) -> Planes:
    """Between RGB and Y'CbCr."""
    return to_planes(_deep_as(picture.rgb(), target.bits), target, colour, _whole(picture))


def _alike(picture: Picture, target: Layout, colour: Colour) -> Planes:
    """Between two formats of the same kind: depth and chroma format alone differ."""
    source = picture.layout
    planes = [_deepened(plane, source.bits, target.bits) for plane in picture.planes]
    if target.planes == 1:
        return (planes[0],)
    if source.planes == 1:
        middle = 1 << (target.bits - 1)
        shape = target.shapes(picture.size)[1]
        return (planes[0], *(np.full(shape, middle, planes[0].dtype) for _ in range(2)))
    if source.log2_w < target.log2_w or source.log2_h < target.log2_h:
        coarse = to_planes(_deep_as(picture.rgb(), target.bits), target, colour, _whole(picture))
        return (planes[0], *coarse[1:])
    across, down = source.log2_w - target.log2_w, source.log2_h - target.log2_h
    height, width = target.shapes(picture.size)[1]
    finer = (p.repeat(1 << down, 0).repeat(1 << across, 1)[:height, :width] for p in planes[1:3])
    return (planes[0], *finer)


def _with_alpha(planes: Planes, picture: Picture, target: Layout) -> Planes:
    if target.planes < 4:
        return planes[:3]
    if picture.layout.planes == 4:
        return (*planes[:3], _deepened(picture.planes[3], picture.layout.bits, target.bits))
    return (*planes[:3], np.full(picture.size, (1 << target.bits) - 1, planes[0].dtype))


def _deepened(plane: NDArray[Any], have: int, want: int) -> NDArray[Any]:
    """Shift samples to another depth, rounding where bits are lost."""
    dtype = np.uint8 if want == 8 else np.uint16
    if want >= have:
        return np.left_shift(plane, want - have, dtype=dtype) if want > have else plane
    lost = have - want
    rounded = np.right_shift(plane.astype(np.uint32) + (1 << (lost - 1)), lost)
    return np.minimum(rounded, (1 << want) - 1).astype(dtype)


def _deep_as(rgb: NDArray[Any], bits: int) -> NDArray[Any]:
    """Bring RGB to the span that to_planes expects for this depth."""
    if bits == 8:
        return rgb if rgb.dtype == np.uint8 else ((rgb.astype(np.uint32) + 128) // 257).astype("u1")
    return rgb if rgb.dtype == np.uint16 else rgb.astype(np.uint16) * np.uint16(257)


def _whole(picture: Picture) -> tuple[int, int, int, int]:
    height, width = picture.size
    return 0, height, 0, width
