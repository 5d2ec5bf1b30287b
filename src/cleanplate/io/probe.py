"""Find the video stream of an open container and say what it is."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideType
from av.stream import Disposition

from cleanplate.errors import BadInput
from cleanplate.io.frame import colour_of, side_data, top_first
from cleanplate.io.info import BOTTOM_FIRST, TOP_FIRST, VideoInfo, turn_of
from cleanplate.io.layout import door, layout
from cleanplate.io.refuse import MOST_PIXELS, refuse_huge

# What a player needs besides the samples and no encoder here writes again.
NOT_KEPT = {
    SideType.MASTERING_DISPLAY_METADATA: "mastering display metadata",
    SideType.CONTENT_LIGHT_LEVEL: "content light level",
    SideType.DYNAMIC_HDR_PLUS: "HDR10+ metadata",
    SideType.DOVI_METADATA: "Dolby Vision metadata",
    SideType.DOVI_RPU_BUFFER: "Dolby Vision metadata",
    SideType.STEREO3D: "stereo 3D metadata",
    SideType.SPHERICAL: "spherical video metadata",
    SideType.ICC_PROFILE: "an ICC colour profile",
}

LASTING = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")  # Matroska's way to write a duration


def main_stream(container: Any, path: Path) -> Any:
    """Return the first video stream that is no cover picture; raises BadInput without one."""
    for stream in container.streams.video:
        if not is_cover(stream):
            if stream.codec_context is None:
                raise BadInput(f"{path} has a video stream of a codec that cannot be read.")
            return stream
    kinds = sorted({"cover picture" if is_cover(s) else s.type for s in container.streams})
    held = f" (it holds {', '.join(kinds)})" if kinds else ""
    raise BadInput(f"{path} has no video stream{held}. Give a file with pictures in it.")


def is_cover(stream: Any) -> bool:
    """Tell whether a stream is the picture on the cover of a song or a film."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def named(stream: Any) -> str:
    """Name a stream for a user: kind, index, codec."""
    context = getattr(stream, "codec_context", None)
    # Of a codec that the library does not know, a stream of sound has not even that attribute.
    codec = context.codec.canonical_name if context is not None else getattr(stream, "name", None)
    return f"{stream.type} stream {stream.index} ({codec or 'unknown'})"


def check_size(path: Path, context: Any) -> None:
    """Refuse sizes that no camera makes, before any picture is allocated; raises BadInput."""
    refuse_huge(path, context.width, context.height)
    context.options = {**context.options, "max_pixels": str(MOST_PIXELS)}


def probe(container: Any, stream: Any, frame: av.VideoFrame) -> VideoInfo:
    """Say what a clip is, from its header and its first decoded frame."""
    planes = door(frame.format.name)
    matrix = _display_matrix(frame)
    rotation, mirrored = turn_of(matrix) if matrix else (0, False)
    rate = stream.average_rate or stream.guessed_rate
    aspect = stream.sample_aspect_ratio
    return VideoInfo(
        size=(frame.height, frame.width),
        pix_fmt=frame.format.name,
        planes=planes,
        bits=layout(planes).bits,
        rotation=rotation,
        mirrored=mirrored,
        display_matrix=matrix,
        frame_rate=rate or None,
        time_base=stream.time_base,
        frame_count=int(stream.frames) or _guessed_count(container, stream, rate),
        frame_count_guessed=not stream.frames,
        codec=stream.codec_context.name,
        container=container.format.name,
        colour=colour_of(frame),
        sample_aspect=aspect or None,
        field_order=_field_order(stream, frame),
        not_kept=_not_kept(frame),
        other_streams=tuple(named(s) for s in container.streams if s.index != stream.index),
        metadata=dict(container.metadata),
        stream_metadata=dict(stream.metadata),
    )


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    part = side_data(frame).get(SideType.DISPLAYMATRIX)
    return None if part is None else tuple(np.frombuffer(part, "<i4", count=9).tolist())


def _not_kept(frame: av.VideoFrame) -> tuple[str, ...]:
    return tuple(sorted({NOT_KEPT[kind] for kind in side_data(frame) if kind in NOT_KEPT}))


def _field_order(stream: Any, frame: av.VideoFrame) -> int:
    """FFmpeg's field order; a decoder that did not set it still flags the frame."""
    order = int(stream.codec_context.field_order)
    if frame.interlaced_frame and order <= 1:
        return TOP_FIRST if top_first(frame) else BOTTOM_FIRST
    return order


def stated_end(container: Any, stream: Any) -> Fraction | None:
    """Return when Matroska says that the pictures end, in seconds of their own timestamps.

    Other containers' durations are those of the longest stream, or estimates: None.
    """
    found = LASTING.fullmatch(stream.metadata.get("DURATION", ""))
    if found is None or "matroska" not in container.format.name:
        return None
    hours, minutes, seconds = found.groups()
    return Fraction(int(hours) * 3600 + int(minutes) * 60) + Fraction(seconds)


def _guessed_count(container: Any, stream: Any, rate: Fraction | None) -> int | None:
    """Return what duration and rate make of it, for showing progress; None without either."""
    end, start = stated_end(container, stream), stream.start_time or 0
    seconds: Fraction | None = None
    if end is not None:
        seconds = end - start * stream.time_base
    elif stream.duration and stream.time_base:
        seconds = stream.duration * stream.time_base
    elif container.duration:
        seconds = Fraction(container.duration, 1_000_000)
    return round(seconds * rate) or None if seconds and rate else None
