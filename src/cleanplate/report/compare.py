"""Fill one video with several methods, and show the results beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cleanplate.inputs import digest, stamp
from cleanplate.io import Encoding, open_video
from cleanplate.io.encode import CONTAINERS
from cleanplate.journal import Journal
from cleanplate.masks import MaskOptions
from cleanplate.masks.load import is_box
from cleanplate.methods import load_method
from cleanplate.pipeline import Progress, fill_file
from cleanplate.provenance import Seen
from cleanplate.report.keep import RATE, Keeper, shown_names, sweep
from cleanplate.report.protocol import FILES
from cleanplate.report.rows import NAME, Row, key, read_rows
from cleanplate.states import sum_of
from cleanplate.summary import SHARES


def compare(
    video: str | Path,
    mask: str | Path,
    out: str | Path,
    *,
    methods: Sequence[str] = ("flow",),
    tune: str = "removal",
    mask_options: MaskOptions = MaskOptions(grow=4),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    weights: Mapping[str, str | Path] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Row]:
    """Fill a video with every method and return a row for each: what it took, painted, invented.

    out: a folder that gets a filled video a method, rows.jsonl, and the pictures that the report
    shows; what is there already of the same inputs is not made again. weights: the files of
    methods that need some, by name. The other arguments are those of `fill_file`. Raises BadInput,
    BadOutput.
    """
    files = dict(weights or {})
    for name in methods:
        load_method(name, tune=tune, seed=seed, weights=files.get(name))  # refused before the work
    folder = Path(out)
    with open_video(video) as reader:
        height, width = reader.info.displayed_size
        rate = float(reader.info.frame_rate or RATE)
    shared = {
        "dataset": str(Path(video).resolve()),
        "clip": Path(video).stem,
        "tune": tune,
        "masks": _mask_words(mask, mask_options),
        "preset": FILES.name,
        "seed": seed,
        "size": [height, width],
        "frames_asked": None,
        "version": version("cleanplate"),
        "inputs": digest(stamp(video), [] if is_box(mask) else stamp(mask), astuple(encoding)),
    }
    sweep(folder)
    rows = {key(row): row for row in read_rows(folder)}
    result = []
    with closing(Journal(folder / NAME)) as journal:
        for number, name in enumerate(methods):
            weighed = sum_of(Path(files[name]))[:16] if name in files else None
            row = {**shared, "method": name, "weights": weighed}
            place = folder / _file_name(row, rows.values())
            made = rows.get(key(row), {})
            if made.get("inputs") != row["inputs"] or not place.exists():
                made = _fill(
                    row, folder, place, rate=rate, mask=mask, mask_options=mask_options,
                    encoding=encoding, weights=files.get(name),
                    progress=_share(progress, number, len(methods)),
                )  # fmt: skip
                journal.add(made)
            result.append(made)
    return result


def _share(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return what tells of one of several fills as a part of them all."""
    if progress is None:
        return None
    return lambda done, total: progress(number * (total or 0) + done, total and total * count)


def _fill(row: Row, folder: Path, place: Path, *, rate: float, **options: Any) -> Row:
    """Fill the video by a row's method, keep what is shown of it, and return the row."""
    names = shown_names({**row, "clip": [row["clip"], row["inputs"]]})
    with Keeper(folder, names, rate=rate) as keeper:

        def watch(seen: Seen) -> None:
            keeper.add(seen.before, seen.after, seen.hole, seen.source, scored=False)

        summary = fill_file(
            row["dataset"], options.pop("mask"), place, method=row["method"], tune=row["tune"],
            seed=row["seed"], watch=watch, **options,
        )  # fmt: skip
    return {
        **row,
        "frames": summary.frames,
        "hole_share": summary.hole_share,
        "seconds_per_frame": summary.seconds / max(summary.frames, 1),
        "scores": {name: getattr(summary, name) for name in SHARES},
        "curves": {},
        "missing": {},
        "warnings": [*summary.warnings, *summary.problems],
        "output": place.name,
        "shown": names,
    }


def _file_name(row: Row, others: Iterable[Row]) -> str:
    """Return the name of a result, of the video's kind where that can be written.

    One that a result of another video has already is not taken.
    """
    video = Path(row["dataset"])
    suffix = video.suffix.lower() if video.suffix.lower() in CONTAINERS else ".mp4"
    end = f"{row['method']}{'' if video.is_dir() else suffix}"
    taken = {other["output"] for other in others if other["dataset"] != row["dataset"]}
    usual = f"{video.stem}-{end}"
    return f"{video.stem}-{digest(row['dataset'])[:6]}-{end}" if usual in taken else usual


def _mask_words(mask: str | Path, options: MaskOptions) -> str:
    """Name a mask and what is done with it."""
    words = [str(mask)]
    if options.object_index is not None:
        words.append(f"object {options.object_index}")
    if options.invert:
        words.append("inverted")
    if options.grow:
        words.append(f"grown by {options.grow}")
    if options.shadow:
        words.append("with its shadow")
    return " ".join(words)
