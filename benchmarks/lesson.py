"""What the first steps of training teach: losses before and after, on samples that stay the same.

    python benchmarks/lesson.py [--steps 200] [--seeds 0 1 2]

STTN's small network learns from the tuning clips and the training clip of the shared data, two
clips of five frames at 192x96 a step, without a critic; then the losses are taken on samples of the
same clips that training did not draw. About six minutes a seed on one core.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

import cleanplate as cp
from cleanplate.datasets.folders import open_dataset
from cleanplate.datasets.samples import Samples
from cleanplate.methods.sttn.network import Network
from cleanplate.methods.sttn.train import CONFIGS, Settings, losses
from cleanplate.states import fit_state
from cleanplate.training.batches import batches
from cleanplate.training.settings import changed
from cleanplate.weights import load_weights
from material import shared_folders
from quality import DATA

COUNT, SEED = 32, 12345  # samples that losses are taken on, and what they are drawn by
SETTINGS = {
    "network": {"size": [96, 192]},
    "training": {"batch": 2, "adversarial": 0.0, "workers": 0, "clip": 1.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--precision", default="bf16", choices=["fp32", "bf16"])
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        clips = Path(place) / "clips"
        clips.mkdir()
        for folder in shared_folders(given.data):
            (clips / folder.name).symlink_to(folder.resolve())
        for seed in given.seeds:
            before, after = learn(clips, Path(place) / f"run {seed}", seed, given)
            told = [f"{name} {before[name]:.3f} -> {after[name]:.3f}, by a factor of "
                    f"{before[name] / after[name]:.2f}" for name in before]  # fmt: skip
            print(f"seed {seed}, {given.steps} steps: {'; '.join(told)}", flush=True)


def learn(clips: Path, run: Path, seed: int, given: argparse.Namespace) -> tuple[dict, dict]:
    """Return the losses before and after."""
    training = {**SETTINGS["training"], "precision": given.precision, "seed": seed}
    told = changed(CONFIGS["small"], {**SETTINGS, "training": training}, source="SETTINGS")
    torch.manual_seed(seed)  # as training begins
    network = Network(told.network)
    before = judged(network, clips, told)
    tables = {**SETTINGS, "training": training}
    done = cp.train("sttn", data=clips, out=run, config="small", steps=given.steps, settings=tables)
    fit_state(network, load_weights(done.weights).state, name="sttn", source="what was learnt")
    return before, judged(network, clips, told)


@torch.inference_mode()
def judged(network: Network, clips: Path, told: Settings) -> dict[str, float]:
    """Return the mean losses over COUNT samples."""
    samples = Samples(open_dataset(clips).clips, told.network.size, seed=SEED)
    given = batches(samples, batch=1, steps=range(COUNT), mine=range(1), device=torch.device("cpu"))
    sums: dict[str, float] = {}
    for batch in given:
        (turn,) = losses(network, None, None, batch, told.training)
        for name, value in turn.losses.items():
            sums[name] = sums.get(name, 0.0) + value.item() / COUNT
    return sums


if __name__ == "__main__":
    main()
