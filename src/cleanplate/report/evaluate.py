"""Run methods over a data set and score them: one row a clip, and an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from cleanplate.datasets.folders import Clip, Dataset, open_dataset
from cleanplate.datasets.held import held_dataset
from cleanplate.errors import BadInput
from cleanplate.journal import Journal
from cleanplate.known import files_of
from cleanplate.masks.draw import FAMILIES
from cleanplate.methods import LEARNED, load_method
from cleanplate.metrics.score import (
    DEFAULT,
    LOADERS,
    Weights,
    check_metrics,
    check_weights,
    network_of,
)
from cleanplate.report.keep import sweep
from cleanplate.report.protocol import PRESETS, SIZE
from cleanplate.report.rows import NAME, Row, key, merged, read_rows
from cleanplate.report.task import OWN, SHUFFLED, Settings, Task, weights_of, with_lenders
from cleanplate.states import sum_of
from cleanplate.video import Frames, Holes
from cleanplate.workers import side_by_side

TEST_MASKS = "test_masks"  # those that a data set brings

Progress = Callable[[int, int, Row], None]  # rows done, rows in all, the last one


def evaluate(
    dataset: str | Path | Mapping[str, Frames],
    *,
    methods: Sequence[str] = ("flow",),
    masks: str | Path | Mapping[str, Holes] = "stationary",
    out: str | Path | None = None,
    preset: str = "house",
    tune: str = "fidelity",
    seed: int = 0,
    size: tuple[int, int] = SIZE,
    clips: Sequence[str] | None = None,
    split: str | None = None,
    frames: int | None = None,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> list[Row]:
    """Fill every clip of a data set with every method and return a row of scores for each.

    dataset: a folder of any layout that `open_dataset` knows, or arrays, {name: frames}. masks: a
    family in `masks.draw.FAMILIES`, "annotations", "shuffled" (those of other clips), "test_masks"
    (the data set's own), a folder of masks, `CLIP/00000.png` each, or beside arrays {name: holes}.
    out: a folder whose rows.jsonl gets each row as it ends, and that keeps pictures for a report;
    rows that are there already, of the same files, are not computed again. preset: a name in
    `report.protocol.PRESETS`. size: (height, width). clips: names, all by default. frames: only the
    first so many of each clip. metrics, weights: as in `score`, with weights of methods by their
    names, and with metrics over sets: rows keep what their clips add to them, `table` compares the
    sets. processes: clips at the same time. Raises BadInput, BadOutput.
    """
    files = tuple((name, files_of(name, given)) for name, given in (weights or {}).items())
    opened, holes = _opened(dataset, masks, split)
    settings = Settings(
        str(opened.path), holes, preset, tune, seed, (size[0], size[1]), frames, tuple(metrics),
        files, tuple((name, _sum(given)) for name, given in files),
        None if out is None else str(out),
    )  # fmt: skip
    _check(settings, methods)
    paired = with_lenders(opened, settings.masks, seed)
    tasks = [
        Task(settings, clip, lender, method)
        for clip, lender in _chosen(paired, clips)
        for method in methods
    ]
    return _rows(tasks, None if out is None else Path(out), processes, progress)


def _opened(
    dataset: str | Path | Mapping[str, Frames],
    masks: str | Path | Mapping[str, Holes],
    split: str | None,
) -> tuple[Dataset, str]:
    """Return the data set, its path made whole, and what its holes are called."""
    if isinstance(dataset, Mapping):
        held = masks if isinstance(masks, Mapping) else None
        return held_dataset(dataset, held), OWN if isinstance(masks, Mapping) else str(masks)
    if isinstance(masks, Mapping):
        raise BadInput("holes were given as arrays, clips as a folder. Give both in one way.")
    opened = open_dataset(dataset, split=split)
    opened = replace(opened, path=opened.path.resolve())
    if str(masks) == TEST_MASKS and opened.masks:
        masks = opened.masks
    return opened, str(Path(masks).resolve() if Path(masks).is_dir() else masks)


def _sum(files: Sequence[str]) -> str:
    """Return the beginning of the sha256 of files, one after the other."""
    return ",".join(sum_of(Path(file))[:16] for file in files)


def _check(settings: Settings, methods: Sequence[str]) -> None:
    """Refuse before the work what is unknown; raises BadInput."""
    if settings.preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise BadInput(f"preset {settings.preset!r} is unknown. Choose one of: {known}.")
    families = dict.fromkeys((*FAMILIES, OWN, SHUFFLED, TEST_MASKS))
    if settings.masks not in (*FAMILIES, OWN, SHUFFLED) and not Path(settings.masks).is_dir():
        raise BadInput(
            f"masks {settings.masks!r} are no folder and no family of holes. Give a folder of "
            f"masks, or one of: {', '.join(families)}."
        )
    check_metrics(settings.metrics, sets=True)
    check_weights([name for name, _ in settings.weights], others=LEARNED)
    if not methods or len(set(methods)) < len(methods):
        raise BadInput(f"methods are {', '.join(methods) or 'none'}. Give each once, at least one.")
    for name in methods:
        weights = weights_of(settings, name)
        load_method(name, tune=settings.tune, seed=settings.seed, weights=weights)


def _rows(
    tasks: list[Task], folder: Path | None, processes: int | None, progress: Progress | None
) -> list[Row]:
    """Return the rows of all tasks, computing those that the folder does not hold yet."""
    if folder:
        sweep(folder)
    rows = {key(row): row for row in (read_rows(folder) if folder else [])}
    missing = [task for task in tasks if not _covered(rows.get(key(task.identity())), task)]
    for name, given in missing[0].settings.weights if missing else ():
        if name in missing[0].settings.metrics and name in LOADERS:
            network_of(name, given)  # refused before the work
    done = len(tasks) - len(missing)
    made = side_by_side([task.run for task in missing], processes)
    for row in _kept((merged(rows.get(key(row)), row) for row in made), folder):
        rows[key(row)] = row
        done += 1
        if progress:
            progress(done, len(tasks), row)
    return [rows[key(task.identity())] for task in tasks]


def _chosen(
    paired: list[tuple[Clip, Clip | None]], names: Sequence[str] | None
) -> list[tuple[Clip, Clip | None]]:
    """Return the pairs of the clips named, in that order."""
    known = {clip.name: (clip, lender) for clip, lender in paired}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise BadInput(f"clip {unknown[0]!r} is not in the data set. It has: {', '.join(known)}.")
    return [known[name] for name in names or known]


def _covered(row: Row | None, task: Task) -> bool:
    """Tell whether a row has all that is asked for, or tells what was lacking and still is."""
    weighed = task.weighed()
    return (
        row is not None
        and row["inputs"] == task.inputs()
        and weighed.items() <= row["weighed"].items()
        and all(
            name in row["scores"]
            or name in row["features"]
            or (name in row["missing"] and name not in weighed)
            for name in task.settings.metrics
        )
    )


def _kept(rows: Iterator[Row], folder: Path | None) -> Iterator[Row]:
    """Hand rows on once they are on the disk."""
    if folder is None:
        yield from rows
        return
    with closing(Journal(folder / NAME)) as journal:
        for row in rows:
            journal.add(row)
            yield row
