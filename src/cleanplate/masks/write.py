"""Holes -> mask pictures, white = fill; what is written is whole, or not there at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io import open_video, refuse_same, whole_folder, write_picture
from cleanplate.io.place import Place
from cleanplate.io.refuse import reading, refuse_pipe
from cleanplate.masks import picture
from cleanplate.masks.edit import grow
from cleanplate.masks.folder import list_pictures
from cleanplate.masks.load import open_holes
from cleanplate.masks.source import MaskOptions
from cleanplate.video import Holes


def grow_masks(mask: str | Path, out: str | Path, *, options: MaskOptions) -> tuple[int, list[str]]:
    """Write a mask grown by ``options.grow`` pixels of its own.

    mask: a picture, which becomes a picture, or a folder or video, which becomes a folder. The
    pictures of a folder keep their names, those of a video are 00000.png and so on. Returns the
    number of pictures, and sentences about what looks wrong. Raises BadInput and BadOutput.
    """
    source, out = Path(mask), Path(out)
    with reading(source):
        missing = not source.exists()
        if not missing:
            refuse_pipe(source)
    if missing:
        raise BadInput(f"mask {source} does not exist. Give a picture, a folder, or a video.")
    refuse_same(source, out)
    if source.is_dir():
        return _grow_folder(source, out, options)
    if source.suffix.lower() in picture.SUFFIXES or picture.is_picture(source):
        warnings: list[str] = []
        write_mask(_grown(source, options, warnings), out)
        return 1, warnings
    with open_holes(source, size=_video_size(source), options=options) as holes:
        count = write_folder(((f"{n:05d}", hole) for n, hole in enumerate(holes)), out)
        return count, holes.warnings


def _grow_folder(source: Path, out: Path, options: MaskOptions) -> tuple[int, list[str]]:
    paths = list_pictures(source)
    if not paths:
        raise BadInput(f"mask folder {source} holds no pictures.")
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):  # 7.png beside 7.jpg
        names = [f"{number:05d}" for number in range(len(paths))]
    warnings: list[str] = []
    grown = (_grown(path, options, warnings) for path in paths)
    return write_folder(zip(names, grown, strict=True), out), warnings


def write_mask(hole: Holes, out: Path) -> None:
    """Write one (H, W) bool hole as a PNG. Raises BadOutput."""
    check_name(out)
    write_picture(out, _image(hole))


def check_name(out: Path) -> None:
    """Refuse what is no name of a PNG; raises BadOutput."""
    if out.suffix.lower() != ".png":
        raise BadOutput(f"{out.name} is no PNG, and masks are written as PNG. Give NAME.png.")


def write_folder(named: Iterable[tuple[str, Holes]], out: Path) -> int:
    """Write (name without suffix, hole) as NAME.png into a folder; return how many. BadOutput."""
    with whole_folder(out) as folder:
        return write_into(folder, named)


def check_folder(out: Path) -> None:
    """Refuse before the work what cannot become a folder of masks; raises BadOutput."""
    Place(out, folder=True).drop()


def write_into(folder: Path, named: Iterable[tuple[str, Holes]]) -> int:
    """Write (name without suffix, hole) as NAME.png into a folder that is there; return how many.

    Raises BadOutput.
    """
    count = 0
    for name, hole in named:
        write_picture(folder / f"{name}.png", _image(hole))
        count += 1
    return count


def _grown(path: Path, options: MaskOptions, warnings: list[str]) -> Holes:
    hole = picture.read_picture(path, options.object_index, warn=warnings.append)
    return grow(~hole if options.invert else hole, options.grow)


def _video_size(path: Path) -> tuple[int, int]:
    with open_video(path) as reader:
        return reader.info.displayed_size


def _image(hole: Holes) -> NDArray[np.uint8]:
    return hole.astype(np.uint8) * np.uint8(255)
