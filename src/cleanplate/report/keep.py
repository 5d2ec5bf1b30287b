"""What a run keeps to be shown: small pictures of every frame, packed, a file a scene or take.

A *scene* is a clip and its holes, a *take* what one method made of it. Error maps and provenance
are drawn from the exact samples, before anything is compressed.
"""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.inputs import digest
from cleanplate.io.place import Place
from cleanplate.io.refuse import reading, writing
from cleanplate.provenance import provenance_picture
from cleanplate.report.rows import KEY, Row

FOLDER = "shown"
MOST_FRAMES = 120  # of a clip that are kept, from the first one with a hole on
LONGEST_SIDE = 960  # pixels; larger pictures are made smaller
QUALITY, OF_FRAMES = 90, 80  # of WebP: of what is judged, and of what lies around it
RATE = 24.0  # frames a second, of clips that have none of their own
OF_MAPS = 70  # of error and provenance
ERROR_GAIN = 4  # levels of the map for one of mean absolute difference
LAYERS = ("fill", "error", "source")

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Box = list[int]  # top, left, height, width


def shown_names(row: Row) -> dict[str, str]:
    """Return the names of the files that a row's scene and take are kept in."""
    scene = digest(*(row[name] for name in KEY if name not in ("method", "tune")))
    take = digest(*(row[name] for name in KEY))
    return {"scene": f"scene-{scene}.zip", "take": f"take-{take}.zip"}


class Keeper:
    """Write one take, and its scene unless that is there already, frame by frame.

    folder: the run's. names: of the files, as `shown_names` gives them. rate: frames a second.
    The files appear when the block ends well. Raises BadOutput.
    """

    def __init__(self, folder: Path, names: dict[str, str], *, rate: float = RATE) -> None:
        self._place, self._names, self._rate = folder / FOLDER, names, rate
        self._seen, self._first, self._size = 0, -1, (0, 0)
        self._boxes: list[Box | None] = []
        self._scene: _Pack | None = None

    def __enter__(self) -> Keeper:
        scene, take = self._place / self._names["scene"], self._place / self._names["take"]
        with writing(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            self._take = opened.enter_context(_Pack(take))
            if not scene.exists():
                self._scene = opened.enter_context(_Pack(scene))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        shown = {"first": self._first, "frames": len(self._boxes)}
        height, width = self._size
        with self._opened:
            if kind is not None:
                return
            if self._scene is not None:
                self._scene.finish({**shown, "height": height, "width": width, "rate": self._rate})
            self._take.finish({**shown, "boxes": self._boxes})

    def add(
        self,
        before: NDArray[Any],
        after: NDArray[Any],
        hole: NDArray[np.bool_],
        source: NDArray[np.signedinteger[Any]],
        *,
        scored: bool,
    ) -> None:
        """Keep the next frame, if it is one of those that are shown.

        before, after: (H, W, 3) uint8 or uint16. hole: (H, W) bool. source: (H, W), of provenance,
        in frames of the clip. scored: what was before is the truth, so there is an error.
        """
        number, self._seen = self._seen, self._seen + 1
        if self._first < 0 and hole.any():
            self._first = number
        if self._first < 0 or len(self._boxes) == MOST_FRAMES:
            return
        t, shrink = len(self._boxes), _shrink(hole.shape)
        small = shrink(hole)
        self._size = small.shape
        if self._scene is not None:
            whole = shrink(_eight_bits(before))
            self._scene.add("frames", t, _webp(whole, quality=OF_FRAMES))
            self._scene.add("holes", t, _webp(np.full_like(whole, 255), small))
        box = _box(small)
        self._boxes.append(box)
        if box is None:
            return
        layers = {
            "fill": shrink(_eight_bits(after)),
            "source": provenance_picture(shrink(source), number),
            **({"error": shrink(_error(before, after))} if scored else {}),
        }
        top, left, height, width = box
        cut = np.s_[top : top + height, left : left + width]
        for layer, picture in layers.items():
            quality = QUALITY if layer == "fill" else OF_MAPS
            self._take.add(layer, t, _webp(picture[cut], small[cut], quality=quality))


class _Pack:
    """A zip file that appears when it is complete: pictures by layer and frame, and their facts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Pack:
        self._place = Place(self._path)
        self._zip = zipfile.ZipFile(self._place.part, "w")
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._place.drop()

    def add(self, layer: str, t: int, data: bytes) -> None:
        with writing(self._path):
            self._zip.writestr(zipfile.ZipInfo(f"{layer}/{t:05d}.webp"), data)

    def finish(self, about: dict[str, Any]) -> None:
        with writing(self._path):
            self._zip.writestr(zipfile.ZipInfo("about.json"), json.dumps(about))
            self._zip.close()
        self._place.keep()


def sweep(folder: Path) -> None:
    """Remove what a run that was killed left half-written."""
    for part in (folder / FOLDER).glob(".*.part"):
        part.unlink(missing_ok=True)


def read_scene(folder: Path, scene: str) -> dict[str, Any]:
    """Return what a page holds of a scene, without takes; see assets/player.js. Raises BadInput."""
    return _read(folder / FOLDER / scene, ("frames", "holes"))


def read_take(folder: Path, take: str, layers: tuple[str, ...] = LAYERS) -> dict[str, Any]:
    """Return what a page holds of a take, without its names. Raises BadInput."""
    return _read(folder / FOLDER / take, layers)


def _read(path: Path, layers: tuple[str, ...]) -> dict[str, Any]:
    try:
        with reading(path), zipfile.ZipFile(path) as file:
            about: dict[str, Any] = json.loads(file.read("about.json"))
            names, count = set(file.namelist()), int(about.pop("frames"))
            for layer in layers:
                wanted = [f"{layer}/{t:05d}.webp" for t in range(count)]
                if names.intersection(wanted):
                    about[layer] = [_uri(file.read(n)) if n in names else None for n in wanted]
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
        raise BadInput(
            f"{path} is damaged. Remove it and its rows in the run, and run it again."
        ) from None
    return about


def _uri(data: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _shrink(size: tuple[int, ...]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return what makes pictures and maps of a size as small as they are shown."""
    scale = LONGEST_SIDE / max(size)
    if scale >= 1:
        return lambda picture: picture
    wide, high = (max(1, round(side * scale)) for side in (size[1], size[0]))

    def shrink(picture: NDArray[Any]) -> NDArray[Any]:
        if picture.ndim == 3:
            return cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
        rows, columns = (np.arange(n) * of // n for n, of in ((high, size[0]), (wide, size[1])))
        return picture[np.ix_(rows, columns)]

    return shrink


def _eight_bits(picture: NDArray[Any]) -> Picture:
    return (picture // 257 if picture.dtype == np.uint16 else picture).astype(np.uint8)


def _box(hole: NDArray[np.bool_]) -> Box | None:
    """Return where a hole lies, None without one."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return [top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1]


def _error(truth: NDArray[Any], result: NDArray[Any]) -> Picture:
    """Colour the mean absolute difference of the channels: black for none, to yellow and white."""
    levels = 257 if truth.dtype == np.uint16 else 1
    apart = np.abs(truth.astype(np.float32) - result.astype(np.float32)).mean(axis=2) / levels
    grey = np.minimum(np.rint(apart * ERROR_GAIN), 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)[..., ::-1], np.uint8)


def _webp(
    picture: Picture, hole: NDArray[np.bool_] | None = None, *, quality: int = QUALITY
) -> bytes:
    """Encode a picture; of one with a hole the other pixels are transparent."""
    array = picture[..., ::-1]
    if hole is not None:
        array = np.dstack([array, np.where(hole, 255, 0).astype(np.uint8)])
    options = [cv2.IMWRITE_WEBP_QUALITY, quality]
    good, data = cv2.imencode(".webp", np.ascontiguousarray(array), options)
    if not good:
        raise ValueError(f"cannot encode {array.dtype} {array.shape} as WebP")
    return bytes(data)
