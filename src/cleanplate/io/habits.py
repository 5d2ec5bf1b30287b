"""What each encoder is told where nobody asks for something else, and what it takes at all."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Habits:
    """What an encoder is told where nobody asks for something else.

    fixed: options always given. crf, preset: the defaults; crf_option, preset_option: their names.
    presets: their names, where the encoder itself would write to stderr about another one.
    best, worst: the span of crf; beyond it the encoders clip in silence, or fail without a word.
    lossless: options that keep every sample, None where it cannot; always: it never loses any.
    least_width: pixels; narrower pictures it does not take, or comes to harm with them.
    params: the name of the option that takes others of its own. modest: those by which it looks
    less far ahead, for large frames. held: bytes that it keeps for each pixel of a frame of 8 bits,
    as measured, rounded up; held_modest: the same where it looks less far ahead.
    """

    fixed: dict[str, str] = field(default_factory=dict)
    crf: str | None = None
    preset: str | None = None
    crf_option: str = "crf"
    preset_option: str = "preset"
    presets: tuple[str, ...] = ()
    best: int = 0
    worst: int = 63
    lossless: dict[str, str] | None = None
    always: bool = False
    least_width: int = 0
    params: str = ""
    modest: str = ""
    held: int = 200
    held_modest: int | None = None


SPEEDS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast", "medium"),
    *("slow", "slower", "veryslow", "placebo"),
)

X264 = Habits(
    crf="16",
    preset="medium",
    presets=SPEEDS,
    worst=51,
    lossless={"qp": "0"},
    params="x264-params",
    modest="rc-lookahead=10",
    held=180,
    held_modest=70,
)

HABITS = {
    "libx264": X264,
    "libx264rgb": X264,
    "libx265": Habits(
        fixed={"x265-params": "log-level=none"},
        crf="18",
        preset="medium",
        presets=SPEEDS,
        worst=51,
        lossless={"x265-params": "log-level=none:lossless=1"},
        params="x265-params",
        modest="rc-lookahead=5:bframes=2",
        held_modest=90,
        least_width=64,  # it writes beyond its memory for some narrower ones, as measured
    ),
    "libvpx-vp9": Habits(
        fixed={"b": "0", "row-mt": "1", "deadline": "good"},
        crf="20",
        preset="3",
        preset_option="cpu-used",
        lossless={"lossless": "1"},
        held=150,
    ),
    "libsvtav1": Habits(crf="20", preset="6", held=350),
    "libaom-av1": Habits(fixed={"b": "0"}, crf="18", preset="4", preset_option="cpu-used"),
    "ffv1": Habits(fixed={"level": "3", "slicecrc": "1"}, lossless={}, always=True, held=90),
}
