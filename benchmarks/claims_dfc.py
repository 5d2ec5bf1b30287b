"""The claims of DFC-Net's paper at our scale: its ablations, tried with small networks.

    python benchmarks/claims_dfc.py [--seeds 0 1 2] [--only 3 4] [--out claims_dfc.jsonl]

Xu et al., CVPR 2019, tables 3 and 4. Networks of 8 channels learn on flow of the tuning clips, the
training clip of the shared data and scikit-image's photographs, filmed by a camera that moves, and
on motion that is made up, all at 108x60; they complete the flow of the judging clips at 432x240
under two kinds of holes, and are scored by the end-point error there, in pixels, in smooth regions,
hard ones and overall, as `completion.py` does it. Each stage learns for --steps steps; a network
that is compared with several stages learns for as many as all of these.

In each table the first line is what the paper has, and the others are compared with it, seed by
seed and clip by clip. Each row of --out is a training and its scores: an interrupted run goes on
after the last one. Clips that judge are never trained on; settings are chosen by

    python benchmarks/claims_dfc.py --clips libby dog --only 4 --rate ...
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import claims
import cleanplate as cp
from claims import Line, Row, Table
from cleanplate.flow.completion import load_completion
from cleanplate.flow.estimate import classical_flow
from completion import REGIONS, blanked, errors, harmonic
from quality import DATA, JUDGING, load

SIZE = (60, 108)  # height, width of the pictures that stages work at shares of
KINDS = ("fixed", "object")
RING = 4  # pixels around a hole whose flow is taken out, too
STEPS, RATE = 500, 1e-3
NETWORK = {"width": 8, "pairing": "pair", "start": "even"}
TRAINING = {"size": list(SIZE), "batch": 1, "frames": 9, "workers": 0, "clip": 1.0,
            "masks": "shapes", "made_up": 0.5}  # fmt: skip
REFINEMENT = {"hard": 1.0}  # the official weight of hard pixels, 2 in the first stage
# What makes a training. stages: that learn one after the other; joint: and then together; longer:
# times the steps of one.
TRAININGS: dict[str, dict[str, Any]] = {
    "base": {"stages": 3, "joint": True},
    "no mining": {"training": {"hard": 0.0}},
    **{f"{percent} %": {"training": {"share": percent / 100}} for percent in (30, 70)},
    "deeper": {"longer": 3, "network": {"backbone": "resnet101"}},
    "one scale": {"stages": 3, "network": {"sizes": "whole"}},
}
TABLES = {
    "3": Table(
        "Table 3: hard flow example mining, of the first stage",
        (
            Line("50 % are hard", part="1"),
            Line("30 %", "30 %", "1"),
            Line("70 %", "70 %", "1"),
            Line("no mining", "no mining", "1"),
        ),
        "hard",
        "The paper gains in hard regions.",
        lower=True,
    ),
    "4": Table(
        "Table 4: stages",
        (
            Line("three", part="3"),
            Line("two", part="2"),
            Line("one", part="1"),
            Line("one, deeper", "deeper", "1"),
            Line("three of one scale", "one scale", "3"),
        ),
        "overall",
        lower=True,
    ),
    "joint": Table(
        "Section 3.1: all stages fine-tuned together",
        (Line("and together", part="joint"), Line("one after the other", part="3")),
        "overall",
        "With as many steps more.",
        lower=True,
    ),
}


Clip = tuple[tuple[np.ndarray, np.ndarray], np.ndarray]  # flow both ways, holes


def main() -> None:
    """Train what is not in --out yet, then print the tables."""
    given = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = {f"{kind}/{clip}": judging(given, kind, clip) for kind in KINDS for clip in given.clips}
    chosen = [TABLES[name] for name in given.only]
    rows = claims.kept_rows(given.out)
    told = {
        name: [told_of(name, seed, given) for seed in given.seeds]
        for name in claims.trainings_of(chosen)
    }
    missing = claims.missing_of([one for each in told.values() for one in each], rows)
    rows += claims.keep(made_rows(missing, clips, given), given.out)
    claims.print_heading([f"{region}, px" for region in REGIONS])
    claims.print_line("harmonic", claims.measured([scores(harmonic, clips)], KINDS, given.clips))
    for table in chosen:
        values = [claims.found(x, told[x.training], rows, KINDS, given.clips) for x in table.lines]
        claims.print_table(table, values, REGIONS)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="of each stage")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables")
    parser.add_argument("--out", type=Path, default=Path("claims_dfc.jsonl"))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=16, help="of each, the first so many")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning")
    parser.add_argument("--photographs", type=Path, nargs="*", default=[claims.PHOTOGRAPHS])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def judging(given: argparse.Namespace, kind: str, clip: str) -> Clip:
    """Return the flow that our estimator finds on whole frames (T, 240, 432, 3), and the holes."""
    frames, holes = load(given.data, kind, clip, given.frames)
    return classical_flow(list(frames)), holes


def told_of(name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    extra = TRAININGS[name]
    steps = given.steps * extra.get("longer", 1)
    return {
        "name": name,
        "photographs": [str(folder) for folder in given.photographs],
        "stages": extra.get("stages", 1),
        "joint": extra.get("joint", False),
        "settings": {
            "network": NETWORK | extra.get("network", {}),
            "training": {
                **TRAINING,
                "device": given.device,
                "steps": steps,
                "seed": seed,
                "learning_rate": given.rate,
                "schedule": [[int(claims.LAST * steps), 0.1]],
                **dict.fromkeys(("log_every", "save_every", "pictures_every"), steps),
                **extra.get("training", {}),
            },
        },
        "clips": given.clips,
        "frames": given.frames,
    }


def made_rows(
    missing: list[Row], clips: dict[str, Clip], given: argparse.Namespace
) -> Iterator[Row]:
    """Train stage after stage, and complete the flow of the clips that judge by each."""
    if not missing:
        return
    with tempfile.TemporaryDirectory() as place:
        material = Path(place) / "clips"
        claims.write_material(material, (240, 432), given.data, given.photographs, given.clips)
        for number, told in enumerate(missing):
            began, found = time.perf_counter(), {}
            for part, weights in trained(told, material, Path(place) / str(number)):
                found[part] = scores(completed_by(weights, given), clips)
            seconds = round(time.perf_counter() - began)
            yield {"told": told, "scores": found, "seconds": seconds}


def trained(told: Row, material: Path, place: Path) -> Iterator[tuple[str, Path]]:
    """Train the stages one after the other, then together; yield what each leaves."""
    stages = told["stages"]
    turns = {str(n): {"stage": n} | (REFINEMENT if n > 1 else {}) for n in range(1, stages + 1)}
    if told["joint"]:
        turns["joint"] = {"stage": stages, "joint": True} | REFINEMENT
    weights = None
    for part, more in turns.items():
        settings = {
            "network": told["settings"]["network"],
            "training": {**told["settings"]["training"], **more},
        }
        done = cp.train(
            "dfc", data=material, out=place / part, weights=weights, config="tiny",
            settings=settings,
        )  # fmt: skip
        weights = done.weights
        yield part, weights


def completed_by(weights: Path, given: argparse.Namespace) -> Callable[..., Any]:
    """Return what completes flow by a network, called as the ways of `completion.py`."""
    complete = load_completion(
        "dfc", weights=weights, pixels=SIZE[0] * SIZE[1], device=given.device
    )
    return partial(completed, complete)


def completed(complete, forward, backward, *lost):
    return complete(forward.copy(), backward.copy(), None, lost)


def scores(way: Callable[..., Any], clips: dict[str, Clip]) -> dict[str, list[float]]:
    """Complete the flow of each clip and return the end-point errors in REGIONS, in pixels."""
    by_clip = {}
    for name, (truth, holes) in clips.items():
        found = way(*blanked(truth, holes, RING))
        sums = errors(found, truth, (holes[:-1], holes[1:]))
        by_clip[name] = (sums[:, 0] / np.maximum(sums[:, 1], 1)).tolist()
    return by_clip


if __name__ == "__main__":
    main()
