"""What tests of fills share: a method that paints, masks, and looks at what has changed."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.io import write_picture, write_video
from cleanplate.masks import grow
from cleanplate.video import KNOWN, UNSEEN, Filled, Provenance

SIZE = (48, 64)
LOSSLESS = cp.Encoding(lossless=True)
BOX = (slice(17, 28), slice(21, 38))  # odd on all sides, so that chroma samples straddle it
SPEC = "box:21,17,17,11"


class Painter:
    """A method that paints the hole with one level, and notes the windows that it is given.

    error: what it raises in its second window.
    """

    def __init__(self, level=200, longest_window=96, error=None):
        self.level, self.longest_window, self.error = level, longest_window, error
        self.lengths = []

    def fill(self, frames, holes, *, prior=None, progress=None, in_place=False):
        self.lengths.append(len(frames))
        if self.error is not None and len(self.lengths) == 2:
            raise self.error
        painted = frames.copy()
        painted[holes] = self.level * (257 if frames.dtype == np.uint16 else 1)
        source = np.where(holes, UNSEEN, KNOWN).astype(np.int32)
        return Filled.of(painted, holes, Provenance(source, np.zeros(holes.shape, np.float16)))


def boxed(size=SIZE, pixels=0):
    hole = np.zeros(size, bool)
    hole[BOX] = True
    return grow(hole, pixels)


def mask_picture(path, hole):
    path.parent.mkdir(exist_ok=True)
    write_picture(path, hole.astype(np.uint8) * np.uint8(255))
    return path


def dot(x=30, size=SIZE):
    hole = np.zeros(size, bool)
    hole[20:30, x : x + 10] = True
    return hole


def masks(folder, count, hole=None):
    for number in range(count):
        mask_picture(folder / f"{number:02d}.png", dot() if hole is None else hole)
    return folder


def mask_video(path, count):
    white = np.repeat(dot()[None, ..., None], 3, 3) * np.uint8(255)
    write_video(path, np.repeat(white, count, 0), encoding=LOSSLESS)
    return path


def plane_holes(hole, pix_fmt):
    """The hole at the size of Y, U and V: a chroma sample is inside where any of its luma is."""
    if "444" in pix_fmt:
        return hole, hole, hole
    height, width = hole.shape
    down = 1 if "422" in pix_fmt else 2
    padded = np.pad(hole, ((0, height % down), (0, width % 2)))
    chroma = padded.reshape(padded.shape[0] // down, down, padded.shape[1] // 2, 2).any((1, 3))
    return hole, chroma, chroma


def assert_outside_alike(had, got, hole, pix_fmt):
    inside = plane_holes(hole, pix_fmt)
    assert len(had) == len(got)
    for before, after in zip(had, got, strict=True):
        for mine, its, where in zip(before, after, inside, strict=True):
            np.testing.assert_array_equal(mine[~where], its[~where])


def everything(folder):
    """All files with their contents, hidden ones too."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
    }


def refused(tmp_path, *arguments, kind=cp.CleanplateError, **settings):
    """The refusal's sentence; nothing may have changed on the disk."""
    before = everything(tmp_path)
    settings.setdefault("method", Painter())
    with pytest.raises(kind) as raised:
        cp.fill_file(*arguments, **settings)
    assert everything(tmp_path) == before
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text
