"""The claims of TSAM's paper at our scale: what flow is worth, tried with small networks.

    python benchmarks/claims_tsam.py [--seeds 0 1 2] [--steps 800] [--out claims_tsam.jsonl]

Zou et al., CVPR 2021, table 2. Networks of 0.7 million parameters learn from the tuning clips and
the training clip of the shared data and from scikit-image's photographs, filmed by a camera that
moves, at 96x48, under holes that move and holes that stand still, without a critic and without
VGG-16. One network knows no flow, the other learns on that of complete frames; they fill the
judging clips, the latter by flow that is completed behind the hole, and by that of the complete
frames, which no user has. Each row of --out is a training and its scores: an interrupted run goes
on after the last one. Clips that judge are never trained on; the rate was chosen by

    python benchmarks/claims_tsam.py --clips libby dog --steps 300 --seeds 0 --rate ...
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
import torch

import claims
import cleanplate as cp
from claims import Clip, Line, Row, Table, scores
from cleanplate.flow.validity import TrustedFlow
from cleanplate.methods.tsam.inference import Method, Options
from cleanplate.video import Frames, Holes
from quality import DATA, JUDGING

SIZE = (48, 96)  # height, width
KINDS = {"stationary": "one still blob", "curve": "moving strokes"}
STEPS, RATE = 800, 3e-3
LAST = 0.75  # of the steps: from there on the rate is a tenth
NETWORK = {"size": list(SIZE), "width": 16, "decoder": 48, "blocks": [1, 1, 1, 1]}
TRAINING = {"batch": 1, "workers": 0, "frames": 7, "hole": 6.0, "adversarial": 0.0,
            "perceptual": 0.0, "style": 0.0,
            "masks": ["object_like", "object_like_middle", "curve", "stationary"]}  # fmt: skip
COMPLETED, NONE = Line("completed", part="completed"), Line("none", "no flow", "none")
TABLES = (
    Table("Table 2: true flow", (Line("true", part="true"), COMPLETED, NONE), "hole"),
    Table("Table 2: what can be had of it", (COMPLETED, NONE), "hole"),
)
# What a training has that the base has not.
TRAININGS: dict[str, dict[str, Any]] = {"base": {}, "no flow": {"aligned": False}}
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"


class Knowing(Method):
    """The method by true flow, which is found as though nothing were hidden."""

    def motion(self, frames: Frames, holes: Holes) -> TrustedFlow:
        """Find the motion of the complete frames."""
        return super().motion(frames, np.zeros_like(holes))


def main() -> None:
    """Train what is not in --out yet, then print the table: of all holes, and kind by kind."""
    given = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = claims.judging_clips(given.data, KINDS, given.clips, SIZE, given.frames)
    told = {name: [told_of(name, seed, given) for seed in given.seeds] for name in TRAININGS}
    in_turn = [one for each in zip(*told.values(), strict=True) for one in each]  # seed by seed
    rows = claims.kept_rows(given.out)
    missing = claims.missing_of(in_turn, rows)
    if missing:
        rows += claims.keep(made_rows(missing, clips, given), given.out)
    claims.print_by_kind(TABLES, told, rows, clips, kinds=KINDS, clips=given.clips)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("claims_tsam.jsonl"))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=40, help="of each, the first so many")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning")
    parser.add_argument("--photographs", type=Path, nargs="*", default=[PHOTOGRAPHS])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def told_of(name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    return {
        "name": name,
        "photographs": [str(folder) for folder in given.photographs],
        "settings": {
            "network": NETWORK | TRAININGS[name],
            "training": {
                **TRAINING,
                "device": given.device,
                "steps": given.steps,
                "seed": seed,
                "learning_rate": given.rate,
                "schedule": [[int(LAST * given.steps), 0.1]],
                **dict.fromkeys(("log_every", "save_every", "pictures_every"), given.steps),
            },
        },
        "parts": claims.parts_of(name, TABLES),
        "clips": given.clips,
        "frames": given.frames,
    }


def made_rows(
    missing: list[Row], clips: dict[str, Clip], given: argparse.Namespace
) -> Iterator[Row]:
    """Train, and fill the clips that judge."""
    with tempfile.TemporaryDirectory() as place:
        material = Path(place) / "clips"
        claims.write_material(material, SIZE, given.data, given.photographs, given.clips)
        for number, told in enumerate(missing):
            began, run = time.perf_counter(), Path(place) / str(number)
            done = cp.train(
                "tsam", data=material, out=run, config="tiny", settings=told["settings"]
            )
            found = {
                part: scores(method_of(done.weights, part, given), clips) for part in told["parts"]
            }
            seconds = round(time.perf_counter() - began)
            yield {"told": told, "scores": found, "seconds": seconds}


def method_of(weights: Path, flow: str, given: argparse.Namespace) -> Method:
    """Return the method by completed flow, true flow, or none, which the weights tell."""
    kind = Knowing if flow == "true" else Method
    return kind(Options(precision="fp32"), weights=weights, device=given.device)


if __name__ == "__main__":
    main()
