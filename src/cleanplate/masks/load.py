"""A mask specification -> holes: a still picture, a folder, a video, or a box."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.io import open_video, to_displayed
from cleanplate.io.refuse import path_of, reading, refuse_pipe
from cleanplate.masks import picture
from cleanplate.masks.edit import check_pixels
from cleanplate.masks.folder import open_folder
from cleanplate.masks.source import Fit, HoleSource, MaskOptions, count_mismatch
from cleanplate.video import Holes

__all__ = ["HoleSource", "MaskOptions", "open_holes", "read_holes"]


def open_holes(
    spec: str | Path,
    *,
    size: tuple[int, int],
    numbers: Sequence[int] | None = None,
    options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
) -> HoleSource:
    """Open a mask for a video of ``size`` (height, width) as displayed.

    spec: a picture, a folder of pictures, a video, or ``box:x,y,width,height`` in pixels of the
    displayed picture. numbers: the frame numbers of the video if it is a numbered frame folder.
    Masks of another size are resized to the nearest pixel. The matching rule of folders stands in
    ``masks/folder.py``. Raises BadInput for what is missing, unreadable, or does not fit.
    """
    check_pixels(options.grow)
    fit = Fit(size, options)
    text = str(spec)
    if is_box(spec):
        if options.object_index is not None:
            raise BadInput(f"{text} has no objects. Leave the object out, or give a palette PNG.")
        return _still(fit(parse_box(text, size)), fit)
    path = path_of(spec)
    with reading(path):
        missing = not text or not path.exists()  # the path of "" is the folder one is in
        if not missing:
            refuse_pipe(path)
    if missing:
        named = text or "''"
        raise BadInput(f"mask {named} does not exist. Give a picture, a folder, a video, or a box.")
    if path.is_dir():
        return open_folder(path, numbers, fit)
    if path.suffix.lower() in picture.SUFFIXES or picture.is_picture(path):
        return _still(fit(picture.read_picture(path, options.object_index, warn=fit.warn)), fit)
    return _open_video(path, fit)


def read_holes(
    spec: str | Path,
    *,
    like: Any,
    invert: bool = False,
    object_index: int | None = None,
    grow: int = 0,
) -> Holes:
    """Read the whole mask of a clip that is in memory.

    spec: as for ``open_holes``. like: the clip: what ``read_video`` or ``fill`` returned, or its
    frames, (T, H, W, 3). Returns (T, H, W) bool, read-only where one still mask serves all frames.
    Raises BadInput, also when the number of masks is not T.
    """
    shape = np.shape(getattr(like, "frames", like))
    if len(shape) != 4:
        raise BadInput(f"like has shape {shape}. Give a video, or frames (T, H, W, 3).")
    frames, size = shape[0], (shape[1], shape[2])
    options = MaskOptions(invert=invert, object_index=object_index, grow=grow)
    numbers = getattr(like, "numbers", None)
    with open_holes(spec, size=size, numbers=numbers, options=options) as source:
        if source.still:
            return np.broadcast_to(next(iter(source)), shape[:3])
        source.check_count(frames)
        return _stack(source, shape[:3])


def _stack(source: HoleSource, shape: tuple[int, int, int]) -> Holes:
    holes, given = np.zeros(shape, bool), 0
    for hole in itertools.islice(source, shape[0] if source.endless else None):
        if given < shape[0]:
            holes[given] = hole
        given += 1  # a mask video that is too long is counted to its end, for the message
    if given != shape[0]:
        raise count_mismatch(given, shape[0])
    return holes


def is_box(spec: str | Path) -> bool:
    """Tell whether a mask is given as a box, not as a path."""
    return str(spec).lower().startswith("box:")


def parse_box(text: str, size: tuple[int, int]) -> Holes:
    """``box:x,y,width,height`` -> (H, W) bool, clipped to the picture. Raises BadInput."""
    parts = re.fullmatch(r"box:\s*(-?\d+),\s*(-?\d+),\s*(-?\d+),\s*(-?\d+)\s*", text, re.IGNORECASE)
    if parts is None:
        raise BadInput(f"{text} is not a box. Write box:x,y,width,height in whole pixels.")
    x, y, width, height = map(int, parts.groups())
    if width <= 0 or height <= 0:
        raise BadInput(f"{text} is empty. Give a width and a height of at least 1.")
    hole = np.zeros(size, bool)
    hole[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = True
    if not hole.any():
        raise BadInput(
            f"{text} lies outside the picture of {size[1]}x{size[0]}. "
            f"Give x below {size[1]} and y below {size[0]}."
        )
    return hole


def _still(hole: Holes, fit: Fit) -> HoleSource:
    hole.setflags(write=False)

    def read() -> Iterator[Holes]:
        return itertools.repeat(hole)

    return HoleSource(read, count=None, still=True, warnings=fit.warnings)


def _open_video(path: Path, fit: Fit) -> HoleSource:
    if fit.options.object_index is not None:
        raise BadInput(
            f"mask {path.name} has no palette, so it has no object {fit.options.object_index}. "
            "Leave the object out, or give palette PNGs."
        )
    try:
        with open_video(path) as reader:
            info = reader.info
    except BadInput as error:
        raise BadInput(
            f"mask {path.name} is neither a picture nor a video that can be read. "
            "Give a picture (PNG, JPEG, BMP, TIFF, WebP), a folder of them, a video, or a box."
        ) from error

    def read() -> Iterator[Holes]:
        with open_video(path) as reader:
            for frame in reader:
                rgb = to_displayed(frame.rgb(), info.rotation, mirrored=info.mirrored)
                if rgb.dtype == np.uint16:
                    rgb = (rgb >> 8).astype(np.uint8)
                yield fit(picture.threshold(picture.brightest(rgb), lossy=True))
            for problem in reader.problems:
                fit.warn(f"Of mask {path.name}, {problem}.")

    # The header's frame count is only a hint: whoever reads both to the end compares.
    return HoleSource(read, count=None, warnings=fit.warnings)
