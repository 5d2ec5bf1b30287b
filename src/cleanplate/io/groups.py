"""Groups of pictures: the parts of a video stream that can be decoded by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from cleanplate.io import avc
from cleanplate.io.file_reader import open_container
from cleanplate.io.probe import main_stream
from cleanplate.io.refuse import reading


class CannotCopy(Exception):
    """Parts of a clip cannot be copied; the text says why, in a few words."""


@dataclass
class Group:
    """Pictures from one that needs no other up to the next.

    shown: (pts, duration) of its packets, as they come. decoded: their dts, made where the
    container has none.
    """

    shown: list[tuple[int, int]] = field(default_factory=list)
    decoded: list[Any] = field(default_factory=list)


@dataclass
class Groups:
    """The groups of a clip, in order.

    time_base: seconds of a tick. taken: numbers of parameter sets that are in use, of H.264.
    """

    parts: list[Group]
    time_base: Fraction
    taken: set[int]

    def times(self) -> list[Fraction]:
        """Return when each picture is shown, in seconds and in that order."""
        return [pts * self.time_base for part in self.parts for pts, _ in sorted(part.shown)]


def groups_of(path: Path) -> Groups:
    """Find the groups of a clip, without decoding it; raises CannotCopy.

    A group ends only where everything shown after is decoded after as well.
    """
    with reading(path), path.open("rb") as file, open_container(file) as container:
        stream = main_stream(container, path)
        codec = stream.codec_context.codec.canonical_name
        header = avc.header_of(stream.codec_context.extradata) if codec == "h264" else None
        if codec == "h264" and header is None:
            raise CannotCopy("its headers lie in its packets")
        groups, latest = Groups([], stream.time_base, set()), None
        if header:
            groups.taken |= {avc.number_of(unit) for unit in header.sps + header.pps}
        for packet in _demuxed(container, stream):
            if not packet.size:
                continue
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                raise CannotCopy("not all of its packets say when they are shown")
            starts = packet.is_keyframe and _stands_alone(packet, header, groups.taken)
            if not groups.parts and not starts:
                raise CannotCopy("it does not begin with a picture that stands alone")
            if starts and (latest is None or packet.pts > latest):
                groups.parts.append(Group())
            groups.parts[-1].shown.append((packet.pts, packet.duration or 0))
            groups.parts[-1].decoded.append(packet.dts)
            latest = packet.pts if latest is None else max(latest, packet.pts)
    if any(dts is None for part in groups.parts for dts in part.decoded):
        _make_decoded(groups.parts)
    _check(groups)
    return groups


def packets_of(path: Path) -> Iterator[Any]:
    """Yield the packets of a clip's pictures, one at a time."""
    with path.open("rb") as file, open_container(file) as container:
        for packet in container.demux(main_stream(container, path)):
            if packet.size:
                yield packet


def _demuxed(container: Any, stream: Any) -> Iterator[Any]:
    """Yield a stream's packets; raises CannotCopy where they break off."""
    try:
        yield from container.demux(stream)
    except (av.error.FFmpegError, OSError):
        raise CannotCopy("not all of its packets can be read") from None


def _stands_alone(packet: Any, header: avc.Header | None, taken: set[int]) -> bool:
    """Tell whether a key picture lets nothing after it look back; note parameter sets in it."""
    if header is None:
        return True
    try:
        units = list(avc.units_by_length(bytes(packet), header.length))
    except ValueError:
        raise CannotCopy("its packets are broken") from None
    kinds = [unit[0] & 31 for unit in units]
    taken |= {avc.number_of(u) for u in units if u[0] & 31 in (avc.SPS, avc.PPS)}
    return avc.IDR in kinds


def _make_decoded(parts: list[Group]) -> None:
    """Find times of decoding that go on, and are none after a packet's time of showing.

    They are the times of showing in order, as many packets before as reordering asks for.
    """
    shown = [pts for part in parts for pts, _ in part.shown]
    order = sorted(shown)
    rank = {pts: number for number, pts in enumerate(order)}
    ahead = max(number - rank[pts] for number, pts in enumerate(shown))
    step = min((after - before for before, after in pairwise(order)), default=1)
    made = iter([*(order[0] - step * left for left in range(ahead, 0, -1)), *order])
    for part in parts:
        part.decoded = [next(made) for _ in part.shown]


def _check(groups: Groups) -> None:
    """Refuse times that go back or stand still."""
    shown, decoded = groups.times(), [dts for part in groups.parts for dts in part.decoded]
    pairs = ((shown, "shown"), (decoded, "decoded"))
    for times, what in pairs:
        if any(after <= before for before, after in pairwise(times)):
            raise CannotCopy(f"the times at which its pictures are {what} do not go on")
