"""Drawn holes -> a folder of mask pictures, for a clip or for so many frames of a size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from cleanplate.errors import BadInput
from cleanplate.io import in_order, open_video, refuse_same
from cleanplate.io.refuse import reading
from cleanplate.masks import picture
from cleanplate.masks.draw import check_family, each_hole
from cleanplate.masks.folder import list_pictures
from cleanplate.masks.write import write_folder
from cleanplate.video import Holes


def draw_masks(
    family: str,
    out: str | Path,
    *,
    frames: int | None = None,
    size: str | None = None,
    like: str | Path | None = None,
    seed: int = 0,
    area: int | None = None,
    annotations: str | Path | None = None,
    clip: str | None = None,
) -> tuple[int, list[str]]:
    """Draw a family's holes as 00000.png and so on, white = fill; memory holds one at a time.

    out: a new or empty folder. frames and size (``HxW``), or like, a clip that has both. area: as
    for the family. annotations: a folder with a folder of mask pictures for each clip, and clip,
    the name of the one that the holes are for. Returns the number of pictures, and sentences about
    what looks wrong with the clip. Raises BadInput and BadOutput.
    """
    out = Path(out)
    given = {"area": area, "annotations": annotations, "clip": clip}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    check_family(family, options)
    for source in (like, annotations):
        if source is not None:
            refuse_same(Path(source), out)
    if family == "shuffled":
        options = _others(annotations, clip)
    count, height_width, warnings = _extent(frames, size, like)
    holes = each_hole(family, count, height_width, seed=seed, **options)
    written = write_folder(((f"{number:05d}", hole) for number, hole in enumerate(holes)), out)
    return written, warnings


def parse_size(text: str) -> tuple[int, int]:
    """Read ``HxW``, height first; raises BadInput.

    >>> parse_size("240x432")
    (240, 432)
    """
    sides = re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", text.strip())
    if sides is None:
        raise BadInput(f"size {text!r} is no HxW. Give height and width in pixels, as in 240x432.")
    return int(sides[1]), int(sides[2])


def _extent(
    frames: int | None, size: str | None, like: str | Path | None
) -> tuple[int, tuple[int, int], list[str]]:
    """Return frames, (height, width) as displayed, and what is wrong with the clip, if any."""
    if like is None:
        if frames is None or size is None:
            raise BadInput("how many masks, and how large? Give --frames and --size, or --like.")
        return frames, parse_size(size), []
    if frames is not None or size is not None:
        raise BadInput("the clip of --like has frames and a size. Leave --frames and --size out.")
    with open_video(like) as reader:  # headers may lie: the frames are counted
        count = sum(1 for _ in reader)
        return count, reader.info.displayed_size, [f"Of the video, {p}." for p in reader.problems]


class Annotation(Sequence[Holes]):
    """A folder of mask pictures as a sequence of (h, w) bool; a picture is read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = list_pictures(folder)

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> Holes: ...

    @overload
    def __getitem__(self, index: slice) -> list[Holes]: ...

    def __getitem__(self, index: int | slice) -> Holes | list[Holes]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        return picture.read_picture(self._paths[index])


def _others(annotations: str | Path | None, clip: str | None) -> dict[str, Any]:
    """Return the options of ``shuffled``."""
    if annotations is None or clip is None:
        raise BadInput(
            "holes from other clips need their annotations, and the clip that they are for. "
            "Give --annotations and --clip."
        )
    root = Path(annotations)
    with reading(root):
        folders = in_order([path for path in root.iterdir() if path.is_dir()])
    names = [folder.name for folder in folders if not folder.name.startswith(".")]
    if clip not in names:
        has = f"It has: {', '.join(names)}" if names else "It has no folders"
        raise BadInput(f"clip {clip!r} is not in {root}. {has}.")
    held = [Annotation(root / name) for name in names]
    return {"annotations": held, "clip": names.index(clip)}
