"""Audio, subtitles, attachments and the rest: copied packet for packet beside the new video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from av.stream import Discard

from cleanplate.io.file_reader import open_container
from cleanplate.io.probe import is_cover, main_stream, named
from cleanplate.io.refuse import reading


class Sides:
    """The source opened a second time for what is not its main video.

    Packets are handed on as the new video advances, so that one packet is held at a time.
    warnings: what the new container cannot hold, a sentence each.
    """

    def __init__(self, source: Path, output: Any, suffix: str) -> None:
        self.warnings: list[str] = []
        self._source = source
        self._output = output
        with reading(source):
            self._file = source.open("rb")
        try:
            with reading(source):
                self._container = open_container(self._file)
            self._streams = self._add(suffix)
        except BaseException:
            self._file.close()
            raise
        self._packets = self._read()
        self._held = next(self._packets, None)

    @property
    def start(self) -> Fraction:
        """When the packet that is due next is due, in seconds; 0 where there is none."""
        return Fraction(0) if self._held is None else _time(self._held)

    def until(self, seconds: Fraction) -> None:
        """Copy the packets up to this time; raises what the library raises."""
        while self._held is not None and _time(self._held) <= seconds:
            self._hand_on(self._held)

    def rest(self) -> None:
        """Copy the packets that are left; raises what the library raises."""
        while self._held is not None:
            self._hand_on(self._held)

    def chapters(self) -> list[Any]:
        """Return the source's chapters as the library keeps them."""
        return list(self._container.chapters())

    def close(self) -> None:
        """Let go of the source."""
        with suppress(av.error.FFmpegError):
            self._container.close()
        self._file.close()

    def _add(self, suffix: str) -> dict[int, Any]:
        """Add a stream to the output for each of the source that it can hold."""
        streams = {}
        main = main_stream(self._container, self._source)
        for stream in self._container.streams:
            if stream.index == main.index:
                stream.discard = Discard.all
                continue
            if not _fits(stream, self._output.format.name):
                self.warnings.append(f"{named(stream)} cannot be kept in {suffix}: left out")
                stream.discard = Discard.all
                continue
            if stream.type == "video" and not is_cover(stream):
                self.warnings.append(
                    f"{named(stream)} is copied as it is: only the first is filled"
                )
            added = _copy_of(self._output, stream)
            if stream.type != "attachment":
                streams[stream.index] = added
        return streams

    def _read(self) -> Iterator[Any]:
        chosen = [s for s in self._container.streams if s.index in self._streams]
        if not chosen:
            return
        try:
            for packet in self._container.demux(*chosen):
                if packet.size:
                    yield packet
        except (av.error.FFmpegError, OSError) as error:
            what = getattr(error, "strerror", None) or str(error)
            self.warnings.append(f"audio and other streams break off: {what}")

    def _hand_on(self, packet: Any) -> None:
        packet.stream = self._streams[packet.stream_index]
        self._output.mux(packet)
        self._held = next(self._packets, None)


def _copy_of(output: Any, stream: Any) -> Any:
    """Add a stream like this one to an output."""
    added = output.add_stream_from_template(stream, opaque=True)
    added.metadata.update(stream.metadata)
    added.disposition = stream.disposition
    return added


def _fits(stream: Any, container: str) -> bool:
    """Try the stream in an empty file of this kind, in memory: the muxers do not tell before."""
    if stream.type == "attachment":
        return container == "matroska"  # WebM drops them without a word
    trial = av.open(BytesIO(), "w", format=container)
    try:
        _copy_of(trial, stream)
        trial.start_encoding()
    except (av.error.FFmpegError, ValueError):  # the muxer's refusal, and the library's own
        return False
    finally:
        with suppress(av.error.FFmpegError):
            trial.close()
    return True


def _time(packet: Any) -> Fraction:
    """When a packet is due, in seconds; the start for those that do not say."""
    ticks = packet.dts if packet.dts is not None else packet.pts
    if ticks is None or packet.time_base is None:
        return Fraction(0)
    return Fraction(ticks * packet.time_base)
