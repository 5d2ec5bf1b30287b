"""Metadata of the container and of its video stream, as far as it stays true."""

from __future__ import annotations

from cleanplate.io.info import LIMITED, TOP_SHOWN_FIRST, VideoInfo
from cleanplate.io.layout import layout

# Written anew by every muxer, or true of the old file alone.
OWN = {"major_brand", "minor_version", "compatible_brands", "encoder", "vendor_id", "duration"}
COUNTS = ("BPS", "NUMBER_OF_", "_STATISTICS_", "DURATION")

# What mp4 and mov hold under a name of their own; other names need the open-ended form.
NAMED = {
    "album",
    "album_artist",
    "artist",
    "comment",
    "composer",
    "copyright",
    "creation_time",
    "date",
    "description",
    "genre",
    "grouping",
    "language",
    "lyrics",
    "synopsis",
    "title",
    "track",
}


def kept(metadata: dict[str, str]) -> dict[str, str]:
    """Return the metadata without what the new file says for itself."""
    return {
        name: value
        for name, value in metadata.items()
        if name.lower() not in OWN and not name.upper().startswith(COUNTS)
    }


def muxer_options(container: str, metadata: dict[str, str]) -> dict[str, str]:
    """Return the muxer's options: true times, the index in front, room for names of metadata."""
    if container not in ("mp4", "mov"):
        # Sound may begin before 0 and does so with most codecs. Left to itself the muxer moves all
        # streams until nothing does, pictures included; blocks hold such times as they are.
        return {"avoid_negative_ts": "disabled"}
    flags = "+faststart"
    if set(kept(metadata)) - NAMED:
        flags += "+use_metadata_tags"
    return {"movflags": flags}


def stream_marks(codec: str, info: VideoInfo) -> list[str]:
    """Return the parameters by which x264 writes down what it else leaves out of the stream.

    Told the wrong first field it changes over at the first frame, and then even its lossless mode
    loses some samples. It says that the range is limited only where it has more to say than that;
    the origin "component" is what no player acts upon.
    """
    marks = []
    if codec in ("libx264", "libx264rgb"):
        if info.field_order > 1:
            marks.append("tff=1" if info.field_order in TOP_SHOWN_FIRST else "bff=1")
        if info.colour.range == LIMITED and not layout(info.planes).rgb:
            marks.append("videoformat=component")
    return marks
