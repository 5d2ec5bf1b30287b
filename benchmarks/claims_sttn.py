"""The claims of STTN's paper at our scale: its ablations, tried with small networks.

    python benchmarks/claims_sttn.py [--seeds 0 1 2] [--only 3 7] [--out claims_sttn.jsonl]

Zeng et al., ECCV 2020. Networks of two blocks and 32 channels learn for a few hundred steps from
the tuning clips and the training clip of the shared data at 96x48; they fill the judging clips,
under two kinds of holes, by the paper's schedule. All but one of table 2 learn without a critic,
which would cost as much as the rest. Clips that judge are never trained on. Settings were chosen by

    python benchmarks/claims_sttn.py --clips libby dog --only 6 --rate ...

In each table the first line is what the paper has, or hopes for, and the others are compared with
it, seed by seed and clip by clip. Each row of --out is a training and its scores: an interrupted
run goes on after the last one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import cleanplate as cp
from cleanplate.metrics.fidelity import psnr, psnr_hole
from cleanplate.region import reduce_hole, reduce_picture
from material import videos
from quality import DATA, JUDGING, load

SIZE = (48, 96)  # height, width
KINDS = ("fixed", "stationary")
SCORES = ("hole", "frame", "change")  # PSNR of the hole and of the frame; see `change`
STEPS, RATE = 400, 1e-3
LAST = 0.75  # of the steps: from there on the rate is a tenth
NETWORK = {"size": list(SIZE), "channels": 32, "blocks": 2}
CRITIC = {"channels": 16}
TRAINING = {"batch": 4, "workers": 0, "adversarial": 0.0}
# What a training has that the base has not.
TRAININGS: dict[str, dict[str, dict[str, Any]]] = {
    "base": {},
    "critic": {"training": {"adversarial": 0.01}},
    "1 block": {"network": {"blocks": 1}},
    "4 blocks": {"network": {"blocks": 4}},
    "masked": {"network": {"mask_attention": True}},
    **{f"division {n}": {"network": {"divisions": [n]}} for n in (1, 3, 6, 12)},
    "3D": {"network": {"depth": 2}},
    "temporal": {"training": {"temporal": 1.0}},
}

Clip = tuple[np.ndarray, np.ndarray]
Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A training, filled with each so manieth frame as a reference, 0 for none."""

    label: str
    training: str = "base"
    every: int = 10


@dataclass(frozen=True)
class Table:
    """Lines of which the first should be the best, by one of SCORES. note: what else is known."""

    title: str
    lines: tuple[Line, ...]
    note: str = ""
    by: str = "hole"


TABLES = {
    "2": Table(
        "Table 2: T-PatchGAN",
        (Line("with it", "critic"), Line("without")),
        "Perceptual and style loss: not run, they need weights of VGG.",
    ),
    "3": Table(
        "Table 3: blocks of attention",
        (Line("4", "4 blocks"), Line("2"), Line("1", "1 block")),
        "The paper compares 8, 6, 4 and 2.",
    ),
    "6": Table(
        "Table 6: each so manieth frame is a reference",
        (Line("5", every=5), Line("10"), Line("20", every=20), Line("none", every=0)),
        "The paper settles on 10.",
    ),
    "7": Table(
        "Table 7: patches of holes are not attended to",
        (Line("masked", "masked"), Line("all")),
        "The paper gains 0.28 dB.",
    ),
    "8": Table(
        "Table 8: patches of four sizes",
        (Line("all four"), *(Line(f"1/{n} of a side", f"division {n}") for n in (1, 3, 6, 12))),
    ),
    "3d": Table("Outlook: patches over time", (Line("of 2 frames", "3D"), Line("of 1"))),
    "temporal": Table(
        "Outlook: a temporal loss",
        (Line("with it", "temporal"), Line("without")),
        "Judged by what it is to lower, the change.",
        by="change",
    ),
}


def main() -> None:
    """Train what is not in --out yet, then print the tables."""
    given = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = {f"{kind}/{clip}": judging(given, kind, clip) for kind in KINDS for clip in given.clips}
    chosen = [TABLES[name] for name in given.only]
    rows = kept_rows(given.out)
    with tempfile.TemporaryDirectory() as place:
        write_material(Path(place) / "clips", given)
        for name in dict.fromkeys(line.training for table in chosen for line in table.lines):
            for seed in given.seeds:
                told = told_of(name, seed, given)
                if not any(row["told"] == told for row in rows):
                    rows.append(made_row(told, clips, Path(place)))
                    with given.out.open("a") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
                    print(f"{name}, seed {seed}: {rows[-1]['seconds']} s", flush=True)
    print(f"\n{'mean ± deviation over seeds':28}{'hole, dB':>16}{'frame, dB':>16}{'change':>16}")
    print_line("Telea", measured([scores(cp.load_method("telea"), clips)], given))
    for table in chosen:
        print_table(table, [found(line, rows, given) for line in table.lines])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables")
    parser.add_argument("--out", type=Path, default=Path("claims_sttn.jsonl"))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=40, help="of each, the first so many")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def judging(given: argparse.Namespace, kind: str, clip: str) -> Clip:
    """Return frames (T, 48, 96, 3), and holes (T, 48, 96) of whatever has any share of one."""
    frames, holes = load(given.data, kind, clip, given.frames)
    return (
        np.stack([reduce_picture(frame, SIZE) for frame in frames]),
        np.stack([reduce_hole(hole, SIZE) for hole in holes]),
    )


def write_material(out: Path, given: argparse.Namespace) -> None:
    """Write the clips to learn from, none of those that judge, as small pictures."""
    for name, frames in videos(given.data):
        if name not in given.clips:
            (out / name).mkdir(parents=True)
            for number, frame in enumerate(frames):
                cv2.imwrite(str(out / name / f"{number:05d}.png"), reduce_picture(frame, SIZE))


def kept_rows(path: Path) -> list[Row]:
    """Return the rows of an earlier run, and drop one that was torn as it was written."""
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def told_of(name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    steps, extra = given.steps, TRAININGS[name]
    training = {
        "steps": steps,
        "seed": seed,
        "learning_rate": given.rate,
        "schedule": [[int(LAST * steps), 0.1]],
        **dict.fromkeys(("log_every", "save_every", "pictures_every"), steps),
    }
    lines = [line for table in TABLES.values() for line in table.lines]
    return {
        "settings": {
            "network": NETWORK | extra.get("network", {}),
            "critic": CRITIC,
            "training": TRAINING | training | extra.get("training", {}),
        },
        "every": sorted({line.every for line in lines if line.training == name}),
        "clips": given.clips,
        "frames": given.frames,
    }


def made_row(told: Row, clips: dict[str, Clip], place: Path) -> Row:
    """Train, and fill the clips that judge, with all references that there are as in the paper."""
    began, by_every = time.perf_counter(), {}
    with tempfile.TemporaryDirectory(dir=place) as run:
        weights = cp.train(
            "sttn", data=place / "clips", out=run, config="tiny", settings=told["settings"]
        ).weights
        for every in told["every"]:
            options = {"every": every or 1, "most_references": told["frames"] if every else 0}
            method = cp.load_method(
                "sttn", weights=weights, device="cpu", precision="fp32", **options
            )
            by_every[str(every)] = scores(method, clips)
    return {"told": told, "scores": by_every, "seconds": round(time.perf_counter() - began)}


def scores(method: Any, clips: dict[str, Clip]) -> dict[str, list[float]]:
    """Fill each clip and return SCORES."""
    by_clip = {}
    for name, (frames, holes) in clips.items():
        result = method.fill(frames, holes).frames
        by_clip[name] = [
            psnr_hole(result, frames, holes),
            psnr(result, frames),
            change(result, frames, holes),
        ]
    return by_clip


def change(result: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> float:
    """Return how far changes to the next frame are off, in levels, where both have a hole."""
    both = holes[1:] & holes[:-1]
    off = np.diff(result.astype(int), axis=0) - np.diff(truth.astype(int), axis=0)
    return float(np.abs(off[both]).mean())


def found(line: Line, rows: list[Row], given: argparse.Namespace) -> np.ndarray:
    """Return the scores of a line, see `measured`."""
    told = [told_of(line.training, seed, given) for seed in given.seeds]
    chosen = [next(row for row in rows if row["told"] == each) for each in told]
    return measured([row["scores"][str(line.every)] for row in chosen], given)


def measured(each: list[dict[str, list[float]]], given: argparse.Namespace) -> np.ndarray:
    """Return (seeds, clips, SCORES), means over the kinds of holes."""
    return np.array(
        [[np.mean([one[f"{k}/{c}"] for k in KINDS], axis=0) for c in given.clips] for one in each]
    )


def print_table(table: Table, values: list[np.ndarray]) -> None:
    print(f"\n{table.title}. {table.note}")
    print_line(table.lines[0].label, values[0])
    verdicts = []
    for line, value in zip(table.lines[1:], values[1:], strict=True):
        verdict, gain = compared(values[0], value, SCORES.index(table.by))
        print_line(line.label, value, f"{gain}: {verdict}")
        verdicts.append(verdict)
    counts = (f"{verdict} {verdicts.count(verdict)}x" for verdict in dict.fromkeys(verdicts))
    print(f"  direction: {', '.join(counts)}")


def print_line(label: str, value: np.ndarray, word: str = "") -> None:
    each = value.mean(axis=1)
    spreads = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(len(SCORES), np.nan)
    cells = "".join(f"{m:9.2f} ± {s:4.2f}" for m, s in zip(each.mean(axis=0), spreads, strict=True))
    print(f"  {label:26}{cells.replace('±  nan', '      ')}  {word}".rstrip())


def compared(best: np.ndarray, other: np.ndarray, place: int) -> tuple[str, str]:
    """Say whether the first line of a table beats another, and by how much of a score.

    Within the spread is what is less than two standard errors, over seeds or over clips.
    """
    gains = (best - other)[..., place] * (-1 if SCORES[place] == "change" else 1)
    sides = [side for side in (gains.mean(axis=1), gains.mean(axis=0)) if len(side) > 1]
    error = max((side.std(ddof=1) / len(side) ** 0.5 for side in sides), default=np.inf)
    gain = gains.mean()
    verdict = "agrees" if gain > 0 else "disagrees"
    return (
        verdict if abs(gain) > 2 * error else "within the spread",
        f"the first is better by {gain:5.2f} ± {error:.2f}",
    )


if __name__ == "__main__":
    main()
