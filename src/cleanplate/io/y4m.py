"""yuv4mpeg2, the stream of bare pictures that video programs hand to each other through pipes.

A line that says what the pictures are, then for each a line and its planes: no loss, one rate, no
sound, no rotation. Samples of more than 8 bits take two bytes, little end first. The format is that
of mjpegtools, with the names of deep formats and the colour range as FFmpeg writes them.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cleanplate.io.info import FULL, LIMITED, TOP_SHOWN_FIRST, VideoInfo
from cleanplate.io.layout import Layout, layout, loss

NAME = "yuv4mpegpipe"  # FFmpeg's name of the format
FRAME = b"FRAME\n"
LONGEST_LINE = 4096  # bytes
SHAPES = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
DEPTHS = (9, 10, 12, 14, 16)
RANGES = {LIMITED: "LIMITED", FULL: "FULL"}
# Chroma of 4:2:0 lies to the left, as everywhere in the house; a source's own header says its own.
TAGS = {
    "gray": "mono",
    "yuv411p": "411",
    "yuv420p": "420mpeg2",
    "yuv422p": "422",
    "yuv444p": "444",
    **{f"gray{bits}le": f"mono{bits}" for bits in (9, 10, 12, 16)},
    **{f"yuv{shape}p{bits}le": f"{shape}p{bits}" for shape in SHAPES for bits in DEPTHS},
}


def form_of(planes: str) -> Layout:
    """Return the layout that pictures of a planar format have in a stream: their own, or nearest.

    >>> form_of("yuv420p10le").name, form_of("gbrp").name
    ('yuv420p10le', 'yuv444p')
    """
    if planes in TAGS:
        return layout(planes)
    return layout(min(TAGS, key=lambda name: loss(planes, name)))


def header(info: VideoInfo, form: Layout, colour_range: int) -> bytes:
    """Return the first line of a stream of pictures of that layout and colour range."""
    height, width = info.size
    rate, aspect = info.frame_rate or Fraction(25), info.sample_aspect
    shape = f"{aspect.numerator}:{aspect.denominator}" if aspect else "0:0"
    fields = [
        f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator}",
        f"I{_interlacing(info.field_order)} A{shape} C{TAGS[form.name]}",
    ]
    if form.bits > 8 and form.planes == 3:
        fields.append(f"XYSCSS={TAGS[form.name].upper()}")
    if colour_range in RANGES:
        fields.append(f"XCOLORRANGE={RANGES[colour_range]}")
    return " ".join(fields).encode() + b"\n"


def header_in(path: Path) -> bytes:
    """Return the first line of a file that holds such a stream."""
    with path.open("rb") as file:
        return file.readline(LONGEST_LINE)


def frame_bytes(form: Layout, size: tuple[int, int]) -> int:
    """Return how many bytes a picture takes in a stream, its line included."""
    samples = sum(height * width for height, width in form.shapes(size))
    return len(FRAME) + samples * form.itemsize


def torn(path: Path, form: Layout, size: tuple[int, int]) -> bool:
    """Tell whether a file with such a stream ends in the middle of a picture.

    Pictures whose lines say more than they must are not told apart: False.
    """
    first = header_in(path)
    with path.open("rb") as file:
        file.seek(len(first))
        plain = file.read(len(FRAME)) == FRAME
    return plain and (path.stat().st_size - len(first)) % frame_bytes(form, size) != 0


def _interlacing(order: int) -> str:
    if order <= 1:
        return "p"
    return "t" if order in TOP_SHOWN_FIRST else "b"
