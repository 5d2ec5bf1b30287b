"""Where the frames of one clip lie: a folder of pictures, a zip of them, or a video file.

A zip is never taken on trust: nothing is written to disk, names that lead out of it are refused,
and how much a picture unpacks to is bounded before it is unpacked.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io import Picture, in_order, numbers_of, open_video
from cleanplate.io.images import SUFFIXES, colour_of_pictures, load_planes
from cleanplate.io.refuse import MOST_PIXELS, reading

MOST_BYTES = MOST_PIXELS  # of a picture in a zip: a byte a pixel of the largest that is ever read

LONGEST_NAME = 1024  # characters of a name in a zip

# zipfile unpacks these no further than it is asked to; of others a few bytes may fill the memory.
COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True)
class Source(ABC):
    """The frames of one clip; path: where they lie. Nothing is open between two calls."""

    path: Path

    @abstractmethod
    def frames(self, only: Sequence[int] | None) -> Iterator[NDArray[Any]]:
        """Read frames one by one, (H, W, 3) RGB, uint8 or uint16 spanning 16 bits.

        only: their numbers from 0, rising; None for all. Raises BadInput.
        """


class Pictures(Source):
    """A clip whose frames are pictures with names."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the pictures in the order of their numbers; raises BadInput."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> Iterator[Path]:
        """Give pictures by name, one by one, as the decoders of io take them; raises BadInput."""

    def frames(self, only: Sequence[int] | None) -> Iterator[NDArray[Any]]:
        """Read frames one by one, as any source."""
        names = self.names()
        for file in self.read(names if only is None else [names[number] for number in only]):
            planes, form = load_planes(file)
            yield Picture(planes, form, colour=colour_of_pictures()).rgb()

    def count(self) -> int:
        """Return how many pictures there are; raises BadInput where numbers are left out."""
        names = self.names()
        refuse_jumps(self.path, names)
        return len(names)


class PictureFolder(Pictures):
    """A clip as a folder of pictures."""

    def names(self) -> list[str]:
        """Return the names of the pictures in order; raises BadInput where there are none."""
        with reading(self.path), os.scandir(self.path) as entries:
            found = [e.name for e in entries if is_picture_name(e.name) and e.is_file()]
        return _ordered(self.path, found)

    def read(self, names: Sequence[str]) -> Iterator[Path]:
        """Give the paths of pictures."""
        return (self.path / name for name in names)


class PictureZip(Pictures):
    """A clip as a zip of pictures, which stay in memory."""

    def names(self) -> list[str]:
        """Return the names of the pictures in order; raises BadInput, also for unsafe names."""
        with self._opened() as archive:
            held = archive.namelist()
        for name in held:
            if is_unsafe(name):
                raise BadInput(
                    f"{self.path} holds the name {name[:80]!r}, which is not safe to read. "
                    "Pack plain names such as 00000.jpg."
                )
        found = [name for name in held if not name.endswith("/") and is_picture_name(name)]
        return _ordered(self.path, [name for name in found if not name.startswith("__MACOSX/")])

    def read(self, names: Sequence[str]) -> Iterator[Path]:
        """Unpack pictures into memory, one at a time."""
        with self._opened() as archive:
            for name in names:
                # the decoders open, read, and name what they are given, and a Member can do that
                yield cast(Path, Member(self._unpacked(archive, name), f"{self.path}/{name}"))

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with reading(self.path), self.path.open("rb") as file:
            try:
                archive = zipfile.ZipFile(file)
            except (OSError, MemoryError):
                raise
            except Exception:  # whatever zipfile stumbles over in a damaged or hostile file
                raise BadInput(
                    f"{self.path} is not a zip that can be read. Pack it again."
                ) from None
            with archive:
                yield archive

    def _unpacked(self, archive: zipfile.ZipFile, name: str) -> bytes:
        member = archive.getinfo(name)
        if member.file_size > MOST_BYTES:
            raise BadInput(
                f"{self.path}/{name} unpacks to {member.file_size} bytes. "
                f"Pictures of up to {MOST_BYTES} bytes are read."
            )
        if member.compress_type not in COMPRESSIONS or member.flag_bits & 1:
            raise BadInput(
                f"{self.path}/{name} is encrypted or compressed in a rare way. "
                "Pack it stored or deflated, without a password."
            )
        try:
            with archive.open(member) as stream:
                return stream.read(
                    member.file_size
                )  # read() alone would unpack what is not claimed
        except MemoryError:
            raise
        except Exception:  # whatever zipfile stumbles over in a damaged or hostile file
            raise BadInput(f"{self.path}/{name} is damaged. Pack the zip again.") from None


class Member(io.BytesIO):
    """A picture in memory with what the decoders ask of a path: open it, read it, name it."""

    def __init__(self, data: bytes, place: str) -> None:
        super().__init__(data)
        self.place = place

    @property
    def name(self) -> str:
        """The last part of where it lies."""
        return self.place.rpartition("/")[2]

    def open(self, mode: str = "rb") -> BinaryIO:
        """Return a file of its own at the first byte."""
        return io.BytesIO(self.getvalue())

    def read_bytes(self) -> bytes:
        """Return all of it."""
        return self.getvalue()

    def __str__(self) -> str:
        return self.place


class VideoFile(Source):
    """A clip as a video file, or whatever else io opens."""

    def frames(self, only: Sequence[int] | None) -> Iterator[NDArray[Any]]:
        """Read frames one by one, upright, as any source."""
        wanted = None if only is None else set(only)
        with open_video(self.path) as reader:
            for number, picture in enumerate(reader):
                if reader.lost:
                    raise self._broken(f"{reader.lost} of the first frames could not be decoded")
                if wanted is None or number in wanted:
                    yield reader.upright(picture.rgb())
                if only is not None and number == only[-1]:
                    return
            if reader.problems:
                raise self._broken(reader.problems[0])

    def _broken(self, problem: str) -> BadInput:
        """Return the refusal of a video whose frames are not those that were filmed."""
        return BadInput(f"Of {self.path}, {problem}. Give an undamaged file.")


def is_picture_name(name: str) -> bool:
    """Tell by its name whether a file is a picture that io reads; hidden files are none.

    >>> [is_picture_name(name) for name in ("bear/00000.JPG", ".00000.jpg", "notes.txt")]
    [True, False, False]
    """
    last = name.rpartition("/")[2]
    return not last.startswith(".") and os.path.splitext(last)[1].lower() in SUFFIXES  # noqa: PTH122 - of 500,000 names


def is_unsafe(name: str) -> bool:
    r"""Tell whether a name in a zip leads out of it, with either slash, or is not fit to print.

    >>> [is_unsafe(name) for name in ("a/0.jpg", "/0.jpg", "..\0.jpg", "C:0.jpg", "a..b.jpg")]
    [False, True, True, True, False]
    """
    parts = re.split(r"[/\\]", name)
    leads_out = parts[0] == "" or ":" in parts[0] or ".." in parts
    return leads_out or len(name) > LONGEST_NAME or not name.isprintable()


def refuse_jumps(path: Path, names: Sequence[str]) -> None:
    """Refuse names whose numbers do not rise by one and the same step; raises BadInput.

    A step above 1 is no gap: sets that keep every fifth frame number them so.
    """
    numbers = sorted(numbers_of([Path(name) for name in names]) or ())
    step = min((after - before for before, after in pairwise(numbers)), default=1)
    for before, after in pairwise(numbers):
        if after - before != step:
            raise BadInput(
                f"{path} jumps from frame {before} to {after}, elsewhere by {step}: "
                "frames are missing. Give all of them."
            )


def _ordered(path: Path, names: list[str]) -> list[str]:
    if not names:
        raise BadInput(f"{path} holds no pictures. Give PNG, JPEG or TIFF frames.")
    by_path = {Path(name): name for name in names}
    if len(by_path) < len(names):
        raise BadInput(f"{path} holds two pictures of one name. Pack it again.")
    return [by_path[file] for file in in_order(by_path)]
