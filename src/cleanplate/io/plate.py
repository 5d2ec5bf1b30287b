"""The fill by itself, with alpha, to be laid over the original in a compositing program.

Alpha is straight: all in the hole, none elsewhere. Around the hole the picture goes on for a few
pixels, so that whatever resamples or compresses the plate meets no black at its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadOutput
from cleanplate.io.colour import Planes, to_planes
from cleanplate.io.encode import Encoding
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.images import colour_of_pictures, save_planes
from cleanplate.io.info import LIMITED, Colour, VideoInfo
from cleanplate.io.layout import Layout, layout
from cleanplate.io.picture import Picture
from cleanplate.io.place import whole_folder
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import writing
from cleanplate.io.trial import encoder_bytes

APRON = 16  # pixels of the picture around the hole that come along
PICTURES = "gbrap16le"
FILES = {
    ".mov": ("yuva444p10le", Encoding(codec="prores_ks")),  # ProRes 4444
    ".mkv": ("gbrap16le", Encoding(codec="ffv1", lossless=True)),
}
BT_709 = 1

# Takes a picture of the clip, its RGB as it is filled, and its hole, all as coded.
Lay = Callable[[Picture, NDArray[Any], NDArray[np.bool_]], None]


@contextmanager
def plate_writer(path: str | Path | None, like: Reader) -> Iterator[Lay | None]:
    """Give what writes a clip's plate picture after picture; it appears when all are there.

    path: a new or empty folder, for PNG of 16 bits, displayed upright; .mov for ProRes 4444, or
    .mkv for FFV1, both with the clip's own timing. Without one nothing is given. like: the clip.
    Raises BadOutput.
    """
    if path is None:
        yield None
        return
    path = Path(path)
    if path.suffix == "":
        with whole_folder(path) as part:
            yield _pictures(part, like)
        return
    info, encoding = _as_file(path, like.info)
    form, colour = layout(info.planes), info.colour
    with FileWriter(path, info, encoding) as writer:

        def lay(picture: Picture, rgb: NDArray[Any], hole: NDArray[np.bool_]) -> None:
            planes = plate_of(rgb, hole, form, colour)
            writer.write(
                Picture(
                    planes,
                    form,
                    colour=colour,
                    pts=picture.pts,
                    time_base=picture.time_base,
                    duration=picture.duration,
                )
            )

        yield lay
        writer.finish()


def plate_bytes(path: str | Path | None, like: VideoInfo) -> int:
    """Return how much memory the encoder of a plate takes; raises BadOutput as `plate_writer`."""
    if path is None or Path(path).suffix == "":
        return 0
    return encoder_bytes(path, *_as_file(Path(path), like))


def _as_file(path: Path, like: VideoInfo) -> tuple[VideoInfo, Encoding]:
    """Return what a plate is in a file of that name; raises BadOutput for another extension."""
    if path.suffix.lower() not in FILES:
        raise BadOutput(
            f"plate {path} has no extension that is known here. Give .mov for ProRes 4444, .mkv "
            "for FFV1, or a name without one for a folder of PNG."
        )
    name, encoding = FILES[path.suffix.lower()]
    form = layout(name)
    colour = _colour(like.colour, form, layout(like.planes))
    info = replace(like, planes=name, pix_fmt=name, bits=form.bits, colour=colour, not_kept=())
    return info, encoding


def _pictures(folder: Path, like: Reader) -> Lay:
    """Return what writes plates into a folder."""
    form, numbers = layout(PICTURES), count()

    def lay(_picture: Picture, rgb: NDArray[Any], hole: NDArray[np.bool_]) -> None:
        shown, inside = (np.ascontiguousarray(like.upright(part)) for part in (rgb, hole))
        with writing(folder):
            planes = plate_of(shown, inside, form, colour_of_pictures())
            save_planes(folder / f"{next(numbers):05d}.png", planes, form)

    return lay


def plate_of(rgb: NDArray[Any], hole: NDArray[np.bool_], form: Layout, colour: Colour) -> Planes:
    """Return the planes of a plate, alpha last.

    rgb: (H, W, 3) uint8, or uint16 spanning 16 bits. hole: (H, W) bool. form: more than 8 bits and
    alpha, no chroma subsampling.
    """
    deep = rgb.astype(np.uint16) * 257 if rgb.dtype == np.uint8 else rgb
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * APRON + 1, 2 * APRON + 1))
    near = cv2.dilate(hole.astype(np.uint8), disk) > 0
    seen = np.where(near[..., None], deep, np.uint16(0))
    planes = to_planes(seen, form, colour, (0, hole.shape[0], 0, hole.shape[1]))
    return (*planes, hole * np.uint16((1 << form.bits) - 1))


def _colour(source: Colour, form: Layout, was: Layout) -> Colour:
    """Return the colour tags of a plate of a clip with these tags and this layout."""
    if form.rgb:
        pictures = colour_of_pictures()
        return replace(source, range=pictures.range, matrix=pictures.matrix)
    return replace(source, range=LIMITED, matrix=BT_709 if was.rgb else source.matrix)
