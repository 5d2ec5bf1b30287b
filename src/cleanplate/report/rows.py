"""The rows of an evaluation: one JSON line a clip, kept as it ends, and the table they come to."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate import metrics
from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.refuse import reading, writing
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
    path = folder / NAME
    if not path.exists():
        return []
    with reading(path):
        text = path.read_text("utf-8")
    rows = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            row = json.loads(line)
            key(row)
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                f"line {number} of {path} is no row of an evaluation. Give another folder."
            ) from None
        rows.append(row)
    return rows


class Journal:
    """The file that rows are added to, each complete before the next."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        if folder.exists() and not folder.is_dir():
            raise BadOutput(f"{folder} is a file. Give the name of a folder.")
        with writing(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab+")
            self._drop_what_was_torn()

    def add(self, row: Row) -> None:
        """Write a row; when this returns it is on the disk."""
        line = json.dumps(finite(row), allow_nan=False) + "\n"
        with writing(self.path):
            self._file.write(line.encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _drop_what_was_torn(self) -> None:
        self._file.seek(0)
        self._file.truncate(self._file.read().rfind(b"\n") + 1)
        self._file.seek(0, os.SEEK_END)


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


def finite(value: Any) -> Any:
    """Replace what JSON cannot say, infinity and no number, by the words."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


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
