"""How a clip is written: container, codec, pixel format and options, chosen to look like it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from numbers import Real
from pathlib import Path
from typing import Any

import av
import cv2
from av.codec.context import Flags
from av.video.format import VideoFormat

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.habits import HABITS, Habits
from cleanplate.io.info import VideoInfo
from cleanplate.io.layout import Layout, door, layout, loss
from cleanplate.io.tags import stream_marks
from cleanplate.io.urgency import no_more_urgent


@dataclass(frozen=True)
class Encoding:
    """How to write; None means: as the source looks.

    codec: an encoder of FFmpeg, or h264, h265, vp9, av1. crf: quality, lower is better. preset: a
    speed of that encoder. lossless: keep every sample. Raises BadInput for other kinds of values.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    lossless: bool = False

    def __post_init__(self) -> None:
        """Refuse kinds of values that mean nothing; whether they suit shows when one encodes."""
        kinds = (("codec", str, "a name"), ("preset", str, "a name"), ("crf", Real, "a number"))
        for name, kind, said in kinds:
            value = getattr(self, name)
            wrong = isinstance(value, bool) or not isinstance(value, kind) or value == ""
            if value is not None and wrong:
                raise BadInput(f"{name} is {value!r}. Give {said}, or leave it out.")


CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}

# Encoders to try in turn where none is asked for; the later ones take what the first refuses.
CODECS = {
    "mp4": ("libx264", "libvpx-vp9"),
    "mov": ("libx264",),
    "matroska": ("libx264", "ffv1"),
    "webm": ("libvpx-vp9", "libsvtav1"),
}
LOSSLESS_CODECS = {
    "mp4": ("libx264", "libx264rgb", "libvpx-vp9"),
    "mov": ("libx264", "libx264rgb"),
    "matroska": ("libx264", "libx264rgb", "ffv1"),
    "webm": ("libvpx-vp9",),
}
ALIASES = {
    "h264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "vp9": "libvpx-vp9",
    "av1": "libsvtav1",
}

# What the library says that a container supports, and refuses only when pictures come.
NOT_HELD = {"mov": ("vp9", "av1")}

_AVX_512 = 13  # OpenCV's number of it (CV_CPU_AVX_512F), without a name in Python

# Packed names under which an encoder takes planes that only lie differently in memory.
PACKED = {
    "gbrp": ("rgb24", "bgr24", "bgr0"),
    "gbrap": ("rgba", "bgra"),
    "gbrp16le": ("rgb48le",),
    "gbrap16le": ("rgba64le",),
}


@dataclass(frozen=True)
class Plan:
    """A choice that the encoder has accepted.

    planes: the layout of the pictures it is given; pix_fmt: the encoder's own name for it.
    """

    container: str
    codec: str
    pix_fmt: str
    planes: Layout
    options: dict[str, str]
    warnings: tuple[str, ...]


def container_of(path: Path) -> str:
    """Return FFmpeg's name of the container by the suffix; raises BadOutput for unknown ones."""
    found = CONTAINERS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(CONTAINERS)
        raise BadOutput(
            f"{path} has no known extension. Give {known}, or a name without one for a folder."
        )
    return found


def plan(path: Path, info: VideoInfo, encoding: Encoding) -> Plan:
    """Choose codec and pixel format, the first that the encoder accepts; raises BadOutput.

    Formats that hold the source's samples as they are come first, then the nearest.
    """
    container = container_of(path)
    refused: list[str] = []
    for codec, pix_fmt in _candidates(container, info, encoding):
        try:
            options = _with_params(_options(codec, encoding), codec, info)
        except BadOutput:
            if not refused:  # it was meant for this encoder, not for those tried after it
                raise
            continue
        trouble = _trouble(codec, pix_fmt, options, info)
        if trouble is None:
            warnings = _told(codec, pix_fmt, container, info, encoding)
            form = layout(door(pix_fmt))
            return Plan(container, codec, pix_fmt, form, options, warnings)
        refused.append(f"{codec} does not take {pix_fmt} {trouble}")
    lossless = " without loss" if encoding.lossless else ""
    if refused:
        raise BadOutput(
            f"{path} cannot be encoded{lossless} as asked: {refused[0]}. Give .mkv, or another "
            "codec, preset or crf, or leave them out."
        )
    raise BadOutput(f"{path} cannot hold {info.planes}{lossless} so. Give .mkv, or another codec.")


def configure(context: Any, pix_fmt: str, info: VideoInfo) -> None:
    """Set an encoder's size, format, timing, tags and field order, before it is opened."""
    context.height, context.width = info.size
    context.pix_fmt = pix_fmt
    context.time_base = info.time_base or Fraction(1, 25)
    context.framerate = info.frame_rate or Fraction(25)
    colour = info.colour
    context.color_range, context.color_primaries = colour.range, colour.primaries
    context.color_trc, context.colorspace = colour.transfer, colour.matrix
    if info.sample_aspect:
        context.sample_aspect_ratio = info.sample_aspect
    if info.field_order > 1:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        context.field_order = info.field_order


def encoder(name: str) -> str:
    """Return the encoder's own name; raises BadOutput where there is none for video."""
    name = ALIASES.get(name, name)
    try:
        found = av.Codec(name, "w")
    except (av.error.FFmpegError, ValueError):
        raise BadOutput(f"{name} is no encoder that is known here. Try h264, h265, vp9.") from None
    if found.type != "video":
        raise BadOutput(f"{name} encodes {found.type}, not video. Try h264, h265, vp9.")
    return name


def _encoder_for(container: str, name: str) -> str:
    """Return the encoder's own name; raises BadOutput where the container cannot hold it."""
    name = encoder(name)
    with av.open(BytesIO(), "w", format=container) as trial:
        kind = av.Codec(name, "w").canonical_name
        if kind not in trial.supported_codecs or kind in NOT_HELD.get(container, ()):
            raise BadOutput(f"{container} cannot hold {name}. Choose another codec, or .mkv.")
    return name


def _candidates(container: str, info: VideoInfo, encoding: Encoding) -> Iterator[tuple[str, str]]:
    """Yield (codec, pixel format), best first."""
    codecs: tuple[str, ...] = (LOSSLESS_CODECS if encoding.lossless else CODECS)[container]
    if encoding.codec:
        codecs = (_encoder_for(container, encoding.codec),)
    offered = {codec: _formats(codec, container) for codec in codecs}
    same = (info.planes, *PACKED.get(info.planes, ()))
    for codec in codecs:
        # RGB that may lose something is better kept as Y'CbCr, which more players know.
        if not (layout(info.planes).rgb and not encoding.lossless and codec == "libvpx-vp9"):
            yield from ((codec, name) for name in same if name in offered[codec])
    if not encoding.lossless:
        for codec in codecs:
            ranked = sorted(offered[codec], key=lambda name: loss(info.planes, name))
            yield from ((codec, name) for name in ranked if name not in same)


def _formats(codec: str, container: str) -> list[str]:
    """List the pixel formats of an encoder that we can fill and that can be read again."""
    packed = {name for names in PACKED.values() for name in names}
    names = [f.name for f in av.Codec(codec, "w").video_formats or ()]
    if codec == "libvpx-vp9":  # its transparency lies beside the stream, which only WebM carries
        names = [n for n in names if n != "gbrap" and (n[:4] != "yuva" or container == "webm")]
    named = [n for n in names if VideoFormat(n, 64, 64).components]  # others lie on a device
    return [n for n in named if door(n) == n or n in packed]


def _options(codec: str, encoding: Encoding) -> dict[str, str]:
    """Return the encoder's options; raises BadOutput for one that it does not have."""
    habits = HABITS.get(codec, Habits())
    options = dict(habits.fixed)
    preset = encoding.preset or habits.preset
    _check_values(codec, preset, encoding.crf)
    if preset is not None:
        options[habits.preset_option] = preset
    if encoding.lossless:
        if habits.lossless is None:
            raise BadOutput(f"{codec} cannot be lossless here. Try h264, h265, vp9 or ffv1.")
        options |= habits.lossless
    elif encoding.crf is not None or habits.crf is not None:
        options[habits.crf_option] = f"{encoding.crf:g}" if encoding.crf is not None else habits.crf  # type: ignore[assignment]
    if encoding.lossless and encoding.crf is not None:
        raise BadOutput("lossless leaves no quality to choose. Leave out crf or lossless.")
    names = _option_names(codec)
    for option in options:
        if option not in names:
            raise BadOutput(f"{codec} has no option {option}. Leave it out, or choose h264.")
    return options


def _with_params(options: dict[str, str], codec: str, info: VideoInfo) -> dict[str, str]:
    """Add what nobody chooses: the clip's marks, the same file every time, modesty."""
    habits = HABITS.get(codec, Habits())
    parts = [options.get(habits.params, ""), *stream_marks(codec, info)]
    # Its AVX-512 code writes another file now and then when the machine is busy (measured: one in
    # 300), and other files than its AVX2 code, which is as fast.
    if codec in ("libx264", "libx264rgb") and cv2.checkHardwareSupport(_AVX_512):
        parts.append("asm=AVX2")
    if info.is_large:
        parts.append(habits.modest)
    params = ":".join(filter(None, parts))
    return options | {habits.params: params} if params else options


def _check_values(codec: str, preset: str | None, crf: float | None) -> None:
    """Refuse a preset or a crf out of the encoder's span; raises BadOutput."""
    habits, options = HABITS.get(codec, Habits()), _option_names(codec)
    if habits.presets and preset not in habits.presets:
        known = ", ".join(habits.presets)
        raise BadOutput(f"{codec} has no preset {preset}. Choose one of: {known}.")
    numbered = options.get(habits.preset_option)
    if preset is not None and numbered is not None and not (habits.presets or numbered.choices):
        low, high = int(numbered.min), int(numbered.max)
        if low < high and preset not in map(str, range(low, high + 1)):
            raise BadOutput(
                f"{codec} has no preset {preset} ({habits.preset_option}={preset}). "
                f"Give a whole number from {low} to {high}."
            )
    known_crf = crf is not None and habits.crf_option in options
    if known_crf and not habits.best <= crf <= habits.worst:  # type: ignore[operator]
        raise BadOutput(
            f"{codec} takes no crf={crf:g}. Give a number from {habits.best} (best) to "
            f"{habits.worst}, or leave it out."
        )


def _option_names(codec: str) -> dict[str, Any]:
    found = av.CodecContext.create(codec, "w").supported_options
    return {option.name: option for option in (*found.generic, *found.private)}


def _trouble(codec: str, pix_fmt: str, options: dict[str, str], info: VideoInfo) -> str | None:
    """Open the encoder on trial; return what it says against it, None where it accepts."""
    os.environ.setdefault("SVT_LOG", "1")  # that encoder tells its life on stderr otherwise
    context: Any = av.CodecContext.create(codec, "w")
    height, width = info.size
    if width < (least := HABITS.get(codec, Habits()).least_width):
        return f"of {width}x{height} (at least {least} pixels wide)"
    try:
        configure(context, pix_fmt, info)
        context.options = options
        with no_more_urgent():
            context.open()
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        what = getattr(error, "strerror", None) or str(error)
        habits = HABITS.get(codec, Habits())
        ours = {*habits.fixed, habits.params}
        given = "".join(f" {name}={options[name]}" for name in options if name not in ours)
        return f"of {width}x{height} with{given or ' these options'} ({what})"
    return None


def _told(
    codec: str, pix_fmt: str, container: str, info: VideoInfo, encoding: Encoding
) -> tuple[str, ...]:
    """Name what is not as in the source."""
    told = []
    usual = CODECS[container][0]
    if not encoding.codec and not encoding.lossless and codec != usual:
        height, width = info.size
        told.append(f"{usual} cannot write {info.planes} of {width}x{height}: {codec} is used")
    if door(pix_fmt) != info.planes:
        have, want = layout(info.planes), layout(door(pix_fmt))
        told.append(f"{codec} cannot write {info.planes}: {pix_fmt} is used")
        if have.planes == 4 and want.planes < 4:
            told.append("the clip's transparency cannot be kept: left out")
    if info.field_order > 1 and codec not in ("libx264", "libx265", "mpeg2video", "prores_ks"):
        told.append(f"{codec} cannot mark interlaced pictures: written as progressive")
    in_stream = ("libx264", "libx264rgb", "libx265", "ffv1")  # the library does not tell Matroska
    aspect = info.sample_aspect
    if aspect not in (None, 1) and container in ("matroska", "webm") and codec not in in_stream:
        told.append(f"{codec} cannot keep the pixel shape {aspect} in this container: left out")
    return tuple(told)
