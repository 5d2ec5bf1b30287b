"""Write a video of which only parts have changed: groups of pictures that have not are copied.

The others are encoded anew between them, by the same codec, each run of them from a picture that
needs no other. Encoders are told to reorder nothing, so that the source's own order of times fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags

from cleanplate.errors import BadOutput
from cleanplate.io import avc
from cleanplate.io.encode import ALIASES, CONTAINERS, Encoding, configure
from cleanplate.io.file_reader import FileReader, open_container
from cleanplate.io.file_writer import FileWriter
from cleanplate.io.groups import CannotCopy, Groups, groups_of, packets_of
from cleanplate.io.info import VideoInfo
from cleanplate.io.picture import Picture
from cleanplate.io.probe import main_stream
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import writing

# Codecs whose groups are known to stand beside others: their encoder here.
ENCODERS = {"h264": "libx264", "vp9": "libvpx-vp9"}


def open_spliced(
    path: Path, like: Reader, encoding: Encoding, touched: Callable[[list[Fraction]], list[bool]]
) -> SplicedWriter:
    """Open a video file for writing that copies what it can of a clip; raises CannotCopy.

    touched: given the time of every picture, tells which of them will have changed.
    """
    if not isinstance(like, FileReader) or path.suffix.lower() not in CONTAINERS:
        raise CannotCopy("source and result are not both files")
    wanted, groups = copying(like.info, encoding), groups_of(like.path)
    changed = iter(touched(groups.times()))
    parts = [any(list(islice(changed, len(part.shown)))) for part in groups.parts]
    if all(parts):
        raise CannotCopy("every group of its pictures has a hole")
    try:
        return SplicedWriter(path, like.path, like.info, wanted, groups=groups, touched=parts)
    except BadOutput as refusal:
        raise CannotCopy(str(refusal).rstrip(".")) from None


def copying(info: VideoInfo, encoding: Encoding) -> Encoding:
    """Return how what has changed is encoded beside what is copied; raises CannotCopy."""
    codec = info.codec or ""
    ours = ENCODERS.get(codec)
    if ours is None:
        raise CannotCopy(f"{codec} is not among {', '.join(ENCODERS)}")
    if encoding.codec and ALIASES.get(encoding.codec, encoding.codec) != ours:
        raise CannotCopy(f"another codec is asked for than its own, {codec}")
    if encoding.lossless:
        raise CannotCopy("lossless pictures are of another kind than its own")
    if info.field_order > 1:
        raise CannotCopy("its pictures are interlaced")
    if codec == "h264" and "444" in info.planes:
        raise CannotCopy("decoders take H.264 of 4:4:4 in more than one way")
    return replace(encoding, codec=ours)


class SplicedWriter(FileWriter):
    """A video file being written, of which groups without a change are copied.

    touched: for every group of `groups` whether it is encoded anew. Raises CannotCopy where that
    cannot be.
    """

    def __init__(
        self,
        path: Path,
        source: Path,
        info: VideoInfo,
        encoding: Encoding,
        *,
        groups: Groups,
        touched: Sequence[bool],
    ) -> None:
        self._source, self._groups, self._touched = source, groups, list(touched)
        self._packets = packets_of(source)
        self._next = 0  # group whose packets come next from the source
        self._encoder: Any = None
        self._header: avc.Header | None = None
        self._place_of = {
            pts: number for number, part in enumerate(groups.parts) for pts, _ in part.shown
        }
        self._due: dict[int, tuple[int, int]] = {}
        for part in groups.parts:
            for (pts, long), dts in zip(sorted(part.shown), sorted(part.decoded), strict=True):
                self._due[pts] = dts, long
        super().__init__(path, info, encoding, source=source)

    def copies(self, picture: Picture) -> bool:
        """Tell whether a picture is copied with its group."""
        return not self._touched[self._group_of(picture)]

    def write(self, picture: Picture) -> None:
        """Write the next picture, where its group is encoded; raises BadOutput."""
        number = self._group_of(picture)
        with writing(self.path):
            self._note_time(picture)
            self._count += 1
            if not self._touched[number]:
                return
            self._copy_before(number)
            if self._encoder is None:
                self._encoder = self._new_encoder()
            self._mux_made(self._encoder.encode(self._frame_of(picture)))

    def drop(self) -> None:
        """Let go of everything, the source too."""
        self._packets.close()  # type: ignore[attr-defined]
        self._encoder = None
        super().drop()

    def _add_video(self) -> Any:
        """Add a stream like the source's, whose header knows both kinds of pictures."""
        if self._plan.pix_fmt != self._info.pix_fmt or self._plan.warnings:
            raise CannotCopy(f"its pictures are {self._info.pix_fmt}, which is not written here")
        with self._source.open("rb") as file, open_container(file) as container:
            had = main_stream(container, self._source)
            stream = self._container.add_stream_from_template(had, opaque=True)
            if self._plan.codec == "libx264":
                self._header = avc.header_of(had.codec_context.extradata)
                assert self._header is not None
                stream.codec_context.extradata = self._joined().written()
        stream.time_base = self._groups.time_base
        return stream

    def _joined(self) -> avc.Header:
        """Return the header of what is copied and of what is encoded; raises CannotCopy."""
        assert self._header is not None
        made = avc.header_of_units(self._new_encoder().extradata, self._header.length)
        if made.profile != self._header.profile:
            raise CannotCopy("its profile is not written here")
        return self._header.joined(made)

    def _new_encoder(self) -> Any:
        """Open an encoder for a run of pictures that have changed."""
        context: Any = av.CodecContext.create(self._plan.codec, "w")
        configure(context, self._plan.pix_fmt, self._info)
        context.time_base = self._groups.time_base
        context.flags |= Flags.frame_duration | Flags.global_header
        context.options = {**self._plan.options, **self._in_order()}
        try:
            context.open()
        except (av.error.FFmpegError, ValueError):
            raise CannotCopy("its kind of stream is not written here") from None
        return context

    def _in_order(self) -> dict[str, str]:
        """Return the options by which an encoder reorders nothing, and fits beside the source."""
        if self._header is None:
            return {}
        free = min(set(range(1, avc.MOST_SETS + 1)) - self._groups.taken, default=None)
        profile = avc.PROFILES.get(self._header.profile)
        if free is None or profile is None:
            raise CannotCopy("its profile is not written here")
        more = [self._plan.options.get("x264-params", ""), f"sps-id={free}"]
        return {"x264-params": ":".join(filter(None, more)), "profile": profile, "bf": "0"}

    def _group_of(self, picture: Picture) -> int:
        number = None if picture.pts is None else self._place_of.get(picture.pts)
        if number is None:
            raise BadOutput(
                f"{self.path}: a picture came at a time that no packet of {self._source} has. "
                "Leave out --copy-untouched."
            )
        return number

    def _copy_before(self, number: int) -> None:
        """Copy the groups that lie before one, and skip those that were encoded."""
        while self._next < number:
            if not self._touched[self._next]:  # also one of which no picture could be decoded
                self._end_run()
            for dts in self._groups.parts[self._next].decoded:
                packet = next(self._packets)
                if not self._touched[self._next]:
                    packet.dts, packet.stream = dts, self._stream
                    self._mux([packet])
            self._next += 1

    def _mux_made(self, packets: list[Any]) -> None:
        """Write what an encoder made, at the times of what it takes the place of."""
        for made in packets:
            data = bytes(made)
            if self._header is not None:
                data = avc.with_lengths(data, self._header.length)
            packet = av.Packet(data)
            packet.pts = made.pts
            packet.dts, packet.duration = self._due[made.pts]
            packet.time_base, packet.is_keyframe = made.time_base, made.is_keyframe
            packet.stream = self._stream
            self._mux([packet])

    def _end_run(self) -> None:
        """Write what an encoder holds back: what comes next is copied."""
        if self._encoder is not None:
            self._mux_made(self._encoder.encode(None))
            self._encoder = None

    def _flush(self) -> None:
        self._copy_before(len(self._groups.parts))
        self._end_run()
