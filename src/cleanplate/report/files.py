"""Score what lies in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.io import read_video
from cleanplate.masks import read_holes
from cleanplate.metrics.score import DEFAULT, Scores, Weights, check_metrics, measure


def score_files(
    result: str | Path,
    truth: str | Path,
    mask: str | Path,
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
    invert: bool = False,
    object_index: int | None = None,
) -> Scores:
    """Measure a result against the truth, both files or folders of frames, inside and whole.

    mask, invert, object_index: as for `read_holes`. Raises BadInput, also where the two differ in
    size, depth or number of frames.
    """
    check_metrics(metrics)
    clean, true = read_video(result), read_video(truth)
    for what, one, other in (
        ("frames", len(clean.frames), len(true.frames)),
        ("size", _size(clean.frames.shape), _size(true.frames.shape)),
        ("depth", clean.frames.dtype, true.frames.dtype),
    ):
        if one != other:
            raise BadInput(
                f"{what} of {result}: {one}, of {truth}: {other}. Give two clips that are alike."
            )
    holes = read_holes(mask, like=true, invert=invert, object_index=object_index)
    return measure(clean.frames, true.frames, holes, metrics=metrics, weights=weights)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]}x{shape[1]}"
