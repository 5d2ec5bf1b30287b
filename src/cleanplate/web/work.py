"""What is done with a clip, each in a process of its own: open, follow, find, try, fill."""

from __future__ import annotations

import shutil
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from cleanplate.errors import BadInput
from cleanplate.io import Encoding, open_video
from cleanplate.masks import MaskOptions
from cleanplate.masks.edit import grow
from cleanplate.masks.follow.trail import Soft
from cleanplate.masks.generous import AUTO, SURE, Grow
from cleanplate.masks.shadow import with_shadows
from cleanplate.masks.static import find_static_file
from cleanplate.masks.subtitles import find_subtitles_file
from cleanplate.masks.track import working_picture
from cleanplate.masks.track_file import track_file
from cleanplate.masks.upright import upright_frames
from cleanplate.masks.write import write_folder, write_mask
from cleanplate.packed import Packed
from cleanplate.pipeline import fill, fill_file
from cleanplate.provenance import Seen, provenance_picture
from cleanplate.region import reduce_hole, reduced_picture, working_size
from cleanplate.tracking import load_tracker
from cleanplate.unblending import unblend, unblend_file
from cleanplate.video import Frames, Holes
from cleanplate.web.layers import Layers
from cleanplate.web.limits import Limits
from cleanplate.web.pictures import name_of, read_jpeg, write_jpeg, write_layer
from cleanplate.web.tell import Tell

UNBLEND = "unblend"  # instead of a method: an overlay is seen through
_THOUSANDTHS = 1000
TRIED_FRAMES = 24  # that a quick look at the fill is of,
TRIED_PIXELS = 320 * 180  # and their size


@dataclass(frozen=True)
class Facts:
    """What a clip is. size, seen: (height, width) of its frames as displayed, and of those shown.

    rate: frames a second. names: of the frames' masks. problems: what could not be decoded.
    """

    frames: int
    size: tuple[int, int]
    seen: tuple[int, int]
    rate: float
    names: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """How a clip is to be filled; each of them a choice that the page shows."""

    method: str = "flow"
    tune: str = "removal"
    growth: Grow = AUTO
    lossless: bool = False
    plate: bool = False
    seed: int = 0


def open_clip(source: Path, shown: Path, limits: Limits, tell: Tell) -> Facts:
    """Write a clip's frames as small pictures into a new folder. Raises BadInput."""
    shown.mkdir()
    with open_video(source) as reader:
        size, total = reader.info.displayed_size, reader.info.frame_count
        if size[0] * size[1] > limits.pixels:
            raise BadInput(
                f"the clip's frames are {size[1]}x{size[0]}, more pixels than are taken here "
                f"({limits.pixels}). Give a smaller one."
            )
        count, seen = 0, size
        for count, frame in enumerate(upright_frames(reader), start=1):
            if count > limits.frames:
                raise BadInput(
                    f"the clip has more than {limits.frames} frames, which is the most that are "
                    "taken here. Give a shorter one."
                )
            picture = working_picture(frame)
            seen = (picture.shape[0], picture.shape[1])
            write_jpeg(shown / name_of(count - 1), picture)
            tell(count, total)
        names = tuple(f"{number:05d}" for number in reader.numbers or range(count))
        rate = float(reader.info.frame_rate or 25)
        return Facts(count, size, seen, rate, names, tuple(reader.problems))


def follow(
    source: Path,
    layers: Layers,
    live: Path,
    out: Path,
    tell: Tell,
    *,
    tracking: Mapping[str, Any] = MappingProxyType({"name": "flow"}),
) -> dict[str, Any]:
    """Follow the object from its key masks; write its masks, as they are, into a new folder.

    live: a folder for them as they are found. tracking: as `load_tracker` is told. Raises BadInput.
    """
    shutil.rmtree(live, ignore_errors=True)  # of what was followed before, and stopped
    live.mkdir()
    way, more = tracking["name"], {key: tracking[key] for key in tracking if key != "name"}
    far = _Far(way, len(layers.names), sorted(layers.keys))

    def progress(done: int, _: int | None) -> None:
        far.forward = done
        tell(far.done, far.total)

    def watch(frame: int, soft: Soft) -> None:
        write_mask(soft > SURE, live / name_of(frame, ".png"))
        far.find()
        tell(far.done, far.total, frame)

    keys = [f"{path}@{frame}" for frame, path in sorted(layers.keys.items())]
    tracker = load_tracker(way, **more)
    done = track_file(source, keys, out, grow=0, tracker=tracker, progress=progress, watch=watch)
    shutil.rmtree(live, ignore_errors=True)
    found = asdict(done)
    return {name: found[name] for name in ("confidence", "unsure", "empty", "cuts")}


class _Far:
    """How far an object has been followed, by what a tracker tells and by the masks it finds.

    Most tell frames, then find masks on the way back. A network tells thousandths while it is
    fitted, and finds a mask of every frame after that, and once more beside the one before.
    """

    def __init__(self, way: str, frames: int, keys: list[int]) -> None:
        self._fitted, self._frames = way == "internal", frames
        back = _frames_back(keys) if way == "flow" else keys[0]
        self.total = _THOUSANDTHS if self._fitted else frames + back
        self.forward = self._found = 0

    def find(self) -> None:
        """Take it that one more mask was found."""
        self._found += self._fitted or self.forward >= self._frames

    @property
    def done(self) -> int:
        """Of the total."""
        if not self._fitted:
            return min(min(self.forward, self._frames) + self._found, self.total)
        share = min(1.0, self._found / (2 * self._frames))
        return self.forward + int(share * (self.total - self.forward))


def _frames_back(keys: list[int]) -> int:
    """Return over how many frames masks are carried backwards, if there is no cut.

    >>> _frames_back([5, 8])
    7
    """
    starts = [0, *(key + 1 for key in keys[:-1])]
    return sum(key - start for start, key in zip(starts, keys, strict=True))


def find_static(source: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """Find what stands still while the scene moves; write its mask. Raises BadInput."""
    found = find_static_file(source, out)
    return {"patches": found.patches, "share": float(found.hole.mean())}


def find_subtitles(source: Path, out: Path, tell: Tell) -> dict[str, Any]:
    """Find lines of text that come and go; write a folder of masks. Raises BadInput."""
    found = find_subtitles_file(source, out, progress=tell)
    return {"lines": found.lines, "texted": found.texted}


def find_shadow(shown: Path, facts: Facts, layers: Layers, out: Path, tell: Tell) -> dict[str, Any]:
    """Find the shadow of the object in small pictures; write its masks, if there is any.

    Told are the frames that have one. Raises BadInput.
    """
    things, cast = layers.alone(), 0
    waiting: deque[Packed] = deque()  # a shadow is told by frames after it

    def pictures() -> Iterator[tuple[Frames, Holes]]:
        for frame in range(facts.frames):
            hole = things.hole_at(frame, facts.seen, AUTO)
            waiting.append(Packed.of(hole))
            yield read_jpeg(shown / name_of(frame)), hole

    def named() -> Iterator[tuple[str, Holes]]:
        nonlocal cast
        for frame, wider in enumerate(with_shadows(pictures())):
            thing = things.object_at(frame, facts.seen)
            shadow = _up_to(thing, waiting.popleft().mask(), wider)
            cast += bool(shadow.any())
            yield facts.names[frame], shadow
            tell(frame + 1, facts.frames)

    write_folder(named(), out)
    if not cast:
        shutil.rmtree(out)
    return {"frames": cast}


def _up_to(thing: Holes, hole: Holes, wider: Holes) -> Holes:
    """Return what is cast beside a hole, with what lies between that and the thing, (h, w)."""
    cast = wider & ~hole
    if not cast.any():
        return cast
    away = cv2.distanceTransform((~thing).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return cast | (grow(cast, int(np.ceil(away[hole].max()))) & hole & ~thing)


def try_out(
    shown: Path, facts: Facts, layers: Layers, at: int, asked: Asked, out: Path, tell: Tell
) -> dict[str, Any]:
    """Fill a few frames around one, small; write them as they are filled. Raises BadInput."""
    count = min(TRIED_FRAMES, facts.frames)
    first = max(0, min(at - count // 2, facts.frames - count))
    size = working_size(facts.seen, TRIED_PIXELS)
    numbers = range(first, first + count)
    frames = np.stack([reduced_picture(read_jpeg(shown / name_of(n)), size) for n in numbers])
    full = (layers.hole_at(n, facts.seen, asked.growth) for n in numbers)
    holes = np.stack([reduce_hole(hole, size) for hole in full])
    if not holes.any():
        raise BadInput("there is no mask in this part of the clip. Go to where the object is.")
    if asked.method == UNBLEND:
        holes[:] = reduce_hole(layers.still_at(facts.seen, asked.growth), size)
        clean = unblend(frames, holes, tune=asked.tune)
    else:
        clean = fill(frames, holes, tune=asked.tune, seed=asked.seed, progress=tell)
    out.mkdir()
    for number, before, after, hole in zip(numbers, frames, clean, holes, strict=True):
        _show(out / name_of(number), shown / name_of(number), (before, after, hole), facts.seen)
    return {"first": first, "frames": count}


def _show(path: Path, shown: Path, filled: Any, size: tuple[int, int]) -> None:
    """Write a frame as it is shown, its hole as a smaller frame was filled."""
    _before, after, hole = filled
    picture = read_jpeg(shown)
    soft = cv2.resize(hole.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    large = cv2.resize(after, size[::-1], interpolation=cv2.INTER_CUBIC)
    mixed = picture + soft[..., None] * (large.astype(np.float32) - picture)
    write_jpeg(path, np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def fill_clip(
    source: Path,
    facts: Facts,
    layers: Layers,
    asked: Asked,
    folder: Path,
    suffix: str,
    tell: Tell,
    *,
    memory: str | None,
) -> dict[str, Any]:
    """Fill a clip: write the video, the masks and perhaps a plate into a folder that is there.

    Its frames are shown as they are filled. Raises BadInput and BadOutput.
    """
    write_folder(layers.holes(asked.growth), folder / "masks")
    for shown in ("after", "origin"):
        (folder / shown).mkdir()

    def watch(seen: Seen) -> None:
        picture = reduced_picture(seen.after, facts.seen)
        write_jpeg(folder / "after" / name_of(seen.number), picture)
        place = reduce_hole(seen.hole, facts.seen)
        colours = provenance_picture(seen.source, seen.number)
        small = cv2.resize(colours, facts.seen[::-1], interpolation=cv2.INTER_NEAREST)
        layer = folder / "origin" / name_of(seen.number, ".png")
        write_layer(layer, np.asarray(small, np.uint8), place)

    summary = fill_file(
        source,
        folder / "masks",
        folder / f"clean{suffix}",
        method=asked.method,
        tune=asked.tune,
        mask_options=MaskOptions(grow=0),
        encoding=Encoding(lossless=asked.lossless),
        plate=folder / "plate.mov" if asked.plate else None,
        memory=memory,
        seed=asked.seed,
        progress=tell,
        watch=watch,
    )
    _pack(folder / "masks", folder / "masks.zip")
    told = asdict(summary)
    names = ("frames", "seconds", "borrowed", "painted", "invented", "warnings", "problems")
    return {name: told[name] for name in names}


def see_through(
    source: Path,
    facts: Facts,
    layers: Layers,
    asked: Asked,
    folder: Path,
    suffix: str,
    tell: Tell,
) -> dict[str, Any]:
    """Take a half-transparent overlay off a clip; write as `fill_clip` does, but for origins.

    Raises BadInput and BadOutput.
    """
    hole = layers.still_at(layers.size, asked.growth)
    out = folder / f"clean{suffix}"
    write_folder([("mask", hole)], folder / "masks")
    summary = unblend_file(
        source,
        folder / "masks" / "mask.png",
        out,
        tune=asked.tune,
        mask_options=MaskOptions(grow=0),
        encoding=Encoding(lossless=asked.lossless),
        seed=asked.seed,
        progress=tell,
    )
    (folder / "after").mkdir()
    with open_video(out) as reader:
        for number, frame in enumerate(upright_frames(reader)):
            write_jpeg(folder / "after" / name_of(number), reduced_picture(frame, facts.seen))
    _pack(folder / "masks", folder / "masks.zip")
    told = asdict(summary)
    names = ("frames", "seconds", "restored", "opacity", "warnings", "problems")
    return {name: told[name] for name in names}


def _pack(pictures: Path, out: Path) -> None:
    """Put a folder of pictures into a zip file, and remove it."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(pictures.iterdir()):
            packed.write(path, path.name)
    shutil.rmtree(pictures)
