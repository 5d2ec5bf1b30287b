"""Select an object in one frame of a video file, and write its mask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io import open_video, refuse_same
from cleanplate.io.refuse import path_of
from cleanplate.masks.picture import read_grey
from cleanplate.masks.select import Box, Point, Selector, select
from cleanplate.masks.track import working_picture
from cleanplate.masks.upright import upright_frames
from cleanplate.masks.ways import FURTHEST, near
from cleanplate.masks.write import write_mask
from cleanplate.video import Frames, Holes

Picture = NDArray[np.uint8]

_BLACK, _WHITE = 64, 191  # of 255: a scribble is darker than the first, or lighter than the second


def select_file(
    video: str | Path,
    out: str | Path,
    *,
    box: Box | None = None,
    inside: Sequence[Point] = (),
    outside: Sequence[Point] = (),
    scribble: str | Path | None = None,
    frame: int = 0,
    selector: Selector = select,
) -> Holes:
    """Write the mask of an object in a frame of a video, counted from 0, as PNG; return it.

    box, inside, outside: as for ``select``, in pixels of the picture as it is displayed. scribble:
    a picture of the frame's size, white on the object, black beside it, grey elsewhere. selector:
    which way it is found, see ``load_selector``. Raises BadInput and BadOutput.
    """
    for source in (video, *([] if scribble is None else [scribble])):
        refuse_same(path_of(source), path_of(out))
    picture, others = read_frame(video, frame)
    marks = None if scribble is None else _marks(path_of(scribble))
    hole = selector(picture, box, inside=inside, outside=outside, scribble=marks, others=others)
    if not hole.any():
        raise BadInput(
            "nothing there tells the object from what is around it. "
            "Give a tighter box, or clicks inside and outside."
        )
    write_mask(hole, path_of(out))
    return hole


def read_frame(video: str | Path, frame: int) -> tuple[Frames, list[Picture]]:
    """Read one frame of a video, counted from 0, as displayed: (H, W, 3). Raises BadInput.

    Beside it come frames near it, small, as `select` takes them.
    """
    wanted: Frames | None = None
    stretch: list[Picture] = []
    count = 0
    with open_video(video) as reader:
        for count, picture in enumerate(upright_frames(reader), start=1):
            if count - 1 == frame:
                wanted = np.ascontiguousarray(picture)
            if count - 1 >= frame - FURTHEST:
                stretch.append(working_picture(picture))
            if count - 1 == frame + FURTHEST:
                break
    if wanted is None:
        raise BadInput(
            f"there is no frame {frame}: the video has {count}, counted from 0. "
            f"Give one from 0 to {count - 1}."
        )
    return wanted, near(stretch, min(frame, FURTHEST))


def _marks(path: Path) -> NDArray[np.uint8]:
    """Read a scribble as 255, 0, and 128 where it says nothing."""
    grey = read_grey(path)
    marks = np.full(grey.shape, 128, np.uint8)
    marks[grey > _WHITE], marks[grey < _BLACK] = 255, 0
    return marks


def numbers_of(text: str, count: int) -> Any:
    """Read so many whole numbers between commas; raises BadInput.

    >>> numbers_of("20,-5", 2)
    (20, -5)
    """
    parts = text.split(",")
    if len(parts) != count or not all(re.fullmatch(r"\s*-?[0-9]{1,6}\s*", p) for p in parts):
        names = "x,y" if count == 2 else "x,y,width,height"
        raise BadInput(f"{text[:40]!r} is not {names}. Give whole numbers, such as 20,30.")
    return tuple(int(part) for part in parts)
