"""Pipes: pictures to stdout as yuv4mpeg2."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cleanplate.errors import BadOutput
from cleanplate.io.convert import converted, target_colour
from cleanplate.io.encode import Encoding
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import writing
from cleanplate.io.writer import Writer
from cleanplate.io.y4m import FRAME, NAME, form_of, header, header_in

PIPE = "-"
STDOUT = 1  # what the system calls it
OUT = Path("stdout")  # how it is named to a user


def is_pipe(path: str | Path) -> bool:
    """Tell whether stdin or stdout is meant."""
    return str(path) == PIPE


class PipeWriter(Writer):
    """A stream of pictures written to stdout as yuv4mpeg2, as they come.

    like: the clip whose pictures are coming. What such a stream cannot hold is told in warnings. Of
    a clip that came as such a stream the first line is the same.
    """

    def __init__(self, like: Reader, encoding: Encoding) -> None:
        info = like.info
        self.path = Path(PIPE)
        self._form, self._colour = form_of(info.planes), info.colour
        self._count = self._moved = 0
        self._rate = info.frame_rate
        self._start: Fraction | None = None
        self.warnings = self._lost(like, encoding)
        if sys.__stdout__ is None:  # another file may have its number by now
            raise BadOutput("stdout is closed. Send it on: | ffmpeg -i - out.mp4.")
        if os.isatty(STDOUT):
            raise BadOutput("pictures are not for a terminal. Send them on: | ffmpeg -i - out.mp4.")
        colour = target_colour(info.colour, layout(info.planes), self._form, info.size)
        same = info.container == NAME and self._form.name == info.planes
        first = header_in(like.path) if same else header(info, self._form, colour.range)
        with writing(OUT):
            self._file: BinaryIO = os.fdopen(os.dup(STDOUT), "wb")
            self._file.write(first)

    def write(self, picture: Picture) -> None:
        """Write the next picture; raises BadOutput, also where nobody reads any more."""
        due = None if self._rate is None else self._count / self._rate
        shown = picture.time_seconds
        if self._count == 0:
            self._start = shown
        if None not in (due, shown, self._start):
            self._moved += shown - self._start != due  # type: ignore[operator]
        self._count += 1
        same = converted(picture, self._form)
        with writing(OUT):
            self._file.write(FRAME)
            for plane in same.planes:
                self._file.write(np.ascontiguousarray(plane).data)
            self._file.flush()

    def finish(self) -> None:
        """Say what was not kept; raises BadOutput where there was nothing."""
        if self._count == 0:
            raise BadOutput("stdout would hold no picture: none was written.")
        if self._moved:
            self.warnings.append(
                f"a pipe has one rate: {self._moved} of {self._count} frame times were not kept"
            )
        self.drop()

    def drop(self) -> None:
        """Let go of stdout: what is written is written."""
        with suppress(OSError):
            self._file.close()

    def _lost(self, like: Reader, encoding: Encoding) -> list[str]:
        """Say what of a clip a stream cannot hold."""
        info, told = like.info, []
        if encoding != Encoding():
            told.append("codec, crf and preset mean nothing for a pipe: left out")
        told += [f"{other} cannot be kept in a pipe: left out" for other in info.other_streams]
        if info.rotation or info.mirrored:
            told.append("a pipe does not say how pictures are turned: they stay as they are stored")
        if self._form.name != info.planes:
            told.append(f"a pipe cannot hold {info.planes}: {self._form.name} is used")
        return told
