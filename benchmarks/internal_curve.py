"""How good internal learning gets in how many seconds: PSNR in the hole, with and without a prior.

    python benchmarks/internal_curve.py [--clips camel,libby] [--kinds fixed] [--budgets 1m,3m]
    python benchmarks/internal_curve.py --priors flow --frames 24 --set precision=fp32

At 432x240, as quality.py has clips and holes. Each point is a fit of its own with that budget,
since its schedule ends with it; seconds are those of the whole fill. The flow method stands first.
At the end, from the time of a few steps here: how long the schedule of the official code would
take, 50,000 steps of its network, and the paper's 80,000.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import cleanplate as cp
from cleanplate.canvas import Clip
from cleanplate.configs import pairs
from cleanplate.methods.internal.fit import fit
from cleanplate.methods.internal.lesson import Lesson
from cleanplate.methods.internal.material import Material, seen
from cleanplate.methods.internal.network import Config, Network
from cleanplate.methods.internal.options import Options
from cleanplate.metrics.fidelity import psnr_hole
from quality import DATA, SIZE, load

CLIPS = ("camel", "libby", "blackswan", "kite-surf")
KINDS = ("fixed", "stationary")
TIMED = 3  # steps of the official schedule, after one that is not timed
SCHEDULES = {"the official code's": 50_000, "the paper's": 80_000}  # steps


@dataclass(frozen=True)
class Point:
    """How good a fill came out, in dB in the hole, after how many seconds."""

    prior: str
    budget: str
    seconds: float
    quality: float


def main() -> None:
    """Print a line a point, and what the whole schedule would take."""
    arguments = parse()
    for kind in arguments.kinds:
        for clip in arguments.clips:
            frames, holes = load(arguments.data, kind, clip, arguments.frames)
            for point in points(frames, holes, arguments):
                print(
                    f"{kind:12}{clip:12}{point.prior:8}{point.budget:>8}{point.seconds:8.0f} s"
                    f"{point.quality:8.2f} dB",
                    flush=True,
                )
    step = official_step(frames, holes)
    for name, steps in SCHEDULES.items():
        print(f"{name} schedule: {steps} steps of {step:.2f} s, {steps * step / 3600:.0f} hours")


def parse() -> argparse.Namespace:
    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=names, default=CLIPS)
    parser.add_argument("--kinds", type=names, default=KINDS)
    parser.add_argument("--priors", type=names, default=["flow", "none"])
    parser.add_argument("--budgets", type=names, default=["1m", "3m", "10m"])
    parser.add_argument("--frames", type=int, default=None, help="only the first so many")
    parser.add_argument("--set", default=[], action="append", metavar="KEY=VALUE")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def points(frames: np.ndarray, holes: np.ndarray, arguments: argparse.Namespace) -> Iterator[Point]:
    """Yield the flow method's fill, then one of each prior for each budget."""
    own = pairs(arguments.set)
    told = {"steps": 10**9, **own}  # what ends a fit is its budget, or that it gets no better
    runs = [(p, b, {"prior": p, "budget": b}) for p in arguments.priors for b in arguments.budgets]
    for prior, budget, more in [("-", "-", None), *runs]:
        method, options = ("flow", {}) if more is None else ("internal", {**told, **more})
        began = time.perf_counter()
        clean = cp.fill(frames, holes, method=method, tune="fidelity", options=options)
        seconds = time.perf_counter() - began
        yield Point(prior, budget, seconds, float(psnr_hole(clean, frames, holes)))


def official_step(frames: np.ndarray, holes: np.ndarray) -> float:
    """Return the seconds of a step of the official schedule: its network, batches of five."""
    told = Options(
        prior="none",
        batch=5,
        order="consecutive",
        near=1.0,
        held=False,
        schedule="constant",
        learning_rate=2e-4,
        warmup=0,
        judged_every=1,
        steps=TIMED + 1,
    )
    pictures, small = seen(Clip(frames, holes, SIZE[::-1]))
    lesson = Lesson(Material(pictures, small, np.zeros_like(small)), told, torch.device("cpu"))
    marks = fit(Network(Config.official()), lesson, told)
    return (marks[-1].seconds - marks[1].seconds) / TIMED


if __name__ == "__main__":
    main()
