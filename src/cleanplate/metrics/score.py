"""Score a result by any of the metrics; what one of them lacks does not stop the others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cleanplate import metrics as house
from cleanplate.errors import BadInput
from cleanplate.metrics import METRICS
from cleanplate.threads import each_frame
from cleanplate.video import Frames, Holes

DEFAULT = ("psnr", "ssim", "psnr_hole", "ssim_hole")

Weights = Mapping[str, str | Path]  # the file of each metric that needs one


class Scores(NamedTuple):
    """What was measured of one clip.

    values: a number for each metric. curves: for those that look at one frame at a time, a number
    a frame; inf where it equals the truth, nan where there is nothing to compare. missing: what
    each of the others lacks, a sentence.
    """

    values: dict[str, float]
    curves: dict[str, list[float]]
    missing: dict[str, str]


def score(
    result: Frames,
    truth: Frames | None = None,
    holes: Holes | None = None,
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
) -> dict[str, float]:
    """Return the scores of a result by name.

    result, truth: (T, H, W, 3) uint8 or uint16. holes: (T, H, W) bool. metrics: names in METRICS.
    weights: the files of those that need some. A metric that lacks something is left out, with a
    warning that says what. Raises BadInput.
    """
    scores = measure(result, truth, holes, metrics=metrics, weights=weights)
    for sentence in scores.missing.values():
        warnings.warn(sentence, stacklevel=2)
    return scores.values


def measure(
    result: Frames,
    truth: Frames | None,
    holes: Holes | None,
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
) -> Scores:
    """Return everything that `score` finds out; its arguments."""
    check_metrics(metrics)
    scores = Scores({}, {}, {})
    for name in metrics:
        given = {"truth": truth, "holes": holes, "weights": (weights or {}).get(name)}
        lacks = [what for what in METRICS[name].needs if given[what] is None]
        if lacks:
            scores.missing[name] = f"{name} needs {' and '.join(lacks)}: left out."
            continue
        needed = [given[what] for what in METRICS[name].needs]
        if METRICS[name].over == "frame":
            scores.curves[name] = _curve(name, result, needed)
            scores.values[name] = mean_of(scores.curves[name])
        else:
            scores.values[name] = float(getattr(house, name)(result, *needed))
    return scores


def check_metrics(names: Sequence[str]) -> None:
    """Refuse names that are no metric of one clip; raises BadInput."""
    known = [name for name, metric in METRICS.items() if metric.over != "set"]
    for name in names:
        if name not in known:
            raise BadInput(f"metric {name!r} is unknown. Choose from: {', '.join(known)}.")


def mean_of(curve: Sequence[float]) -> float:
    """Return the mean of the numbers of a curve; without one inf if there is any, else nan."""
    numbers = [value for value in curve if math.isfinite(value)]
    if numbers:
        return float(np.mean(numbers))
    return math.inf if math.inf in curve else math.nan


def _curve(name: str, result: Frames, needed: Sequence[Any]) -> list[float]:
    function = getattr(house, name)

    def one(t: int) -> float:
        frame = slice(t, t + 1)
        return float(function(result[frame], *(array[frame] for array in needed)))

    return each_frame(one, len(result))
