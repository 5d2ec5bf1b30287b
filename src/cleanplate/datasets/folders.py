"""Data sets as they lie on disk: which layout a folder has, and the clips in it.

============  ====================================================================================
layout        a clip, and what names the splits
============  ====================================================================================
davis         ``JPEGImages/480p/CLIP/*.jpg``, ``Annotations/480p/CLIP/*.png``; ``ImageSets``
432x240       ``JPEGImages_432_240/CLIP/*.jpg``; ``train.json``, ``test.json``
zips          ``JPEGImages/CLIP.zip``, ``Annotations/CLIP.zip``; ``train.json``, ``test.json``
youtube-vos   ``train/JPEGImages/CLIP/*.jpg``, ``train/Annotations/CLIP/*.png``; so valid, test
fvi           ``Train/JPEGImages/CLIP/*.jpg``; so Test, of which the TSAM paper takes the first 15
              frames (``load_frames(count=15)``)
plain         a video file, or a folder of pictures; no splits
============  ====================================================================================

The first layout that fits is taken. Names and split files are read, frames only when a clip is
loaded; a file of the plain layout whose suffix says nothing is opened to see if it is a video.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cleanplate.datasets.clip import Clip, masks_of
from cleanplate.datasets.listing import entries_of, folder_clips, is_zip, plain_clips, zip_clips
from cleanplate.datasets.splits import no_split, read_image_set, read_lengths, refuse_absent
from cleanplate.errors import BadInput
from cleanplate.io.refuse import path_of, reading

__all__ = ["LAYOUTS", "Clip", "Dataset", "Layout", "masks_of", "open_dataset"]

FRAMES, ANNOTATIONS, RESOLUTION, SMALL = "JPEGImages", "Annotations", "480p", "JPEGImages_432_240"
JSON_SPLITS = ("train", "test")
YOUTUBE_PARTS, FVI_PARTS = ("train", "valid", "test"), ("Train", "Test")


@dataclass(frozen=True)
class Dataset:
    """The clips of a data set, or of one split of it.

    layout: its name in LAYOUTS. clips: in the order of their names, part by part. masks: the
    folder of the set's own test holes, for ``masks_of``; None where it has none.
    """

    path: Path
    layout: str
    split: str | None
    clips: tuple[Clip, ...]
    masks: Path | None = None


def open_dataset(path: str | Path, *, split: str | None = None) -> Dataset:
    """Find what data set lies in a folder and list its clips; no frame is read.

    split: the clips of one split only, named as the layout names it, in any case of letters where
    splits are folders. Raises BadInput for a folder of another layout, one without clips, an
    unknown split or one that names absent clips, and clips whose frames' numbers jump (in a zip:
    when it is loaded).
    """
    root = path_of(path)
    with reading(root):
        if not root.is_dir():
            there = "is no folder" if root.exists() else "does not exist"
            raise BadInput(f"{root} {there}. Give the folder of a data set: {_shapes()}.")
    layout = next(layout for layout in LAYOUTS if layout.fits(root))
    clips = layout.clips(root, split)
    if not clips:
        plain = layout is LAYOUTS[-1]
        what = "no data set" if plain else f"no clips, though it looks like {layout.name}"
        raise BadInput(f"{root} holds {what}. Give a folder of one of these: {_shapes()}.")
    masks = root / "test_masks"
    return Dataset(root, layout.name, split, tuple(clips), masks if masks.is_dir() else None)


@dataclass(frozen=True)
class Layout:
    """A way to lay out a data set; shape: in words, for a user whose folder has another."""

    name: str
    shape: str
    fits: Callable[[Path], bool]
    clips: Callable[[Path, str | None], list[Clip]]


def _shapes() -> str:
    return "; ".join(f"{layout.shape} ({layout.name})" for layout in LAYOUTS)


def _davis_clips(root: Path, split: str | None) -> list[Clip]:
    frames = root / FRAMES / RESOLUTION
    clips = folder_clips(frames, root / ANNOTATIONS / RESOLUTION)
    if split is None:
        return clips
    file, named = read_image_set(root / "ImageSets", split)
    refuse_absent(file, named, [clip.name for clip in clips], frames)
    return [clip for clip in clips if clip.name in set(named)]


def _small_clips(root: Path, split: str | None) -> list[Clip]:
    clips = folder_clips(root / SMALL)
    return clips if split is None else _split_by_json(root, split, clips, root / SMALL)


def _holds_zips(root: Path) -> bool:
    folder = root / FRAMES
    return folder.is_dir() and any(map(is_zip, entries_of(folder)[1]))


def _zip_clips(root: Path, split: str | None) -> list[Clip]:
    clips = zip_clips(root / FRAMES, root / ANNOTATIONS)
    if split is not None:
        return _split_by_json(root, split, clips, root / FRAMES)
    lengths: dict[str, int] = {}
    for known in _json_splits(root):
        lengths |= read_lengths(root / f"{known}.json")
    return [replace(clip, length=lengths.get(clip.name)) for clip in clips]


def _json_splits(root: Path) -> list[str]:
    return [name for name in JSON_SPLITS if (root / f"{name}.json").is_file()]


def _split_by_json(root: Path, split: str, clips: list[Clip], folder: Path) -> list[Clip]:
    """Keep the clips that SPLIT.json names, cut to its lengths as the STTN code cuts them."""
    known = _json_splits(root)
    if split not in known:
        raise no_split(root, split, known)
    file = root / f"{split}.json"
    lengths = read_lengths(file)
    refuse_absent(file, lengths, [clip.name for clip in clips], folder)
    kept = [clip for clip in clips if clip.name in lengths]
    for clip in kept:
        if clip.length is not None and clip.length < lengths[clip.name]:
            raise BadInput(
                f"{file} says that {clip.name} has {lengths[clip.name]} frames, "
                f"and {clip.length} are there. Add the others, or correct the file."
            )
    return [replace(clip, length=lengths[clip.name]) for clip in kept]


def _parts_of(root: Path, parts: tuple[str, ...]) -> list[str]:
    """Names of the parts that are there; exactly so, also where the disk ignores the case."""
    there = entries_of(root)[0]
    return [part for part in parts if part in there and (root / part / FRAMES).is_dir()]


def _part_clips(root: Path, split: str | None, parts: tuple[str, ...]) -> list[Clip]:
    known = _parts_of(root, parts)
    asked = [part for part in known if split is None or part.lower() == split.lower()]
    if not asked and split is not None:
        raise no_split(root, split, known)
    return [
        clip
        for part in asked
        for clip in folder_clips(root / part / FRAMES, root / part / ANNOTATIONS)
    ]


def _plain_clips(root: Path, split: str | None) -> list[Clip]:
    clips = plain_clips(root)
    if clips and split is not None:
        raise no_split(root, split, ())
    return clips


LAYOUTS = (
    Layout(
        "davis",
        "JPEGImages/480p/CLIP/*.jpg",
        lambda root: (root / FRAMES / RESOLUTION).is_dir(),
        _davis_clips,
    ),
    Layout(
        "432x240",
        "JPEGImages_432_240/CLIP/*.jpg",
        lambda root: (root / SMALL).is_dir(),
        _small_clips,
    ),
    Layout("zips", "JPEGImages/CLIP.zip", _holds_zips, _zip_clips),
    Layout(
        "youtube-vos",
        "train|valid|test/JPEGImages/CLIP/*.jpg",
        lambda root: bool(_parts_of(root, YOUTUBE_PARTS)),
        lambda root, split: _part_clips(root, split, YOUTUBE_PARTS),
    ),
    Layout(
        "fvi",
        "Train|Test/JPEGImages/CLIP/*.jpg",
        lambda root: bool(_parts_of(root, FVI_PARTS)),
        lambda root, split: _part_clips(root, split, FVI_PARTS),
    ),
    Layout(
        "plain",
        "videos, or folders of pictures",
        lambda root: True,
        _plain_clips,
    ),
)
