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
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import claims
import cleanplate as cp
from claims import SCORES, Clip, Line, Row, Table, scores
from cleanplate.configs import built
from cleanplate.datasets.folders import open_dataset
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.weights import save_weights
from quality import DATA, JUDGING

SIZE = (48, 96)  # height, width
KINDS = ("fixed", "stationary")
STEPS, RATE = 1000, 1e-3
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


def line(label: str, training: str = "base", every: int = 10) -> Line:
    """Return a line: filled with each so manieth frame as a reference, 0 for none."""
    return Line(label, training, str(every))


SEEN = line("perceptual and style", "seen")
TABLES = {
    "2": Table(
        "Table 2: T-PatchGAN",
        (line("with it", "critic"), line("without")),
        "hole",
        "Perceptual and style loss: with --vgg alone, for they need its weights.",
    ),
    "3": Table(
        "Table 3: blocks of attention",
        (line("4", "4 blocks"), line("2"), line("1", "1 block")),
        "hole",
        "The paper compares 8, 6, 4 and 2.",
    ),
    "6": Table(
        "Table 6: each so manieth frame is a reference",
        (line("5", every=5), line("10"), line("20", every=20), line("none", every=0)),
        "hole",
        "The paper settles on 10.",
    ),
    "7": Table(
        "Table 7: patches of holes are not attended to",
        (line("masked", "masked"), line("all")),
        "hole",
        "The paper gains 0.28 dB.",
    ),
    "8": Table(
        "Table 8: patches of four sizes",
        (line("all four"), *(line(f"1/{n} of a side", f"division {n}") for n in (1, 3, 6, 12))),
        "hole",
    ),
    "3d": Table("Outlook: patches over time", (line("of 2 frames", "3D"), line("of 1")), "hole"),
    "temporal": Table(
        "Outlook: a temporal loss",
        (line("with it", "temporal"), line("without")),
        "change",
        "Judged by what it is to lower, the change.",
        lower=True,
    ),
}


def main() -> None:
    """Train what is not in --out yet, then print the tables."""
    given = parse()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    clips = claims.judging_clips(given.data, KINDS, given.clips, SIZE, given.frames)
    if given.vgg:
        TRAININGS["seen"]["training"]["vgg"] = str(given.vgg)
        TABLES["2"] = replace(TABLES["2"], lines=(*TABLES["2"].lines, SEEN), note="")
    chosen = [TABLES[name] for name in given.only]
    rows = claims.kept_rows(given.out)
    told = {
        name: [told_of(name, seed, given) for seed in given.seeds]
        for name in claims.trainings_of(chosen)
    }
    missing = claims.missing_of([one for each in told.values() for one in each], rows)
    if missing:
        rows += claims.keep(made_rows(missing, clips, given), given.out)
    claims.print_heading(list(SCORES.values()))
    telea = [scores(cp.load_method("telea"), clips)]
    claims.print_line("Telea", claims.measured(telea, KINDS, given.clips))
    for table in chosen:
        values = [claims.found(x, told[x.training], rows, KINDS, given.clips) for x in table.lines]
        claims.print_table(table, values, list(SCORES))


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
    parser.add_argument("--photographs", type=Path, nargs="*", default=[claims.PHOTOGRAPHS])
    parser.add_argument("--vgg", type=Path, help="weights of torchvision's VGG-16, for table 2")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def told_of(name: str, seed: int, given: argparse.Namespace) -> Row:
    """Return all that makes a difference to a row."""
    steps, extra = given.steps, TRAININGS[name]
    training = {
        "device": given.device,
        "steps": steps,
        "seed": seed,
        "learning_rate": given.rate,
        "schedule": [[int(claims.LAST * steps), 0.1]],
        **dict.fromkeys(("log_every", "save_every", "pictures_every"), steps),
    }
    return {
        "name": name,
        "warm": given.warm,
        "photographs": [str(folder) for folder in given.photographs],
        "settings": {
            "network": NETWORK | extra.get("network", {}),
            "critic": CRITIC,
            "training": TRAINING | training | extra.get("training", {}),
        },
        "every": claims.parts_of(name, TABLES.values()),
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


if __name__ == "__main__":
    main()
