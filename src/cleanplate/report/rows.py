"""The rows of an evaluation: one JSON line a clip, kept as it ends, and the table they come to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate import metrics
from cleanplate.errors import BadInput
from cleanplate.journal import read_journal
from cleanplate.report.protocol import PRESETS

Row = dict[str, Any]

NAME = "rows.jsonl"
# What makes two rows the same piece of work.
KEY = ("dataset", "clip", "method", "tune", "masks", "preset", "seed", "size", "frames_asked",
       "version", "weights")  # fmt: skip
# What makes two rows belong to one line of the table.
GROUP = (
    "dataset",
    "method",
    "tune",
    "masks",
    "preset",
    "seed",
    "size",
    "frames_asked",
    "version",
    "weights",
)


def key(row: Row, names: tuple[str, ...] = KEY) -> tuple[Any, ...]:
    """Return what identifies a row's piece of work, or by GROUP its line of the table."""
    return tuple(tuple(v) if isinstance(v, list) else v for v in (row[name] for name in names))


def read_rows(folder: Path) -> list[Row]:
    """Return the rows of a folder, none if there are none yet.

    A last line without an end is what an interrupted run was writing: it is left out. Raises
    BadInput for a line that is no row.
    """
    path, rows = folder / NAME, []
    for number, row in enumerate(read_journal(path), start=1):
        try:
            key(row)
        except (KeyError, TypeError):
            raise BadInput(
                f"line {number} of {path} is no row of an evaluation. Give another folder."
            ) from None
        rows.append(row)
    return rows


def merged(old: Row | None, new: Row) -> Row:
    """Return a new row with what an old one of the same inputs had measured besides."""
    if old is None or old["inputs"] != new["inputs"]:
        return new
    parts = {
        part: {**old[part], **new[part]} for part in ("scores", "curves", "features", "weighed")
    }
    lacks = {**old["missing"], **new["missing"]}
    there = {*parts["scores"], *parts["features"]}
    missing = {name: lack for name, lack in lacks.items() if name not in there}
    return {**new, **parts, "missing": missing}


def table(rows: Iterable[Row]) -> list[Row]:
    """Return one line for each group of rows that may be compared, in the order they came.

    A line has the group's fields, `clips` (their names), `frames`, `scores` (means by the rules of
    the preset; of metrics over sets, the distance of the results from the truths), `missing` (a
    sentence for each of the latter that is nan) and `seconds_per_frame`. Clips whose score is
    infinite or missing are left out of its mean, those without features of a set.
    """
    groups: dict[tuple[Any, ...], dict[Any, Row]] = {}
    for row in rows:
        groups.setdefault(key(row, GROUP), {})[row["clip"]] = row
    return [_line(list(group.values())) for group in groups.values()]


def _line(rows: list[Row]) -> Row:
    pooled = rows[0]["preset"] in PRESETS and PRESETS[rows[0]["preset"]].pooled
    names = dict.fromkeys(name for row in rows for name in row["scores"])
    sets = dict.fromkeys(name for row in rows for name in row.get("features", {}))
    distances = {name: _distance(name, rows) for name in sets}
    frames = sum(row["frames"] for row in rows)
    return {
        **{name: rows[0][name] for name in GROUP},
        "clips": sorted(row["clip"] for row in rows),
        "frames": frames,
        "scores": {
            **{name: _mean(name, rows, pooled=pooled) for name in names},
            **{name: distance for name, (distance, _) in distances.items()},
        },
        "missing": {name: lack for name, (_, lack) in distances.items() if lack},
        "seconds_per_frame": sum(r["frames"] * r["seconds_per_frame"] for r in rows) / frames,
    }


def _mean(name: str, rows: list[Row], *, pooled: bool) -> float:
    """Mean over frames if pooled and the metric has a score a frame, else over clips."""
    if pooled and all(name in row["curves"] for row in rows):
        scores = [float(v) for row in rows for v in row["curves"][name]]
    else:
        scores = [float(row["scores"].get(name, "nan")) for row in rows]
    scores = [score for score in scores if math.isfinite(score)]
    return float(np.mean(scores)) if scores else math.nan


def _distance(name: str, rows: list[Row]) -> tuple[float, str | None]:
    """Return how far the set of results lies from that of truths, nan with what it lacks."""
    kept = [row["features"][name] for row in rows if name in row.get("features", {})]
    if len(kept) < 2:
        return math.nan, f"{name} of {rows[0]['method']} needs two clips, there is one: left out."
    # As float32, which the numbers stand for: they are the shortest that mean them.
    sides = [[[float(v) for v in one[side]] for one in kept] for side in ("result", "truth")]
    try:
        ours, theirs = (np.array(side, np.float32) for side in sides)
        return metrics.frechet(ours, theirs), None
    except BadInput as refusal:
        return math.nan, f"{name} of {rows[0]['method']}: {refusal}"
