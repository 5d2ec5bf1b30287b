"""The doors by name: open, read and write clips, whether files or folders of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io.colour import to_planes
from cleanplate.io.encode import CONTAINERS, Encoding
from cleanplate.io.file_reader import FileReader
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.folder import FolderReader, FolderWriter
from cleanplate.io.images import colour_of_pictures
from cleanplate.io.info import LIMITED, Colour, VideoInfo
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture
from cleanplate.io.pipe import PipeWriter, is_pipe
from cleanplate.io.place import refuse_same
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import path_of, reading, refuse_pipe, writing
from cleanplate.io.sound import Audio
from cleanplate.io.writer import Writer


def open_video(path: str | Path, *, rate: Fraction = Fraction(25)) -> Reader:
    """Open a video file or a folder of pictures for reading.

    rate: frames a second of a folder, which does not say. Raises BadInput.
    """
    path = path_of(path)
    with reading(path):
        if path.is_dir():
            return FolderReader(path, rate=rate)
        refuse_pipe(path)
        if path.stat().st_size == 0:
            raise BadInput(f"{path} is empty. Give a video file or a folder of pictures.")
    return FileReader(path)


@dataclass(frozen=True)
class Video:
    """A clip in memory.

    frames: (T, H, W, 3) RGB in displayed orientation, uint8, or uint16 spanning 16 bits.
    times_seconds: when each is shown. info: what the clip is as stored. problems, numbers: as
    Reader's.
    """

    frames: NDArray[Any]
    times_seconds: tuple[Fraction, ...]
    info: VideoInfo
    problems: tuple[str, ...] = ()
    numbers: tuple[int, ...] | None = None


def read_video(path: str | Path) -> Video:
    """Read a whole clip into memory; raises BadInput."""
    with open_video(path) as reader:
        frames, times = [], []
        for picture in reader:
            frames.append(reader.upright(picture.rgb()))
            times.append(picture.time_seconds or Fraction(0))
        return Video(
            np.stack(frames), tuple(times), reader.info, tuple(reader.problems), reader.numbers
        )


def open_writer(
    path: str | Path,
    like: Reader,
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    *,
    alone: bool = False,
) -> Writer:
    """Open a video file (by its extension) or, without one, a folder of pictures for writing.

    path: "-" writes a stream to stdout, see `PipeWriter`. like: the clip whose pictures are coming;
    what else it holds is copied, unless they are to be alone. Raises BadOutput.
    """
    path = path_of(path)
    if is_pipe(path):
        return PipeWriter(like, encoding)
    if means_folder(path):
        return FolderWriter(path, like, encoding)
    source = like.path if isinstance(like, FileReader) and not alone else None
    if source is None:
        refuse_same(like.path, path)
    return FileWriter(path, like.info, encoding, source=source)


def write_video(
    path: str | Path,
    frames: NDArray[Any],
    *,
    rate: Fraction | float = Fraction(25),
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    audio: Audio | None = None,
) -> None:
    """Write frames in memory as a video file (by its extension) or as a folder of pictures.

    frames: (T, H, W, 3) RGB, uint8, or uint16 spanning 16 bits. rate: frames a second. audio:
    (samples, rate), float32 (N,) or (N, 2) from -1 to 1. Files hold 4:2:0 as most players expect
    it, 8 bits or 10; with encoding.lossless the RGB itself. Raises BadInput, BadOutput.
    """
    frames = _frames_of(frames)
    write_stream(path, frames, like=frames, rate=rate, encoding=encoding, audio=audio)


def write_stream(
    path: str | Path,
    frames: Iterable[NDArray[Any]],
    *,
    like: NDArray[Any],
    rate: Fraction | float = Fraction(25),
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    audio: Audio | None = None,
) -> None:
    """Write frames as they come, as `write_video` does.

    frames: (H, W, 3) each. like: (T, H, W, 3), some that are of the same size and type.
    """
    path = path_of(path)
    folder = means_folder(path)
    info = _info_of(like, _rate_of(rate), rgb=folder or encoding.lossless)
    writer = (
        FolderWriter(path, None, encoding)
        if folder
        else FileWriter(path, info, encoding, audio=audio)
    )
    form = layout(info.planes)
    box = (0, info.size[0], 0, info.size[1])
    with writer:
        for pts, frame in enumerate(frames):
            planes = to_planes(np.ascontiguousarray(frame), form, info.colour, box)
            writer.write(
                Picture(planes, form, colour=info.colour, pts=pts, time_base=info.time_base)
            )
        writer.finish()


def _frames_of(given: Any) -> NDArray[Any]:
    """Return frames as an array that a clip can be made of; raises BadInput."""
    frames = np.asarray(given)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype not in (np.uint8, np.uint16):
        raise BadInput(
            f"frames are {frames.dtype} {frames.shape}. Give (T, H, W, 3), 8 or 16 bits."
        )
    if 0 in frames.shape:
        raise BadInput(f"frames have shape {frames.shape}. Give at least one frame of one pixel.")
    return frames


def _rate_of(given: Any) -> Fraction:
    """Return frames a second as a fraction that files can hold; raises BadInput."""
    try:
        rate = Fraction(given).limit_denominator(100_000)  # 29.97 is meant as it is written
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise BadInput(f"the rate is {given!r} frames a second. Give a number above 0, such as 25.")
    return rate


def means_folder(path: Path) -> bool:
    """Tell whether a result of this name is a folder: one without a suffix, or one that is there.

    A folder that bears a video's suffix is not meant: to write a file of that name is refused.
    """
    with writing(path):
        return path.suffix == "" or (path.suffix.lower() not in CONTAINERS and path.is_dir())


def _info_of(frames: NDArray[Any], rate: Fraction, *, rgb: bool) -> VideoInfo:
    """Say what a clip made from arrays is to be."""
    size = (int(frames.shape[1]), int(frames.shape[2]))
    deep = frames.dtype == np.uint16
    if rgb:
        name, colour = "gbrp16le" if deep else "gbrp", colour_of_pictures()
    else:
        # an encoder for every player refuses 4:2:0 of odd sizes
        chroma = "yuv444p" if size[0] % 2 or size[1] % 2 else "yuv420p"
        name = chroma + ("10le" if deep else "")
        colour = Colour(LIMITED, matrix=1 if min(size) >= 720 else 6)
    bits = layout(name).bits
    return VideoInfo(size, name, name, bits, frame_rate=rate, time_base=1 / rate, colour=colour)
