"""Metadata of the container and of its video stream, as far as it stays true."""

from __future__ import annotations

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
    """Return the muxer's options: the index in front, and room for any name of metadata."""
    if container not in ("mp4", "mov"):
        return {}
    flags = "+faststart"
    if set(kept(metadata)) - NAMED:
        flags += "+use_metadata_tags"
    return {"movflags": flags}
