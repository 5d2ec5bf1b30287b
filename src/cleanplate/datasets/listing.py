"""The clips in one folder: folders of pictures, zips of pictures, or videos."""

from __future__ import annotations

import os
from pathlib import Path

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.sources import (
    PictureFolder,
    Pictures,
    PictureZip,
    VideoFile,
    is_picture_name,
)
from cleanplate.errors import BadInput
from cleanplate.io import in_order, open_video
from cleanplate.io.encode import CONTAINERS
from cleanplate.io.refuse import reading
from cleanplate.masks.picture import is_picture

ZIP = ".zip"


def entries_of(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the files in a folder, in order; no hidden ones.

    Raises BadInput where it cannot be read.
    """
    folders: list[str] = []
    files: list[str] = []
    with reading(folder), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif entry.is_file():  # a pipe would be waited for
                files.append(entry.name)
    return _in_order(folders), _in_order(files)


def folder_clips(frames: Path, annotations: Path | None = None) -> list[Clip]:
    """List a clip for every folder in ``frames``; annotations: the folder with those of them.

    Raises BadInput for clips without pictures, and for those whose numbers jump.
    """
    beside = _annotations_in(annotations)
    clips = []
    for name in entries_of(frames)[0]:
        source = PictureFolder(frames / name)
        clips.append(Clip(name, source.count(), source, beside.get(name)))
    return clips


def zip_clips(frames: Path, annotations: Path) -> list[Clip]:
    """List a clip of unknown length for every zip in ``frames``; none is opened."""
    beside = _annotations_in(annotations)
    names = {name[: -len(ZIP)]: name for name in entries_of(frames)[1] if is_zip(name)}
    return [
        Clip(clip, None, PictureZip(frames / name), beside.get(clip))
        for clip, name in names.items()
    ]


def plain_clips(folder: Path) -> list[Clip]:
    """List the folders that hold pictures, then the videos; everything else is left alone.

    Raises BadInput for folders of pictures whose numbers jump.
    """
    folders, files = entries_of(folder)
    names = [name for name in folders if any(map(is_picture_name, entries_of(folder / name)[1]))]
    sources = {name: PictureFolder(folder / name) for name in names}
    clips = [Clip(name, source.count(), source) for name, source in sources.items()]
    videos = [folder / name for name in files if _is_video(folder / name)]
    return clips + [Clip(file.name, None, VideoFile(file)) for file in videos]


def is_zip(name: str) -> bool:
    """Tell by its name whether a file is a zip."""
    return name.lower().endswith(ZIP)


def _annotations_in(folder: Path | None) -> dict[str, Pictures]:
    """Annotations by clip, in folders or zips; none where there is no such folder."""
    folders, files = entries_of(folder) if folder and folder.is_dir() else ([], [])
    found: dict[str, Pictures] = {}
    if folder:
        found |= {name: PictureFolder(folder / name) for name in folders}
        found |= {name[: -len(ZIP)]: PictureZip(folder / name) for name in files if is_zip(name)}
    return found


def _in_order(names: list[str]) -> list[str]:
    return [file.name for file in in_order(map(Path, names))]


def _is_video(file: Path) -> bool:
    """Tell by its suffix whether a file is a video, or by opening it where that says nothing."""
    if file.suffix.lower() in CONTAINERS:
        return True
    if is_picture(file):  # which the video library would open as well
        return False
    try:
        open_video(file).close()
    except BadInput:
        return False
    return True
