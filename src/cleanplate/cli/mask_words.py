"""What was found or done about masks, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleanplate.cli.words import percent
from cleanplate.errors import counted

if TYPE_CHECKING:
    from cleanplate.foresight import Foresight
    from cleanplate.masks import MaskReport
    from cleanplate.masks.shadow_file import ShadowSummary
    from cleanplate.masks.static import Overlay
    from cleanplate.masks.subtitles import Subtitles
    from cleanplate.masks.track_file import TrackSummary
    from cleanplate.unblending import Unblended


def track_words(summary: TrackSummary) -> str:
    """Say how an object was followed, and how sure that is."""
    followed = [trust for trust in summary.confidence if trust > 0]
    mean, least = (sum(followed) / len(followed), min(followed)) if followed else (0.0, 0.0)
    lines = [
        f"{summary.output}: {counted(summary.frames, 'mask')}, {len(summary.empty)} empty, "
        f"from {counted(len(summary.keys), 'mask')} given, in {summary.seconds:.1f} s.",
        f"Confidence {mean:.2f} on average, {least:.2f} at least, of 1.",
    ]
    return "\n".join(lines)


def shadow_words(summary: ShadowSummary) -> str:
    """Say in how many frames a shadow was found, and how large it is."""
    return (
        f"{summary.output}: {counted(summary.frames, 'mask')}, with a shadow in {summary.told}; "
        f"they are larger by {percent(summary.added)}."
    )


def report_words(report: MaskReport, video: str, mask: str) -> str:
    """Say what the mask doctor saw."""
    height, width = report.size
    low, mean, high = report.coverage
    masks = "one still mask" if report.still else counted(report.frames, "mask")
    lines = [
        f"{video}: {counted(report.video_frames or 0, 'frame')} of {width}x{height}.",
        f"{mask}: {masks}; covers {percent(mean)} of the picture "
        f"({percent(low)} to {percent(high)}).",
    ]
    if 0 < len(report.empty) < report.frames:
        lines.append(f"{counted(len(report.empty), 'frame')} without a hole.")
    lines += report.findings or ["Nothing looks wrong."]
    return "\n".join(lines)


def foresight_words(ahead: Foresight) -> str:
    """Say how much of a hole other frames show, as a quick look tells."""
    assert ahead.shown is not None
    looked = f"(a quick look at {counted(ahead.frames, 'frame')})"
    if not ahead.shown:
        return f"Other frames show nothing of the hole: it would be invented {looked}."
    shown = f"Other frames show about {percent(ahead.shown)} of the hole"
    rest = "" if ahead.shown == 1 else "; the rest would be invented"
    return f"{shown}{rest} {looked}."


def overlay_words(overlay: Overlay, out: str) -> str:
    """Say what stands still in a video."""
    looked = f"{counted(overlay.frames, 'frame')} looked at"
    if not overlay.patches:
        return f"Nothing stands still while the scene moves ({looked}): no mask is written."
    patches = "1 patch" if overlay.patches == 1 else f"{overlay.patches} patches"
    share = percent(float(overlay.hole.mean()))
    return f"{out}: {patches}, {share} of the picture ({looked})."


def subtitle_words(found: Subtitles, out: str) -> str:
    """Say what text comes and goes in a video."""
    if not found.lines:
        return f"No line of text comes and goes in {counted(found.frames, 'frame')}."
    return (
        f"{out}: {counted(found.lines, 'line')} of text, in {found.texted} of "
        f"{counted(found.frames, 'frame')}; a mask for each frame."
    )


def unblend_words(summary: Unblended) -> str:
    """Say how much of an overlay was seen through."""
    height, width = summary.size
    written = (
        f"{summary.output}: {counted(summary.frames, 'frame')} of {width}x{height}, "
        f"in {summary.seconds:.1f} s."
    )
    if not summary.restored:
        return f"{written}\nNothing could be seen through the overlay: all of it was filled."
    seen = (
        f"{percent(summary.restored)} of the hole was seen through the overlay, which is "
        f"{percent(summary.opacity)} opaque on average"
    )
    rest = "; the rest was filled." if summary.restored < 1 else "; nothing had to be filled."
    return f"{written}\n{seen}{rest}"
