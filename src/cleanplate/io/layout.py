"""How a pixel format lies in memory: which planes there are, how large, how deep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from av.video import format as av_formats
from av.video.format import VideoFormat

NAMES: set[str] = getattr(av_formats, "names")  # noqa: B009 - absent from the type stubs

# Formats whose samples share a plane, are packed, or are byte-swapped, and the planar
# little-endian format that holds the very same samples. Formats not listed follow _nearest.
DOORS = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv24": "yuv444p",
    "nv42": "yuv444p",
    "nv20le": "yuv422p10le",
    "p010le": "yuv420p10le",
    "p012le": "yuv420p12le",
    "p016le": "yuv420p16le",
    "p210le": "yuv422p10le",
    "p212le": "yuv422p12le",
    "p216le": "yuv422p16le",
    "p410le": "yuv444p10le",
    "p412le": "yuv444p12le",
    "p416le": "yuv444p16le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "y210le": "yuv422p10le",
    "y212le": "yuv422p12le",
    "y216le": "yuv422p16le",
    "uyva": "yuva444p",
    "xv30le": "yuv444p10le",
    "xv36le": "yuv444p12le",
    "vuyx": "yuv444p",
    "vuya": "yuva444p",
    "ayuv": "yuva444p",
    "ayuv64le": "yuva444p16le",
    "vyu444": "yuv444p",
    "monob": "gray",
    "monow": "gray",
    "ya8": "gray",
    "ya16le": "gray16le",
}

# The deprecated full-range names say in the format what the range tag says anyway.
FULL_RANGE = {
    "yuvj411p": "yuv411p",
    "yuvj420p": "yuv420p",
    "yuvj422p": "yuv422p",
    "yuvj440p": "yuv440p",
    "yuvj444p": "yuv444p",
}


@dataclass(frozen=True)
class Layout:
    """A planar integer format.

    name: FFmpeg's name. bits: of one sample. log2_w, log2_h: how often chroma is halved across and
    down. rgb: planes are G, B, R instead of Y, U, V. planes: 1 (grey), 3, or 4 with alpha.
    """

    name: str
    bits: int
    log2_w: int
    log2_h: int
    rgb: bool
    planes: int

    @property
    def itemsize(self) -> int:
        """Bytes of one sample."""
        return 1 if self.bits == 8 else 2

    def shapes(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """Return the (height, width) of every plane of a picture of this size, odd sizes too."""
        height, width = size
        chroma = (-(-height >> self.log2_h), -(-width >> self.log2_w))
        return [chroma if plane in (1, 2) else (height, width) for plane in range(self.planes)]


@cache
def layout(name: str) -> Layout:
    """Return the layout of a planar format; ValueError where the format is not one."""
    found = VideoFormat(name, 64, 64)
    parts = found.components
    if not _planar(found):
        raise ValueError(f"{name} is not planar")
    log2_w = (64 // found.chroma_width(64)).bit_length() - 1
    log2_h = (64 // found.chroma_height(64)).bit_length() - 1
    return Layout(name, parts[0].bits, log2_w, log2_h, found.is_rgb, len(parts))


@cache
def door(name: str) -> str:
    """Return the planar format that a decoded format is turned into; itself where it is planar."""
    name = FULL_RANGE.get(name, name)
    return name if _planar(VideoFormat(name, 64, 64)) else DOORS.get(name, _nearest(name))


def loses(name: str) -> bool:
    """Tell whether turning this decoded format into its planar one drops something."""
    return VideoFormat(name, 64, 64).is_bayer or "f16" in name or "f32" in name or name[:2] == "ya"


def loss(source: str, target: str) -> tuple[int, ...]:
    """Rank a format by what it loses of the source, worst kinds first, then by what it wastes."""
    have, want = layout(source), layout(door(target))
    coarser = max(0, want.log2_w - have.log2_w) + max(0, want.log2_h - have.log2_h)
    finer = max(0, have.log2_w - want.log2_w) + max(0, have.log2_h - want.log2_h)
    colour = have.planes > 1 and want.planes == 1
    alpha = have.planes == 4 and want.planes < 4
    shallow, deep = max(0, have.bits - want.bits), max(0, want.bits - have.bits)
    grey = have.planes == 1 and want.planes > 1
    kind = have.rgb != want.rgb and not grey
    return (colour, coarser, alpha, shallow, kind, finer, want.planes, deep, -want.log2_w)


def _planar(found: VideoFormat) -> bool:
    """Tell whether samples are whole little-endian integers of 8 to 16 bits, a plane a kind."""
    parts = found.components
    known = len(parts) in (1, 3, 4) and len({p.plane for p in parts}) == len(parts)
    odd = found.is_bit_stream or found.has_palette or found.is_bayer or found.is_big_endian
    deep = all(8 <= p.bits <= 16 for p in parts) and "msb" not in found.name
    return known and not odd and deep and "f16" not in found.name


def _nearest(name: str) -> str:
    """Return the planar format of the same kind for packed, byte-swapped and palette ones."""
    found = VideoFormat(name, 64, 64)
    swapped = name[:-2] + "le"
    depth = "16le" if max(p.bits for p in found.components) > 8 else ""
    if found.is_big_endian and swapped in NAMES:
        return door(swapped)
    if found.is_rgb or found.has_palette or found.is_bayer or name.startswith("xyz"):
        alpha = len(found.components) == 4 and not found.has_palette
        return ("gbrap" if alpha else "gbrp") + depth
    return ("gray" if len(found.components) <= 2 else "yuv444p") + depth
