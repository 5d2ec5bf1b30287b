"""One clip of a data set, its annotations, and the holes that lie beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.datasets.sources import Pictures, Source
from cleanplate.errors import BadInput
from cleanplate.io.refuse import path_of
from cleanplate.masks import MaskOptions, count_mismatch
from cleanplate.masks.folder import list_pictures
from cleanplate.masks.picture import read_picture
from cleanplate.masks.source import Fit
from cleanplate.video import Frames, Holes, whole


@dataclass(frozen=True)
class Clip:
    """A clip that is read when it is asked for.

    name: as its folder or file is called. length: frames, None where only reading would tell.
    source, annotations: where its frames lie, and their annotations if there are any.
    """

    name: str
    length: int | None
    source: Source
    annotations: Pictures | None = None

    def load_frames(
        self,
        size: tuple[int, int] | None = None,
        *,
        count: int | None = None,
        only: Sequence[int] | None = None,
    ) -> Frames:
        """Read the frames, (T, H, W, 3) RGB, uint8, or uint16 where they are deeper.

        size: (height, width) to which OpenCV's INTER_AREA brings them; as they are without. count:
        the first so many, or as many as there are. only: the numbers of the frames wanted, from 0,
        in any order. Raises BadInput.
        """
        _check_size(size)
        length = self._length(count)
        if only is None:
            wanted = None if length is None else range(length)
            return _stacked(self.source.path, self.source.frames(wanted), size)
        self._check_numbers(only, length)
        rising = sorted(set(only))
        frames = _stacked(self.source.path, self.source.frames(rising), size)
        if len(frames) < len(rising):
            raise BadInput(f"{self.source.path} has no frame {rising[len(frames)]}. Ask for less.")
        return frames if list(only) == rising else frames[np.searchsorted(rising, only)]

    def load_annotations(
        self, size: tuple[int, int] | None = None, *, count: int | None = None
    ) -> Holes | None:
        """Read the annotations, (T, H, W) bool, True where any object is; None without any.

        size: (height, width) to which they are brought by the nearest pixel. count: those of the
        first so many frames. Raises BadInput, also where some of these frames have none.
        """
        _check_size(size)
        length = self._length(count)
        if self.annotations is None or not isinstance(self.source, Pictures):
            return None
        frames = [Path(name).stem for name in self.source.names()[:length]]
        pictures = {Path(name).stem: name for name in self.annotations.names()}
        missing = [frame for frame in frames if frame not in pictures]
        if missing:
            raise BadInput(
                f"{self.annotations.path} lacks {len(missing)} of {len(frames)} frames, such as "
                f"{missing[0]}. Choose clips that are annotated throughout."
            )
        files = self.annotations.read([pictures[frame] for frame in frames])
        return _gathered(_holes(files, size, MaskOptions()))

    def _length(self, count: int | None) -> int | None:
        """Return how many frames there are to read, None where only reading would tell.

        Raises BadInput for a count below 1, and for pictures that jump or are fewer than expected.
        """
        _check_count(count)
        length = self.length
        if isinstance(self.source, Pictures):
            there = self.source.count()
            length = there if length is None else length
            if there < length:
                raise BadInput(
                    f"{self.source.path} holds {there} pictures, {length} are expected. "
                    "Give all of them, or correct the split file."
                )
        return count if length is None else min(length, count or length)

    def _check_numbers(self, only: Sequence[int], length: int | None) -> None:
        """Refuse numbers of frames that are not there, and none at all; raises BadInput."""
        bad = [n for n in only if not whole(n) or n < 0 or (length is not None and n >= length)]
        if bad or not len(only):
            asked = f"frame {bad[0]!r}" if bad else "no frame"
            known = "0 or more" if length is None else f"0 to {length - 1}"
            raise BadInput(f"{asked} of {self.name} was asked for. Give whole numbers, {known}.")


def masks_of(
    folder: str | Path,
    clip: Clip | str,
    *,
    count: int | None = None,
    size: tuple[int, int] | None = None,
    options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
) -> Holes:
    """Read the holes for a clip from ``folder/CLIP``: one picture for all frames, or one a frame.

    clip: a name does as well, but then nobody checks that there are no masks too many. count: for
    the first so many frames; all by default. size: (height, width) to which the masks are brought
    by the nearest pixel; as they are without. Returns (T, H, W) bool, read-only where one picture
    serves all frames; T is the number of pictures where neither count nor clip tells. Raises
    BadInput.
    """
    _check_size(size)
    _check_count(count)
    name, length = (clip, None) if isinstance(clip, str) else (clip.name, clip.length)
    place = path_of(folder) / name
    if not place.is_dir():
        raise BadInput(f"{place} is no folder, so {name} has no masks. Give one folder a clip.")
    files = list_pictures(place)
    if not files:
        raise BadInput(f"{place} holds no pictures. Give one mask, or one a frame.")
    if length is not None and len(files) not in (1, length):
        raise count_mismatch(len(files), length)
    wanted = min((n for n in (length, count) if n is not None), default=len(files))
    if 1 < len(files) < wanted:
        raise count_mismatch(len(files), wanted)
    holes = _gathered(_holes(files[:wanted], size, options))
    return np.broadcast_to(holes, (wanted, *holes.shape[1:])) if len(files) == 1 else holes


def _stacked(
    path: Path, frames: Iterator[NDArray[Any]], size: tuple[int, int] | None
) -> NDArray[Any]:
    """Bring frames to one size and stack them; raises BadInput where they are not of one kind."""
    first = next(frames, None)
    if first is None:
        raise BadInput(f"{path} has no frame that was asked for. Ask for less.")

    def alike() -> Iterator[NDArray[Any]]:
        for number, frame in enumerate(chain([first], frames)):
            if frame.shape != first.shape or frame.dtype != first.dtype:
                raise BadInput(
                    f"{path} has frames of {_kind(first)}, then one of {_kind(frame)} "
                    f"(number {number} of those read). Give frames of one size and depth."
                )
            if size is not None and frame.shape[:2] != size:
                frame = cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)
            yield frame

    return _gathered(alike())


def _kind(frame: NDArray[Any]) -> str:
    return f"{frame.shape[1]}x{frame.shape[0]} {frame.dtype}"


def _gathered(arrays: Iterator[NDArray[Any]]) -> NDArray[Any]:
    """Stack arrays of one shape as they come, without a second copy of them all."""
    first = next(arrays)
    return np.fromiter(chain([first], arrays), np.dtype((first.dtype, first.shape)))


def _holes(
    files: Iterable[Path], size: tuple[int, int] | None, options: MaskOptions
) -> Iterator[Holes]:
    """Read mask pictures one by one; raises BadInput where their sizes differ and none is asked."""
    fit: Fit | None = None
    for file in files:
        hole = read_picture(file, options.object_index, warn=_refuse)
        fit = fit or Fit(size or (hole.shape[0], hole.shape[1]), options)
        if size is None and hole.shape != fit.size:
            raise BadInput(
                f"{file} is {hole.shape[1]}x{hole.shape[0]}, the first mask "
                f"{fit.size[1]}x{fit.size[0]}. Give masks of one size."
            )
        yield fit(hole)


def _refuse(sentence: str) -> NoReturn:
    """Refuse what a user with one clip is only warned of: nobody looks at those of a data set."""
    raise BadInput(sentence)


def _check_size(size: Any) -> None:
    """Refuse what is not (height, width) in whole pixels; raises BadInput."""
    good = isinstance(size, tuple) and len(size) == 2 and all(whole(s) and s > 0 for s in size)
    if size is not None and not good:
        raise BadInput(f"size is {size!r}. Give (height, width), two whole numbers above 0.")


def _check_count(count: Any) -> None:
    """Refuse what is no number of frames; raises BadInput."""
    if count is not None and (not whole(count) or count < 1):
        raise BadInput(f"count is {count!r}. Give a whole number of frames, 1 or more.")
