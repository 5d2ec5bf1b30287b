"""Write a video file: the new pictures, and everything else of the source beside them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags

from cleanplate.errors import BadOutput
from cleanplate.io.convert import converted, target_colour
from cleanplate.io.encode import Encoding, configure, container_of, plan
from cleanplate.io.frame import frame_of, marked
from cleanplate.io.info import VideoInfo
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture
from cleanplate.io.place import Place, refuse_same
from cleanplate.io.refuse import writing
from cleanplate.io.sides import Sides
from cleanplate.io.sound import Audio, Sound
from cleanplate.io.tags import kept, muxer_options
from cleanplate.io.urgency import no_more_urgent
from cleanplate.io.writer import Writer

# Encoders that follow every frame's word on which field comes first, also where it has none.
FIELDS_BY_FRAME = ("libx264", "libx264rgb")
X265_FORGETS = 2  # frames of a clip so short that x265 makes up times of decoding
MOST_BEFORE = Fraction(1, 2)  # seconds before 0 that Matroska's readers give back as they are


class FileWriter(Writer):
    """A video file being written.

    info: what it is to look like. source: the file whose other streams come along, None without.
    audio: sound to encode beside the pictures, for clips made from arrays.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        encoding: Encoding,
        *,
        source: Path | None = None,
        audio: Audio | None = None,
    ) -> None:
        self.path = path
        self._sides: Sides | None = None
        self._sound: Sound | None = None
        self._container: Any = None
        self._count = self._rounded = 0
        self._last: Fraction | None = None
        container_of(path)
        if source is not None:
            refuse_same(source, path)
        self._plan = plan(path, info, encoding)
        self.warnings = list(self._plan.warnings)
        self._info = info
        self._place = Place(path)
        try:
            with writing(path):
                self._open(source, audio)
        except BaseException:
            self.drop()
            raise

    def _open(self, source: Path | None, audio: Audio | None) -> None:
        info, chosen = self._info, self._plan
        options = muxer_options(chosen.container, info.metadata)
        # "file:" keeps a name with a colon from being taken for a protocol.
        name = f"file:{self._place.part.resolve()}"
        self._container = av.open(name, "w", format=chosen.container, container_options=options)
        self._container.metadata.update(kept(info.metadata))
        self._stream = self._add_video()
        self._stream.metadata.update(kept(info.stream_metadata))
        if info.display_matrix:
            self._stream.set_display_matrix(info.display_matrix)
        if info.not_kept:
            self.warnings.append(f"{', '.join(info.not_kept)} cannot be kept: left out")
        if source is not None:
            self._sides = Sides(source, self._container, self.path.suffix)
            self._container.set_chapters(self._sides.chapters())
            self._check_start(self._sides.start)
        if audio is not None:
            self._sound = Sound(audio, self._container)
        with no_more_urgent():
            self._container.start_encoding()

    def _add_video(self) -> Any:
        """Add the stream of new pictures, its encoder set as planned."""
        info, chosen = self._info, self._plan
        stream = self._container.add_stream(chosen.codec, options=chosen.options)
        colour = target_colour(info.colour, layout(info.planes), chosen.planes, info.size)
        configure(stream.codec_context, chosen.pix_fmt, replace(info, colour=colour))
        stream.codec_context.flags |= Flags.frame_duration
        stream.time_base = info.time_base or Fraction(1, 25)
        return stream

    def _check_start(self, start: Fraction) -> None:
        """Let Matroska move all times on where the other streams begin long before 0."""
        options = self._container.container_options
        if start < -MOST_BEFORE and options.pop("avoid_negative_ts", None):
            self.warnings.append(
                f"sound begins {float(-start):.3f} s before 0, which {self.path.suffix} cannot "
                "hold: all times, those of the pictures too, are moved on by as much"
            )

    def write(self, picture: Picture) -> None:
        """Write the next picture, encoded as planned; raises BadOutput."""
        with writing(self.path):
            self._note_time(picture)
            frame = self._frame_of(picture)
            self._count += 1
            self._mux(self._stream.encode(frame))

    def _frame_of(self, picture: Picture) -> av.VideoFrame:
        """Return a picture as the encoder takes it."""
        frame = frame_of(converted(picture, self._plan.planes), self._plan.planes.name)
        if self._plan.pix_fmt != self._plan.planes.name:
            frame = frame.reformat(format=self._plan.pix_fmt, threads=1)
        if frame.pts is None:
            frame.pts = self._count
        if self._info.field_order > 1 and self._plan.codec in FIELDS_BY_FRAME:
            frame = marked(frame, self._info.field_order)
        return frame

    def finish(self) -> None:
        """Write what the encoder holds back and the other streams' rest; raises BadOutput."""
        if self._count == 0:
            raise BadOutput(f"{self.path} would hold no frame: none was written.")
        with writing(self.path):
            self._flush()
            for beside in (self._sides, self._sound):
                if beside is not None:
                    beside.rest()
            self._container.close()
        self._container = None
        if self._rounded:
            self.warnings.append(
                f"{self.path.suffix} counts time in milliseconds: {self._rounded} of {self._count} "
                "frame times were rounded by less than one"
            )
        self._place.keep()
        self.drop()

    def _flush(self) -> None:
        """Write the pictures that the encoder holds back."""
        packets = self._stream.encode(None)
        if self._plan.codec == "libx265" and self._count <= X265_FORGETS:
            for packet in packets:
                packet.dts = packet.pts  # nothing is reordered in so few, and x265 tells anything
        self._mux(packets)

    def drop(self) -> None:
        """Let go of everything and remove what is not finished."""
        with suppress(av.error.FFmpegError, OSError, ValueError):
            if self._container is not None:
                self._container.close()
        self._container = None
        if self._sides is not None:
            self.warnings += self._sides.warnings
            self._sides.close()
            self._sides = None
        self._place.drop()

    def _mux(self, packets: list[Any]) -> None:
        """Write video packets, and before each what of the other streams is due."""
        for packet in packets:
            seconds = Fraction((packet.dts or 0) * packet.time_base)
            for beside in (self._sides, self._sound):
                if beside is not None:
                    beside.until(seconds)
            self._container.mux(packet)

    def _note_time(self, picture: Picture) -> None:
        """Count times that Matroska rounds; refuse those it cannot hold or that go backwards."""
        seconds = picture.time_seconds
        if seconds is None:
            return
        if seconds < 0 and self._plan.container in ("matroska", "webm"):
            raise BadOutput(
                f"{self.path}: frame {self._count} is shown at {float(seconds):.6f} s, before 0, "
                f"which {self.path.suffix} cannot hold. Give .mp4."
            )
        if self._last is not None and seconds <= self._last:
            raise BadOutput(
                f"{self.path}: frame {self._count} is shown at {float(seconds):.6f} s, before or "
                "with the one ahead of it. Write pictures in order."
            )
        self._last = seconds
        if self._plan.container in ("matroska", "webm"):
            self._rounded += (seconds * 1000).denominator != 1
