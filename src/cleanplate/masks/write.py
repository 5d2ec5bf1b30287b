"""Holes -> mask pictures, white = fill; what is written is whole, or not there at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from cleanplate.errors import BadInput, BadOutput
from cleanplate.masks import picture
from cleanplate.masks.edit import grow
from cleanplate.masks.folder import list_pictures
from cleanplate.masks.load import open_holes
from cleanplate.masks.source import MaskOptions
from cleanplate.video import Holes


def grow_masks(mask: str | Path, out: str | Path, *, options: MaskOptions) -> int:
    """Write a mask grown by ``options.grow`` pixels of its own; return the number of pictures.

    mask: a picture, which becomes a picture, or a folder or video, which becomes a folder. The
    pictures of a folder keep their names, those of a video are 00000.png and so on. Raises
    BadInput and BadOutput.
    """
    source, out = Path(mask), Path(out)
    if not source.exists():
        raise BadInput(f"mask {source} does not exist. Give a picture, a folder, or a video.")
    if source.is_dir():
        paths = list_pictures(source)
        if not paths:
            raise BadInput(f"mask folder {source} holds no pictures.")
        return write_folder(((path.stem, _grown(path, options)) for path in paths), out)
    if source.suffix.lower() in picture.SUFFIXES or picture.is_picture(source):
        write_picture(_grown(source, options), out)
        return 1
    with open_holes(source, size=_video_size(source), options=options) as holes:
        return write_folder(((f"{n:05d}", hole) for n, hole in enumerate(holes)), out)


def write_picture(hole: Holes, out: Path) -> None:
    """Write one (H, W) bool hole as a PNG. Raises BadOutput."""
    if out.suffix.lower() != ".png":
        raise BadOutput(f"{out.name} is no PNG, and masks are written as PNG. Give NAME.png.")
    if not out.absolute().parent.is_dir():
        raise BadOutput(f"folder {out.parent} does not exist. Make it, or give another place.")
    part = out.with_name(f".{out.stem}.part.png")
    try:
        _image(hole).save(part)
        part.replace(out)
    except OSError as error:
        raise BadOutput(f"{out} cannot be written ({error.strerror or error}).") from error
    finally:
        part.unlink(missing_ok=True)


def write_folder(named: Iterable[tuple[str, Holes]], out: Path) -> int:
    """Write (name without suffix, hole) as NAME.png into a folder; return how many. BadOutput."""
    count = 0
    with whole_folder(out) as folder:
        for name, hole in named:
            _image(hole).save(folder / f"{name}.png")
            count += 1
    return count


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a fresh folder whose contents move to ``out`` when all went well, else vanish.

    What ``out`` held under the same names is replaced, the rest stays. Raises BadOutput.
    """
    if out.exists() and not out.is_dir():
        raise BadOutput(f"{out} is a file, and a folder is to be written. Give another name.")
    if not out.absolute().parent.is_dir():
        raise BadOutput(f"folder {out.parent} does not exist. Make it, or give another place.")
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    except OSError as error:
        raise BadOutput(f"{out} cannot be written ({error.strerror or error}).") from error
    try:
        yield part
        out.mkdir(exist_ok=True)
        for child in part.iterdir():
            old = out / child.name
            if old.is_dir():
                shutil.rmtree(old)
            child.replace(old)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _grown(path: Path, options: MaskOptions) -> Holes:
    hole = picture.read_picture(path, options.object_index)
    return grow(~hole if options.invert else hole, options.grow)


def _video_size(path: Path) -> tuple[int, int]:
    from cleanplate.io import open_video

    with open_video(path) as reader:
        return reader.info.displayed_size


def _image(hole: Holes) -> Image.Image:
    return Image.fromarray(hole.astype(np.uint8) * 255)
