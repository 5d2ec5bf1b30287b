"""Score a result by any of the metrics; what one of them lacks does not stop the others."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cleanplate import metrics as house
from cleanplate.errors import BadInput
from cleanplate.known import Files, files_of
from cleanplate.metrics import METRICS, Sums
from cleanplate.threads import each_frame
from cleanplate.video import Frames, Holes

DEFAULT = ("psnr", "ssim", "psnr_hole", "ssim_hole")
LOADERS = {"lpips": "load_lpips", "vfid": "load_i3d"}  # of the networks of those that need weights

Weights = Mapping[str, Files]  # of each metric that needs some: files, or a name in known.KNOWN


class Stretch(NamedTuple):
    """Frames of a clip that are measured at a time. shared: how many of the one before, 0 or 1."""

    result: Frames
    truth: Frames | None
    holes: Holes | None
    shared: int = 0


class Scores(NamedTuple):
    """What was measured of one clip.

    values: a number for each metric. curves: for those that look at one frame at a time, a number
    a frame; inf where it equals the truth, nan where there is nothing to compare. missing: what
    each of the others lacks, a sentence. features: for those over sets, what this clip adds to
    them, its "result" and its "truth".
    """

    values: dict[str, float]
    curves: dict[str, list[float]]
    missing: dict[str, str]
    features: dict[str, dict[str, list[float]]]


def score(
    result: Frames,
    truth: Frames | None = None,
    holes: Holes | None = None,
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
) -> dict[str, float]:
    """Return the scores of a result by name.

    result, truth: (T, H, W, 3) uint8 or uint16. holes: (T, H, W) bool. metrics: names in METRICS
    of those over one clip. weights: of those that need some, a file, or a name in `known.KNOWN`,
    which is fetched if need be. A metric that lacks something is left out, with a warning that
    says what. Raises BadInput.
    """
    check_metrics(metrics)
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
    """Return everything that `score` finds out, for metrics over sets too; its arguments."""
    stretches = [Stretch(result, truth, holes)]
    return measure_stretches(stretches, metrics=metrics, weights=weights)


def measure_stretches(
    stretches: Iterable[Stretch],
    *,
    metrics: Sequence[str] = DEFAULT,
    weights: Weights | None = None,
) -> Scores:
    """Return what `measure` does of a clip that comes in stretches, one of which is held.

    Each but the first begins with the last frame of the one before, for what compares neighbours.
    Metrics over sets need the whole clip in one stretch.
    """
    scores, sums, networks = Scores({}, {}, {}, {}), dict[str, Sums](), {}
    names = list(dict.fromkeys(metrics))
    for name in names:
        if "weights" in METRICS[name].needs and (weights or {}).get(name) is not None:
            networks[name] = network_of(name, (weights or {})[name])
    for stretch in stretches:
        for name in names:
            _add(name, _given(name, stretch, networks.get(name)), scores, sums)
    for name in names:
        if name in scores.curves:
            scores.values[name] = mean_of(scores.curves[name])
        elif name in sums:
            scores.values[name] = house.quotient(sums[name])
    return scores


def check_metrics(names: Sequence[str], *, sets: bool = False) -> None:
    """Refuse names that are no metric, or, without `sets`, one over sets; raises BadInput."""
    known = [name for name, metric in METRICS.items() if sets or metric.over != "set"]
    for name in names:
        if name in METRICS and name not in known:
            raise BadInput(
                f"metric {name!r} compares sets of clips, and this is one. "
                "Leave it out, or evaluate a data set."
            )
        if name not in known:
            raise BadInput(f"metric {name!r} is unknown. Choose from: {', '.join(known)}.")


def check_weights(names: Iterable[str], *, others: Sequence[str] = ()) -> None:
    """Refuse weights of what has none; others: what has some besides metrics. Raises BadInput."""
    known = [*LOADERS, *others]
    for name in names:
        if name not in known:
            raise BadInput(f"{name!r} takes no weights. Give those of: {', '.join(known)}.")


def network_of(name: str, weights: Any) -> Any:
    """Return the network of a metric, loaded once a process from the same files.

    weights: as in Weights; a network is returned as it is. Raises BadInput.
    """
    if not isinstance(weights, str | os.PathLike | list | tuple):
        return weights
    files = files_of(name, weights)
    return _loaded(name, files, tuple(_stamp(Path(file)) for file in files))


@lru_cache(maxsize=len(LOADERS))
def _loaded(name: str, files: tuple[str, ...], stamps: tuple[Any, ...]) -> Any:
    return getattr(house, LOADERS[name])(files if len(files) > 1 else files[0])


def _stamp(file: Path) -> tuple[int, int] | None:
    """Return what changes when a file does."""
    if not file.is_file():
        return None  # the loader says so
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _given(name: str, stretch: Stretch, network: Any) -> dict[str, Any]:
    """Return what a metric takes, by name, None where it is not there."""
    skip = 0 if METRICS[name].over == "pair" else stretch.shared
    arrays = {"result": stretch.result, "truth": stretch.truth, "holes": stretch.holes}
    cut = {what: None if array is None else array[skip:] for what, array in arrays.items()}
    return {**cut, "weights": network}


def _add(name: str, given: dict[str, Any], scores: Scores, sums: dict[str, Sums]) -> None:
    """Add what a metric says of a stretch to what is known of the clip."""
    over = METRICS[name].over
    lacks = [what for what in METRICS[name].needs if given[what] is None]
    if lacks:
        scores.missing[name] = f"{name} needs {' and '.join(lacks)}: left out."
    elif over == "frame":
        scores.curves.setdefault(name, []).extend(_curve(name, given))
    elif over == "set":
        scores.features[name] = {
            side: _short(house.features(given[side], given["weights"]))
            for side in ("result", "truth")
        }
    else:
        found = getattr(house, f"{name}_sums")(*_in_order(name, given))
        before = sums.get(name, (0.0,) * len(found))
        sums[name] = tuple(a + b for a, b in zip(before, found, strict=True))


def _in_order(name: str, given: dict[str, Any]) -> list[Any]:
    return [given["result"], *(given[what] for what in METRICS[name].needs)]


def _short(features: Any) -> list[float]:
    """Return float32 values as the shortest numbers that mean them: rows of an evaluation."""
    return [float(str(value)) for value in np.asarray(features, np.float32)]


def mean_of(curve: Sequence[float]) -> float:
    """Return the mean of the numbers of a curve; without one inf if there is any, else nan."""
    numbers = [value for value in curve if math.isfinite(value)]
    if numbers:
        return float(np.mean(numbers))
    return math.inf if math.inf in curve else math.nan


def _curve(name: str, given: dict[str, Any]) -> list[float]:
    function, arrays = getattr(house, name), _in_order(name, given)

    def one(t: int) -> float:
        return float(function(*(array[t : t + 1] for array in arrays)))

    return each_frame(one, len(arrays[0]))
