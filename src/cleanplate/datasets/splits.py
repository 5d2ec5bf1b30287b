"""Split files: which clips of a data set are for training, which for testing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.io.refuse import reading
from cleanplate.video import whole


def read_lengths(file: Path) -> dict[str, int]:
    """Read a split as the STTN code keeps it, ``{"CLIP": number of frames}``; raises BadInput."""
    try:
        lengths: Any = json.loads(_text(file))
    except (ValueError, RecursionError):
        lengths = None
    if not isinstance(lengths, dict) or not all(whole(n) and n > 0 for n in lengths.values()):
        raise BadInput(f'{file} is no split. Give JSON such as {{"bear": 82}}: clip and length.')
    return lengths


def read_image_set(folder: Path, split: str) -> tuple[Path, list[str]]:
    """Find a split in the ImageSets of DAVIS; return its file, and the clips it names in order.

    split: a file's name without its suffix, its folder before it where several differ: ``2017/val``
    (lists of clips) or ``480p/val`` (lists of pairs of pictures). Raises BadInput.
    """
    files = sorted([*folder.glob("*.txt"), *folder.glob("*/*.txt")])
    known = {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}
    meant = [file for name, file in known.items() if split in (name, file.stem)]
    if not meant:
        raise no_split(folder, split, known)
    clips = [_clips(file) for file in meant]
    if any(set(other) != set(clips[0]) for other in clips):
        names = ", ".join(name for name, file in known.items() if file in meant)
        raise BadInput(f"{folder} holds several splits {split!r} that differ. Give one of {names}.")
    return meant[0], clips[0]


def refuse_absent(file: Path, named: Iterable[str], there: Iterable[str], folder: Path) -> None:
    """Refuse a split that names a clip that is not there; raises BadInput."""
    there = set(there)
    absent = [name for name in named if name not in there]
    if absent:
        raise BadInput(
            f"{file} names {absent[0]}, which is not in {folder} ({len(absent)} in all are not). "
            "Add the clip, or take its name out."
        )


def no_split(path: Path, split: str, known: Iterable[str]) -> BadInput:
    """Return the refusal of a split that a data set does not have."""
    names = ", ".join(known)
    there = f"It has {names}; give one of them" if names else "It has none: leave the split out"
    return BadInput(f"{path} has no split {split!r}. {there}.")


def _clips(file: Path) -> list[str]:
    """Return the clips of a list: a line is CLIP, or begins with /JPEGImages/480p/CLIP/N."""
    clips = []
    for line in _text(file).splitlines():
        words = line.split()
        if words:
            parts = words[0].strip("/").split("/")
            clips.append(parts[-2] if len(parts) > 1 else parts[0])
    return list(dict.fromkeys(clips))


def _text(file: Path) -> str:
    with reading(file):
        return file.read_text(encoding="utf-8")
