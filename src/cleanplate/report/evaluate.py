"""Run methods over a data set and score them: one row a clip, and an interrupted run goes on."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing
from pathlib import Path

from cleanplate.datasets.folders import Clip, open_dataset
from cleanplate.datasets.held import held_dataset
from cleanplate.errors import BadInput
from cleanplate.known import files_of
from cleanplate.masks.draw import FAMILIES
from cleanplate.methods import load_method
from cleanplate.metrics.score import DEFAULT, LOADERS, Weights, check_metrics, network_of
from cleanplate.report.protocol import PRESETS, SIZE
from cleanplate.report.rows import Journal, Row, key, read_rows
from cleanplate.report.task import OWN, SHUFFLED, Settings, Task, weights_of, with_lenders
from cleanplate.video import Frames, Holes
from cleanplate.weights import sum_of

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
    family in `masks.draw.FAMILIES`, "annotations", "shuffled" (those of other clips), a folder of
    masks, `CLIP/00000.png` each, or beside arrays {name: holes}. out: a folder whose rows.jsonl
    gets each row as it ends, and that keeps pictures for a report; rows that are there already are
    not computed again. preset: a name in `report.protocol.PRESETS`. size: (height, width). clips:
    names, all by default. frames: only the first so many of each clip. metrics, weights: as in
    `score`, with weights of methods by their names, and with metrics over sets: rows keep what
    their clips add to them, `table` compares the sets. processes: clips at the same time. Raises
    BadInput, BadOutput.
    """
    files = tuple((name, files_of(name, given)) for name, given in (weights or {}).items())
    holes = masks if isinstance(masks, Mapping) else None
    if isinstance(dataset, Mapping):
        opened = held_dataset(dataset, holes)
        dataset = opened.path
    elif holes is None:
        opened = open_dataset(dataset, split=split)
    else:
        raise BadInput("holes were given as arrays, clips as a folder. Give both in one way.")
    settings = Settings(
        str(dataset), OWN if holes else str(masks), preset, tune, seed, (size[0], size[1]), frames,
        tuple(metrics), files, None if out is None else str(out),
    )  # fmt: skip
    stamps = {name: _check_method(settings, name) for name in methods}
    _check(settings)
    paired = with_lenders(opened, settings.masks, seed)
    tasks = [
        Task(settings, clip, lender, method, stamps[method])
        for clip, lender in _chosen(paired, clips)
        for method in methods
    ]
    return _rows(tasks, None if out is None else Path(out), processes, progress)


def _check_method(settings: Settings, name: str) -> str | None:
    """Load a method as the tasks will; return what tells its weights from others."""
    weights = weights_of(settings, name)
    load_method(name, tune=settings.tune, seed=settings.seed, weights=weights)
    return None if weights is None else sum_of(Path(weights))[:16]


def _check(settings: Settings) -> None:
    """Refuse before the work what is unknown; raises BadInput."""
    if settings.preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise BadInput(f"preset {settings.preset!r} is unknown. Choose one of: {known}.")
    families = dict.fromkeys((*FAMILIES, OWN, SHUFFLED))
    if settings.masks not in families and not Path(settings.masks).is_dir():
        raise BadInput(
            f"masks {settings.masks!r} are no folder and no family of holes. Give a folder of "
            f"masks, or one of: {', '.join(families)}."
        )
    check_metrics(settings.metrics, sets=True)


def _rows(
    tasks: list[Task], folder: Path | None, processes: int | None, progress: Progress | None
) -> list[Row]:
    """Return the rows of all tasks, computing those that the folder does not hold yet."""
    rows = {key(row): row for row in (read_rows(folder) if folder else [])}
    missing = [task for task in tasks if not _covered(rows.get(key(task.identity())), task)]
    for name, given in missing[0].settings.weights if missing else ():
        if name in missing[0].settings.metrics and name in LOADERS:
            network_of(name, given)  # refused before the work
    done = len(tasks) - len(missing)
    for row in _kept(_work(missing, processes), folder):
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
    weighed = dict(task.settings.weights)
    return row is not None and all(
        name in row["scores"]
        or name in row.get("features", {})
        or (name in row["missing"] and name not in weighed)
        for name in task.settings.metrics
    )


def _kept(rows: Iterator[Row], folder: Path | None) -> Iterator[Row]:
    """Hand rows on once they are on the disk."""
    if folder is None:
        yield from rows
        return
    with closing(Journal(folder)) as journal:
        for row in rows:
            journal.add(row)
            yield row


def _work(tasks: list[Task], processes: int | None) -> Iterator[Row]:
    """Yield rows as they end; with one process in this one."""
    count = min(processes or os.cpu_count() or 1, len(tasks))
    if count < 2:
        yield from (task.run() for task in tasks)
        return
    # Not forked: a fork of a process that has run threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        waiting: set[Future[Row]] = {pool.submit(task.run) for task in tasks}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
