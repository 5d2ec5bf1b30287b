"""A folder of mask pictures -> holes, and which picture belongs to which frame.

The number of a picture is the last group of digits in its name; pictures are taken in natural
order (``2`` before ``10``); files that are not pictures, and hidden ones, are left alone.

1.  One picture alone is a still mask: it serves every frame.
2.  If every picture has a number of its own, all of them are frame numbers of the video, and they
    do not simply count up from the video's first one (they have gaps, or start later), pictures
    are matched **by number**, and a frame without a picture has no hole. The frames of a video
    file are numbered 0, 1, 2, ..., those of a frame folder by their names.
3.  Everything else is matched **by order**, one picture for every frame. For a video file a folder
    whose numbers start at 1 counts as order, because many programs count so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.io import in_order, numbers_of
from cleanplate.io.refuse import reading
from cleanplate.masks import picture
from cleanplate.masks.source import Fit, HoleSource
from cleanplate.video import Holes


def open_folder(folder: Path, numbers: Sequence[int] | None, fit: Fit) -> HoleSource:
    """Open a folder of mask pictures; the first one is read at once, to fail early.

    numbers: the frame numbers of the video, None for a video file. Raises BadInput.
    """
    paths = list_pictures(folder)
    if not paths:
        raise BadInput(
            f"mask folder {folder} holds no pictures. Give PNG, JPEG, BMP, TIFF, or WebP files."
        )

    def load(path: Path) -> Holes:
        return fit(picture.read_picture(path, fit.options.object_index, warn=fit.warn))

    first = load(paths[0])
    if len(paths) == 1:
        return HoleSource(lambda: _repeat(first), count=None, still=True, warnings=fit.warnings)
    by_number = match(paths, numbers)
    if by_number is None:
        return HoleSource(lambda: map(load, paths), count=len(paths), warnings=fit.warnings)

    def read() -> Iterator[Holes]:
        for number in _count_up() if numbers is None else numbers:
            path = by_number.get(number)
            yield fit.nothing() if path is None else load(path)

    count = None if numbers is None else len(numbers)
    return HoleSource(read, count=count, endless=numbers is None, warnings=fit.warnings)


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder in natural order; raises BadInput where it cannot be read.

    Folders, pipes, and links that lead nowhere are no pictures, whatever their names.
    """
    with reading(folder):
        paths = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in picture.SUFFIXES
            and not path.name.startswith(".")
            and path.is_file()
        ]
    return in_order(paths)


def match(paths: Sequence[Path], numbers: Sequence[int] | None) -> Mapping[int, Path] | None:
    """Return picture by frame number, or None where pictures are matched by order."""
    own = numbers_of(paths)
    if own is None:
        return None
    first = 0 if numbers is None else min(numbers, default=0)
    if numbers is None:
        if min(own) == 1:
            return None
    elif not set(own) <= set(numbers):
        return None
    if sorted(own) == list(range(first, first + len(own))):
        return None
    return dict(zip(own, paths, strict=True))


def _count_up() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _repeat(hole: Holes) -> Iterator[Holes]:
    hole.setflags(write=False)
    while True:
        yield hole
