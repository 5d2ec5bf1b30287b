"""The claims of internal learning's paper at our scale: networks, loss terms, and moved masks.

    python benchmarks/claims_internal.py [--seeds 0 1] [--steps 300] [--out claims_internal.jsonl]

Ouyang et al., ICCV 2021: the coarse-to-fine network against the two others, the terms against
ambiguity and for stability, and the clip's own masks, moved, against free-form ones. The paper's
way, from nothing (prior none), at 96x48 with networks of a ninth of the arithmetic; a fit for every
clip, every kind of holes and every seed. Each row of --out is all fits of one setting and seed: an
interrupted run goes on after the last one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import claims
from claims import Clip, Line, Row, Table, scores
from cleanplate.canvas import Clip as Canvas
from cleanplate.canvas import paint
from cleanplate.masks.draw import draw_holes
from cleanplate.methods.internal.fit import fit
from cleanplate.methods.internal.lesson import Lesson
from cleanplate.methods.internal.material import Material, seen, shown
from cleanplate.methods.internal.moved import elsewhere, moved
from cleanplate.methods.internal.network import Config, Network
from cleanplate.methods.internal.options import Options
from cleanplate.video import PAINTED, Filled, Frames, Holes
from quality import DATA, JUDGING

SIZE = (48, 96)  # height, width
KINDS = {"object": "another clip's object", "fixed": "the centre box"}
STEPS = 300
AREA = 15  # per cent of the picture that strokes cover
CPU = torch.device("cpu")
PLAIN = Line("without")
TABLES = (
    Table(
        "Networks",
        (Line("coarse-to-fine"), Line("stacked", "stacked"), Line("base", "base network")),
        "hole",
    ),
    Table(
        "Against ambiguity (0.1), by features of the fitted network",
        (Line("with", "ambiguity"), PLAIN),
        "hole",
    ),
    Table(
        "For stability (0.2)", (Line("with", "stability"), Line("without")), "change", lower=True
    ),
    Table("Masks", (Line("the clip's own, moved"), Line("free-form", "free-form")), "hole"),
)
# What a fit has that the base has not.
TRAININGS: dict[str, dict[str, Any]] = {
    "base": {},
    "stacked": {"kind": "stacked"},
    "base network": {"kind": "base"},
    "ambiguity": {"ambiguity": 0.1},
    "stability": {"stabilisation": 0.2},
    "free-form": {"masks": "free-form"},
}


class FreeForm(Lesson):
    """The same with strokes in the place of the clip's own holes."""

    def _draw(self, step: int, rng: np.random.Generator) -> tuple[np.ndarray, Holes]:
        frames, own = super()._draw(step, rng)
        drawn = draw_holes(
            "object_like", 1, own.shape[1:], seed=int(rng.integers(1 << 30)), area=15
        )
        offset = int(rng.integers(own.shape[1])), int(rng.integers(own.shape[2]))
        return frames, np.broadcast_to(moved(drawn, offset), own.shape)


@dataclass(frozen=True)
class Fitted:
    """A method that fits the network of one setting to each clip."""

    options: Options
    free_form: bool

    def fill(self, frames: Frames, holes: Holes) -> Filled:
        """Fit, and paint the holes."""
        pictures, small = seen(Canvas(frames, holes, SIZE))
        rng = np.random.default_rng([self.options.seed, len(holes)])
        material = Material(pictures, small, elsewhere(small, rng, near=self.options.near))
        torch.manual_seed(self.options.seed)
        network = Network(replace(Config.small(), kind=self.options.kind))
        kind = FreeForm if self.free_form else Lesson
        fit(network, kind(material, self.options, CPU), self.options)
        painted = frames.copy()
        for t in np.flatnonzero(holes.any(axis=(1, 2))):
            with torch.no_grad():
                made = network(*shown(pictures[t][None], small[t][None], CPU))[-1][0]
            paint(painted[t], holes[t], ((made.permute(1, 2, 0) + 1) * 127.5).numpy())
        return Filled.marked(painted, holes, PAINTED)


def main() -> None:
    """Fit what is not in --out yet, then print the tables: of all holes, and kind by kind."""
    given = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = claims.judging_clips(given.data, KINDS, given.clips, SIZE, given.frames)
    told = {name: [told_of(name, seed, given) for seed in given.seeds] for name in TRAININGS}
    in_turn = [one for each in zip(*told.values(), strict=True) for one in each]  # seed by seed
    rows = claims.kept_rows(given.out)
    missing = claims.missing_of(in_turn, rows)
    rows += claims.keep(made_rows(missing, clips), given.out)
    claims.print_by_kind(TABLES, told, rows, clips, kinds=KINDS, clips=given.clips)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--out", type=Path, default=Path("claims_internal.jsonl"))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=40, help="of each, the first so many")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def told_of(name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    return {
        "name": name,
        "settings": {"training": {**TRAININGS[name], "steps": given.steps, "seed": seed}},
        "clips": given.clips,
        "frames": given.frames,
    }


def made_rows(missing: list[Row], clips: dict[str, Clip]) -> Iterator[Row]:
    """Fit a network to each clip, and have it paint."""
    for told in missing:
        began, settings = time.perf_counter(), dict(told["settings"]["training"])
        free_form = settings.pop("masks", "") == "free-form"
        method = Fitted(Options(prior="none", **settings), free_form)
        found = {"": scores(method, clips)}
        yield {"told": told, "scores": found, "seconds": round(time.perf_counter() - began)}


if __name__ == "__main__":
    main()
