"""What was done, in plain words."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleanplate.errors import counted
from cleanplate.memory import in_words

if TYPE_CHECKING:
    from cleanplate.jobs.batch import Done
    from cleanplate.jobs.plan import Plan, PlannedWindow
    from cleanplate.motion import FlowSummary
    from cleanplate.report.rows import Row
    from cleanplate.summary import Summary


_MOST_CUTS = 10  # that are named


def summary_words(summary: Summary) -> str:
    """Say in a few lines how much was filled, and where it came from."""
    height, width = summary.size
    written = (
        f"{summary.output}: {counted(summary.frames, 'frame')} of {width}x{height}"
        f"{_shots(summary.shots)}, in {summary.seconds:.1f} s."
    )
    if summary.resumed_frames:
        written += f" {counted(summary.resumed_frames, 'frame')} had been filled before it stopped."
    if not summary.filled_frames:
        return f"{written}\nNothing was filled."
    return "\n".join([written, _hole_words(summary), _source_words(summary)])


def _hole_words(summary: Summary) -> str:
    where = (
        "every frame"
        if summary.filled_frames == summary.frames
        else f"{summary.filled_frames} of {counted(summary.frames, 'frame')}"
    )
    return f"Filled {where}; the hole is {percent(summary.hole_share)} of the picture on average."


def _source_words(summary: Summary) -> str:
    if summary.painted:
        rest = f"; {percent(summary.invented)} was invented" if summary.invented else ""
        painted = f"{percent(summary.painted)} of the hole was painted by a network"
        return f"{painted}, from what it saw around it{rest}."
    seen = f"{percent(summary.borrowed)} of the hole is visible in other frames and was borrowed"
    if summary.median_distance is not None and summary.furthest is not None:
        seen += (
            f", typically from {counted(round(summary.median_distance), 'frame')} away "
            f"(at most {summary.furthest})"
        )
    rest = "Nothing had to be invented."
    if summary.invented:
        rest = f"{percent(summary.invented)} was taken from no frame: it was invented."
    return ". ".join(sentence[0].upper() + sentence[1:] for sentence in (seen, rest))


FOLDERS = {
    "provenance": "where every pixel came from. Blue: frames before, red: frames after, the darker "
    "the further; magenta: invented; green: painted by a network.",
    "attention": "what the holes of some frames attend to. A row for each size of patches; the "
    "brighter, the more.",
    "validity": "what some frames may take from their neighbours: the flow, where it is trusted, "
    "what comes along it, and what of that is trusted. Colour is direction, as of cleanplate flow.",
    "features": "how some frames see others. A row for each: the frame, the other one with arrows "
    "to where it is looked at, and the features of both and of the aligned one.",
    "plate": "the fill by itself, with straight alpha, to be laid over the original.",
}


def folder_words(what: str, folder: str) -> str:
    """Say what lies in a folder of pictures, a key of FOLDERS, and how to read them."""
    return f"{folder}: {FOLDERS[what]}"


def plan_words(plan: Plan, video: str) -> str:
    """Say what a fill would do: in all, then window by window."""
    height, width = plan.size
    lines = [
        f"{video}: {counted(plan.frames, 'frame')} of {width}x{height}{_shots(len(plan.shots))}.",
        f"{plan.filled_frames} of them have a hole, {percent(plan.hole_share)} of the picture on "
        "average.",
    ]
    if plan.seen is not None:
        lines.append(
            f"About {percent(plan.seen)} of the hole is visible in other frames; the rest has to "
            "be invented."
        )
    time = "cannot be told" if plan.seconds is None else f"about {duration_words(plan.seconds)}"
    lines.append(f"Time: {time}. Memory: at most about {in_words(plan.bytes)}.")
    lines += [_window_words(number, window) for number, window in enumerate(plan.windows, start=1)]
    return "\n".join(lines)


def _window_words(number: int, window: PlannedWindow) -> str:
    """Say what is done in one window."""
    last = window.first + window.frames - 1
    parts = []
    for part in window.stretches:
        box, context = part.crop, part.frames - part.filled
        parts.append(
            f"{part.filled} to fill and {context} beside them, in a crop of "
            f"{box.right - box.left}x{box.bottom - box.top} at {box.left},{box.top}"
        )
    what = "; ".join(parts) or "nothing to fill"
    return f"window {number}: frames {window.first}-{last}: {what}"


def duration_words(seconds: float) -> str:
    """Say how long something takes, as precisely as anybody can know.

    >>> duration_words(7.3), duration_words(95), duration_words(7300)
    ('7 s', '2 min', '2.0 h')
    """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def done_words(done: Done, count: int, total: int, seconds: float) -> str:
    """Say what came of one clip of a batch; seconds: that the rest will take."""
    if done.error:
        what = "failed"
    elif done.kept:
        what = "was done already"
    else:
        assert done.summary is not None
        frames, took = done.summary["frames"], done.summary["seconds"]
        what = f"{counted(frames, 'frame')} in {took:.1f} s"
    left = f", about {seconds:.0f} s left" if count < total else ""
    return f"{count}/{total} {done.video}: {what}{left}"


def batch_words(results: list[Done], seconds: float) -> str:
    """Say in a table what came of the clips of a batch, and in all."""
    rows = [("video", "frames", "seconds", "borrowed", "result")]
    for done in results:
        told = done.summary or {}
        seen = percent(told["borrowed"]) if told else ""
        took = f"{told['seconds']:.1f}" if told else ""
        result = "FAILED" if done.error else done.out
        rows.append((done.video, str(told.get("frames", "")), took, seen, result))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    frames = sum((done.summary or {}).get("frames", 0) for done in results if not done.kept)
    failed = sum(done.error is not None for done in results)
    lines.append(
        f"{counted(len(results), 'clip')}, {failed} failed; {counted(frames, 'frame')} in "
        f"{seconds:.1f} s, {frames / max(seconds, 1e-9):.1f} a second."
    )
    return "\n".join(lines)


def flow_words(summary: FlowSummary) -> str:
    """Say in a few lines what flow was written, and how its pictures are to be read."""
    height, width = summary.size
    cuts = ""
    if summary.cuts:
        starts = ", ".join(map(str, summary.cuts[:_MOST_CUTS]))
        more = ", ..." if len(summary.cuts) > _MOST_CUTS else ""
        cuts = f" None across cuts: new shots start at frame {starts}{more}."
    return (
        f"{summary.output}: flow both ways between {summary.flows} of "
        f"{counted(summary.frames, 'frame')} of {width}x{height} and the next, "
        f"in {summary.seconds:.1f} s.{cuts}\n"
        f"Pictures: white rests, red moves to the right, yellow down, blue-green to the left, "
        f"violet up; in full colour by {summary.largest:.1f} pixels a frame."
    )


def row_words(row: Row) -> str:
    """Say in a line what one clip came to."""
    scores = "  ".join(f"{name} {_number(value)}" for name, value in row["scores"].items())
    return f"{row['clip']:20} {row['method']:10} {scores}  {_speed(row)}"


def score_words(scores: dict[str, float]) -> str:
    """Say scores, a line each."""
    return "\n".join(f"{name:20} {_number(value)}" for name, value in scores.items())


def table_words(lines: list[Row]) -> str:
    """Draw the table of an evaluation; rules that differ are told apart in lines of their own."""
    names = list(dict.fromkeys(name for line in lines for name in line["scores"]))
    cells = [_cells(line, names) for line in lines]
    return _columns([list(cells[0]), *(list(each.values()) for each in cells)])


def _cells(line: Row, names: list[str]) -> dict[str, str]:
    return {
        "method": line["method"],
        "tune": line["tune"],
        "masks": Path(line["masks"]).name,
        "preset": line["preset"],
        "seed": str(line["seed"]),
        "size": "x".join(map(str, line["size"])),
        "clips": str(len(line["clips"])),
        "frames": str(line["frames"]),
        **{name: _number(line["scores"].get(name, math.nan)) for name in names},
        "ms/frame": f"{1000 * line['seconds_per_frame']:.0f}",
    }


def known_words(lines: list[dict[str, Any]], folder: Path) -> str:
    """Draw the table of weights that are known, each file with its checksum and its address."""
    head = ["name", "for", "what", "bytes", "licence", "here"]
    keys = ["name", "metric", "what", "size_bytes", "licence"]
    body = [[*(str(line[key]) for key in keys), "yes" if line["here"] else "no"] for line in lines]
    first, *rest = _columns([head, *body]).split("\n")
    for number, line in enumerate(lines):
        rest[number] += f"\n    sha256 {line['sha256']}\n    {line['address']}"
    return "\n".join([first, *rest, f"Fetched into {folder} when asked for by name."])


def weights_words(found: dict[str, Any]) -> str:
    """Say what a weights file of ours is."""
    config = ", ".join(f"{name} {value}" for name, value in found["config"].items())
    about = [f"{name} {value}" for name, value in found["about"].items() if name != "licence"]
    lines = [
        f"{found['file']}: {found['method']}, {found['parameters']:,} parameters",
        f"config:  {config}",
        f"licence: {found['licence']}",
        f"sha256:  {found['sha256']}",
    ]
    lines += [f"about:   {', '.join(about)}"] if about else []
    # A file may hold any text: none of it is to steer a terminal.
    return "\n".join(re.sub(r"[^\x20-\x7e\xa0-\uffff]", "?", line) for line in lines)


def _columns(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in rows]
    return "\n".join(row.rstrip() for row in padded)


def _number(value: float | str) -> str:
    """Four figures behind the point for what lies between 0 and 1, two for decibels."""
    number = float(value)
    return f"{number:.4f}" if abs(number) <= 1 else f"{number:.2f}"


def _speed(row: Row) -> str:
    return f"{1000 * row['seconds_per_frame']:.0f} ms a frame"


def percent(share: float) -> str:
    """Return a share as per cent: ``12 %``, ``3.4 %``, never rounded to nothing or to all.

    >>> percent(0.123), percent(0.034), percent(0.0001), percent(0.9999), percent(1)
    ('12 %', '3.4 %', 'under 0.1 %', 'over 99.9 %', '100 %')
    """
    value = 100 * share
    if 0 < value < 0.1:
        return "under 0.1 %"
    if 99.9 < value < 100:
        return "over 99.9 %"
    if value in (0, 100) or 10 <= value <= 90:
        return f"{value:.0f} %"
    return f"{value:.1f} %"


def _shots(shots: int) -> str:
    return f" in {counted(shots, 'shot')}" if shots > 1 else ""
