"""Folders of numbered pictures, read and written as clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.colour import to_planes
from cleanplate.io.encode import Encoding
from cleanplate.io.images import (
    JPEG,
    SUFFIXES,
    colour_of_pictures,
    load_planes,
    save_planes,
)
from cleanplate.io.info import VideoInfo
from cleanplate.io.layout import layout
from cleanplate.io.names import in_order, numbers_of
from cleanplate.io.picture import Picture
from cleanplate.io.place import Place, refuse_same
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import reading, writing
from cleanplate.io.writer import Writer


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of the numbers in their names.

    Hidden files are left out. Raises BadInput where there are none.
    """
    with reading(folder):
        found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
    found = [p for p in found if not p.name.startswith(".")]
    if not found:
        raise BadInput(f"{folder} holds no pictures. Give a folder of PNG, JPEG or TIFF frames.")
    return in_order(found)


def _png_names(names: list[str]) -> list[str]:
    """Name JPEG pictures as PNG; numbers alone where two would then share a name."""
    kept = [
        Path(n).with_suffix(".png").name if Path(n).suffix.lower() in JPEG else n for n in names
    ]
    return kept if len(set(kept)) == len(kept) else []


class FolderReader(Reader):
    """A folder of pictures being read; names: the pictures' names in order."""

    def __init__(self, path: Path, *, rate: Fraction = Fraction(25)) -> None:
        self.path = path
        self.problems = []
        files = pictures_in(path)
        self.names = [file.name for file in files]
        self.numbers = numbers_of(files)
        planes, form = load_planes(files[0])
        height, width = planes[0].shape
        self._files = iter(enumerate(files))
        self.info = VideoInfo(
            size=(height, width),
            pix_fmt=form.name,
            planes=form.name,
            bits=form.bits,
            frame_rate=rate,
            time_base=1 / rate,
            frame_count=len(files),
            codec=files[0].suffix.lower().lstrip("."),
            colour=colour_of_pictures(),
        )

    def __next__(self) -> Picture:
        index, file = next(self._files)
        planes, form = load_planes(file)
        height, width = planes[0].shape
        if (height, width) != self.info.size or form.name != self.info.pix_fmt:
            raise BadInput(
                f"{file} is {width}x{height} {form.name}, the first picture "
                f"{self.info.size[1]}x{self.info.size[0]} {self.info.pix_fmt}. "
                "Give pictures of one size and kind."
            )
        return Picture(
            planes,
            form,
            colour=self.info.colour,
            pts=index,
            time_base=self.info.time_base,
            duration=1,
        )

    def close(self) -> None:
        """Do nothing: no file stays open."""


_MEANT = {"audio": "the sound", "subtitle": "the subtitles", "video": "the other video"}


def _left_out(other: str) -> str:
    """Say that a stream is not part of pictures.

    >>> _left_out("audio stream 1 (aac)")
    'the sound, audio stream 1 (aac), was left out: a folder of pictures has no place for it'
    """
    meant = _MEANT.get(other.partition(" ")[0])
    named = other if meant is None else f"{meant}, {other},"
    return f"{named} was left out: a folder of pictures has no place for it"


class FolderWriter(Writer):
    """A folder of pictures being written.

    Pictures of a folder keep their names (JPEG becomes PNG, which loses nothing) and their planes;
    those of a video are written upright as RGB, 00000.png and on, 16 bits where it has more than 8.
    """

    def __init__(self, path: Path, like: Reader | None, encoding: Encoding) -> None:
        self.path = path
        self.warnings = []
        if encoding not in (Encoding(), Encoding(lossless=True)):  # no picture loses anything
            self.warnings.append(
                "pictures are always written without loss: codec, quality and preset were left "
                "aside"
            )
        if like is not None:
            refuse_same(like.path, path)
            self.warnings += [_left_out(other) for other in like.info.other_streams]
        self._like = like
        self._names = _png_names(like.names) if isinstance(like, FolderReader) else []
        self._count = 0
        self._place = Place(path, folder=True)

    def write(self, picture: Picture) -> None:
        """Write the next picture; raises BadOutput."""
        known = self._count < len(self._names)
        name = self._names[self._count] if known else f"{self._count:05d}.png"
        self._count += 1
        if not isinstance(self._like, FolderReader):
            picture = self._upright(picture)
        with writing(self.path):
            save_planes(self._place.part / name, picture.planes, picture.layout)

    def finish(self) -> None:
        """Let the folder appear; raises BadOutput."""
        if self._count == 0:
            raise BadOutput(f"{self.path} would hold no picture: none was written.")
        self._place.keep()

    def drop(self) -> None:
        """Remove what was written so far."""
        self._place.drop()

    def _upright(self, picture: Picture) -> Picture:
        """Turn a video's picture as a player would, for pictures on disk do not say how."""
        rgb = picture.rgb()
        if self._like is not None:
            rgb = self._like.upright(rgb)
        form = layout("gbrp" if picture.layout.bits == 8 else "gbrp16le")
        height, width = rgb.shape[:2]
        planes = to_planes(rgb, form, picture.colour, (0, height, 0, width))
        return Picture(planes, form, colour=colour_of_pictures())
