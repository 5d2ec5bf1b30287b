"""Read a video file, a picture at a time, and go on where parts of it are broken."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.codec.context import Flags

from cleanplate.errors import BadInput
from cleanplate.io import y4m
from cleanplate.io.broken import Losses
from cleanplate.io.frame import picture_of
from cleanplate.io.info import is_large
from cleanplate.io.layout import layout
from cleanplate.io.picture import Picture
from cleanplate.io.probe import check_size, main_stream, probe, stated_end
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import reading

# These would open other files or addresses that the file names, or take text for pictures.
REFUSED = {"concat", "dash", "hls", "imf", "rtsp", "sdp", "tty", "webm_dash_manifest"}


class FileReader(Reader):
    """A video file being read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems = []
        self._losses = Losses()
        with reading(path):
            self._file = path.open("rb")
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        with reading(self.path):
            self._container = open_container(self._file)
        if self._container.format.name in REFUSED:
            name = self._container.format.name
            raise BadInput(f"{self.path} is no video of its own ({name}). Give the video file.")
        self._stream = main_stream(self._container, self.path)
        with reading(self.path):
            check_size(self.path, self._stream.codec_context)
            context = self._stream.codec_context
            self._stream.thread_type = "AUTO"
            if is_large(context.height, context.width):
                context.thread_count = 2  # each may hold a frame more, and to decode takes least
            # A clip that begins between key frames keeps its frame count, as ffmpeg keeps it.
            context.flags |= Flags.output_corrupt
        self._frames = self._decoded()
        self._last: int | None = None
        self._end: Fraction | None = None  # when the latest frame's showing ends, in seconds
        first = next(self._frames, None)
        if first is None:
            raise BadInput(f"{self.path} has no frame that can be decoded.")
        self.info = probe(self._container, self._stream, first)
        self._first: av.VideoFrame | None = first

    @property
    def lost(self) -> int:
        """How many frames before the latest one could not be decoded."""
        return self._losses.missing

    def __next__(self) -> Picture:
        frame, self._first = self._first, None
        frame = frame or next(self._frames)
        if (frame.height, frame.width) != self.info.size:
            was = f"{self.info.size[1]}x{self.info.size[0]}"
            raise BadInput(
                f"{self.path} changes size from {was} to {frame.width}x{frame.height} on its way. "
                "Give clips of one size."
            )
        if frame.format.name != self.info.pix_fmt:
            frame = frame.reformat(format=self.info.pix_fmt)
        return picture_of(frame, pts=self._pts(frame), time_base=self.info.time_base)

    def _pts(self, frame: av.VideoFrame) -> int:
        """Return the frame's own time, or the next tick that the frame rate gives without one."""
        rate, base = self.info.frame_rate, self.info.time_base or Fraction(1, 25)
        step = max(1, round(1 / (rate * base))) if rate else 1
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None or (self._last is not None and pts <= self._last):
            pts = 0 if self._last is None else self._last + (step if pts is None else 1)
        self._last = pts
        return pts

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Decode what can be decoded, then say in problems what could not."""
        for packet in self._packets():
            if packet.size:
                self._losses.sent(packet.pts, discarded=packet.is_discard)
            try:
                frames = packet.decode()
            except av.error.EOFError:
                break
            except (av.error.FFmpegError, ValueError):
                self._losses.errors += 1
                continue
            for frame in frames:
                self._losses.came(frame.pts, damaged=frame.is_corrupt)
                self._note_end(frame)
                yield frame
        expected, exact = self._promised()
        self.problems += self._losses.report(expected, exact=exact)
        if hasattr(self, "info") and self.info.container == y4m.NAME:
            self._note_torn()

    def _note_torn(self) -> None:
        if y4m.torn(self.path, layout(self.info.planes), self.info.size):
            self.problems.append("the stream breaks off in the middle of a picture")

    def _note_end(self, frame: av.VideoFrame) -> None:
        # The last frame may last for seconds: where it does not say, its end is not known.
        self._end = None
        if frame.pts is not None and frame.time_base is not None and frame.duration:
            self._end = Fraction((frame.pts + frame.duration) * frame.time_base)

    def _packets(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        try:
            yield from packets
        except (av.error.FFmpegError, OSError):
            self._losses.errors += 1
            yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        """Give the empty packet that brings out the frames the decoder still holds."""
        packet: Any = av.Packet()
        packet.stream = self._stream
        yield packet

    def _promised(self) -> tuple[int | None, bool]:
        """Return how many frames the file itself states, None where it does not; and how surely.

        Nothing follows from the file's duration: sound may outlast the pictures, pictures may
        start late, and a frame may be shown for as long as it likes.
        """
        if not hasattr(self, "info"):
            return None, False
        if not self.info.frame_count_guessed:
            return self.info.frame_count, "mp4" in self._container.format.name
        end, rate = stated_end(self._container, self._stream), self.info.frame_rate
        if end is None or self._end is None or not rate:
            return None, False
        ahead = max(0, round((end - self._end) * rate))
        return self._losses.seen + self._losses.discarded + ahead, False

    def close(self) -> None:
        """Let go of the file."""
        for held in (getattr(self, "_container", None), self._file):
            if held is not None:
                held.close()


def open_container(file: BinaryIO) -> Any:
    """Open a video file for reading; raises what the library raises.

    The library is given the open file and no protocol, so that nothing the file names is opened.
    """
    return av.open(
        file,
        metadata_errors="replace",
        container_options={"protocol_whitelist": "none"},
        buffer_size=1 << 18,
    )
