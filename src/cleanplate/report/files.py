"""Score what lies in files, a stretch at a time: memory does not grow with the clip."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.io import Reader, numbers_of, open_video
from cleanplate.masks import HoleSource, MaskOptions, count_mismatch, open_holes
from cleanplate.masks.folder import list_pictures
from cleanplate.metrics.score import (
    DEFAULT,
    Scores,
    Stretch,
    Weights,
    check_metrics,
    check_weights,
    measure_stretches,
)

LENGTH = 8  # frames that are read at a time

Moment = tuple[Any, Any, Any]  # a frame of the result, of the truth, and the hole


def score_files(
    result: str | Path,
    truth: str | Path,
    mask: str | Path,
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
    invert: bool = False,
    object_index: int | None = None,
    warn: Callable[[str], None] | None = None,
) -> Scores:
    """Measure a result against the truth, both files or folders of frames, inside and whole.

    mask, invert, object_index: as for `read_holes`. warn: is told what looks wrong about the mask.
    Raises BadInput, also where the two differ in size, depth or number of frames.
    """
    check_metrics(metrics)
    check_weights(weights or ())
    options = MaskOptions(invert=invert, object_index=object_index)
    with open_video(result) as clean, open_video(truth) as true:
        for reader in (clean, true):
            _refuse_gaps(reader.path, reader.numbers)
        if Path(mask).is_dir():
            _refuse_gaps(Path(mask), numbers_of(list_pictures(Path(mask))))
        size = true.info.displayed_size
        _refuse_unlike("size", clean, _size(clean.info.displayed_size), true, _size(size))
        with (
            open_holes(mask, size=size, numbers=true.numbers, options=options) as holes,
            closing(_moments(clean, true, holes)) as moments,
        ):
            scores = measure_stretches(_stretches(moments), metrics=metrics, weights=weights)
        if warn:
            for sentence in holes.warnings:
                warn(sentence)
        return scores


def _refuse_gaps(path: Path, numbers: Sequence[int] | None) -> None:
    """Refuse a folder whose numbers leave a frame out; raises BadInput."""
    for before, after in pairwise(numbers or ()):
        if after != before + 1:
            raise BadInput(
                f"{path} has no frame {before + 1}, but {before} and {after}. Give all frames."
            )


def _moments(clean: Reader, true: Reader, holes: HoleSource) -> Generator[Moment, None, None]:
    """Yield what belongs together; refuses, once it shows, what differs in length or depth."""
    masks, count = iter(holes), 0
    while True:
        ours, theirs = next(clean, None), next(true, None)
        hole = None if ours is None or theirs is None else next(masks, None)
        if ours is None or theirs is None or hole is None:
            break
        one, other = clean.upright(ours.rgb()), true.upright(theirs.rgb())
        _refuse_unlike("depth", clean, one.dtype, true, other.dtype)
        yield one, other, hole
        count += 1
    frames, wanted = (
        count + (last is not None) + sum(1 for _ in reader)
        for last, reader in ((ours, clean), (theirs, true))
    )
    _refuse_unlike("frames", clean, frames, true, wanted)
    given = count if holes.endless else count + sum(1 for _ in masks)
    if given != frames:
        raise count_mismatch(given, frames)


def _stretches(moments: Iterator[Moment]) -> Iterator[Stretch]:
    """Gather what comes; each but the first begins with the last frame of the one before."""
    held: list[Moment] = []
    shared = 0
    for moment in moments:
        if len(held) == LENGTH:
            yield _stacked(held, shared)
            held, shared = held[-1:], 1
        held.append(moment)
    yield _stacked(held, shared)


def _stacked(moments: list[Moment], shared: int) -> Stretch:
    result, truth, holes = (np.stack(parts) for parts in zip(*moments, strict=True))
    return Stretch(result, truth, holes, shared)


def _refuse_unlike(what: str, clean: Reader, one: Any, true: Reader, other: Any) -> None:
    """Refuse clips that differ; raises BadInput."""
    if one != other:
        raise BadInput(
            f"{what} of {clean.path}: {one}, of {true.path}: {other}. "
            "Give two clips that are alike."
        )


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
