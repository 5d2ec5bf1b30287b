"""The claims of STTN's paper at our scale: its ablations, tried with small networks.

    python benchmarks/claims_sttn.py [--seeds 0 1 2] [--only 3 7] [--out claims_sttn.jsonl]

Zeng et al., ECCV 2020. Networks of two blocks and 32 channels learn from the tuning clips and the
training clip of the shared data and from scikit-image's photographs, filmed by a camera that moves,
at 96x48; they fill the judging clips, under two kinds of holes, by the paper's schedule. Their
encoder and decoder have learnt before, once for all, to reproduce single pictures: so that the few
steps go into what the tables are about. All but one training of table 2 have no critic, which would
cost as much as the rest.

In each table the first line is what the paper has, or hopes for, and the others are compared with
it, seed by seed and clip by clip. Each row of --out is a training and its scores: an interrupted
run goes on after the last one. Clips that judge are never trained on; settings were chosen by

    python benchmarks/claims_sttn.py --clips libby dog --only 6 --rate ...
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
import torch

import cleanplate as cp
from cleanplate.configs import built
from cleanplate.datasets.folders import open_dataset
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.metrics.fidelity import psnr, psnr_hole
from cleanplate.region import reduce_hole, reduce_picture
from cleanplate.weights import save_weights
from material import filmed, videos
from quality import DATA, JUDGING, load

SIZE = (48, 96)  # height, width
KINDS = ("fixed", "stationary")
SCORES = ("hole", "frame", "change")  # PSNR of the hole and of the frame; see `change`
STEPS, RATE = 1000, 1e-3
LAST = 0.75  # of the steps: from there on the rate is a tenth
WARM_STEPS, WARM_RATE, WARM_BATCH = 3000, 2e-3, 5  # of encoder and decoder; single pictures
NETWORK = {"size": list(SIZE), "channels": 32, "blocks": 2, "start": "even"}
CRITIC = {"channels": 16}
TRAINING = {"batch": 1, "workers": 0, "adversarial": 0.0, "betas": [0.9, 0.99]}
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
    "seen": {"training": {"perceptual": 1.0, "style": 2.0}},  # as TSAM weighs them
}

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"

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


SEEN = Line("perceptual and style", "seen")
TABLES = {
    "2": Table(
        "Table 2: T-PatchGAN",
        (Line("with it", "critic"), Line("without")),
        "Perceptual and style loss: with --vgg alone, for they need its weights.",
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
    if given.vgg:
        TRAININGS["seen"]["training"]["vgg"] = str(given.vgg)
        TABLES["2"] = replace(TABLES["2"], lines=(*TABLES["2"].lines, SEEN), note="")
    chosen = [TABLES[name] for name in given.only]
    rows = kept_rows(given.out)
    names = dict.fromkeys(line.training for table in chosen for line in table.lines)
    wanted = [told_of(name, seed, given) for name in names for seed in given.seeds]
    missing = [told for told in wanted if all(row["told"] != told for row in rows)]
    if missing:
        for row in made_rows(missing, clips, given):
            with given.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            seed = row["told"]["settings"]["training"]["seed"]
            print(f"{row['told']['name']}, seed {seed}: {row['seconds']} s", flush=True)
            rows.append(row)
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
    parser.add_argument("--warm", type=int, default=WARM_STEPS, help="steps on single pictures")
    parser.add_argument("--photographs", type=Path, nargs="*", default=[PHOTOGRAPHS])
    parser.add_argument("--vgg", type=Path, help="weights of torchvision's VGG-16, for table 2")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
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
    for name, frames in [*videos(given.data), *filmed(given.photographs)]:
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
        "device": given.device,
        "steps": steps,
        "seed": seed,
        "learning_rate": given.rate,
        "schedule": [[int(LAST * steps), 0.1]],
        **dict.fromkeys(("log_every", "save_every", "pictures_every"), steps),
    }
    lines = [line for table in TABLES.values() for line in table.lines]
    return {
        "name": name,
        "warm": given.warm,
        "photographs": [str(folder) for folder in given.photographs],
        "settings": {
            "network": NETWORK | extra.get("network", {}),
            "critic": CRITIC,
            "training": TRAINING | training | extra.get("training", {}),
        },
        "every": sorted({str(line.every) for line in lines if line.training == name}),
        "clips": given.clips,
        "frames": given.frames,
    }


def made_rows(
    missing: list[Row], clips: dict[str, Clip], given: argparse.Namespace
) -> Iterator[Row]:
    """Train, and fill the clips that judge."""
    with tempfile.TemporaryDirectory() as place:
        material = Path(place) / "clips"
        write_material(material, given)
        warm = warm_state(material, given)
        for number, told in enumerate(missing):
            began, run = time.perf_counter(), Path(place) / str(number)
            weights = trained(told, warm, material, run)
            found = {
                every: scores(method_of(weights, every, given), clips) for every in told["every"]
            }
            seconds = round(time.perf_counter() - began)
            yield {"told": told, "scores": found, "seconds": seconds}


def warm_state(material: Path, given: argparse.Namespace) -> dict[str, torch.Tensor]:
    """Let encoder and decoder learn to reproduce pictures one by one, and return their weights."""
    frames = np.concatenate([clip.load_frames() for clip in open_dataset(material).clips])
    pictures = torch.from_numpy(frames).to(given.device).permute(0, 3, 1, 2).float() / 127.5 - 1
    torch.manual_seed(0)
    network = Network(built(Config, NETWORK, source="NETWORK")).to(given.device)
    learning = [*network.encoder.parameters(), *network.decoder.parameters()]
    optimiser = torch.optim.Adam(learning, lr=WARM_RATE)
    rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, max(given.warm, 1))
    for _ in range(given.warm):
        some = pictures[torch.randint(len(pictures), (WARM_BATCH,)).to(given.device)]
        loss = (network.decode(network.encode(some)) - some).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    state = network.cpu().state_dict()
    return {key: value for key, value in state.items() if not key.startswith("transformer.")}


def trained(told: Row, warm: dict[str, torch.Tensor], material: Path, run: Path) -> Path:
    """Train from warm weights in the folder `run`, and return the file of what comes out."""
    settings, start = told["settings"], run.with_suffix(".safetensors")
    config = built(Config, settings["network"], source="NETWORK")
    torch.manual_seed(settings["training"]["seed"])
    network = Network(config)
    network.load_state_dict(warm, strict=False)
    save_weights(start, network.state_dict(), method="sttn", config=config)
    done = cp.train("sttn", data=material, out=run, weights=start, config="tiny", settings=settings)
    return done.weights


def method_of(weights: Path, every: str, given: argparse.Namespace) -> Any:
    """Return the method with each so manieth frame as a reference, all of them as in the paper."""
    options = {"every": int(every) or 1, "most_references": given.frames if int(every) else 0}
    return cp.load_method("sttn", weights=weights, device=given.device, precision="fp32", **options)


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

    Within the spread is what is less than two standard errors, over seeds or over clips; one alone
    tells nothing.
    """
    gains = (best - other)[..., place] * (-1 if SCORES[place] == "change" else 1)
    sides = (gains.mean(axis=1), gains.mean(axis=0))
    known = min(map(len, sides)) > 1
    error = max(s.std(ddof=1) / len(s) ** 0.5 for s in sides) if known else np.inf
    gain = gains.mean()
    verdict = "agrees" if gain > 0 else "disagrees"
    return (
        verdict if abs(gain) > 2 * error else "within the spread",
        f"the first is better by {gain:5.2f} ± {error:.2f}",
    )


if __name__ == "__main__":
    main()
