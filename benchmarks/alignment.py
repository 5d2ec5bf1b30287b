"""Whether TAAN's alignment learns where things went: its offsets against motion that is known.

    python benchmarks/alignment.py [--steps 1500] [--seeds 0] [--out FOLDER]

Clips are made by moving scikit-image's photographs past the picture at a steady pace, by up to 3
pixels a frame, and a small network learns to fill holes in them, without a word about motion. Then
photographs that it has not seen are moved: the offsets of each reference, averaged over picture,
taps and groups, are set against where the reference really shows what the target does.
Correlations are over pairs of target and reference, each way by itself. An interrupted run goes on
where --out is given.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import skimage
import torch

import cleanplate as cp
from cleanplate.methods.taan import network as room
from cleanplate.methods.taan.network import REDUCTION, Network
from cleanplate.weights import load_network
from material import LEAST_DETAIL, LEAST_SIDE, small, write

SIZE, COUNT = (64, 96), 9  # of a clip: height and width, frames
FASTEST = 3.0  # pixels a frame, along either side
DISTANCES = (-2, -1)  # completed already, as when a clip is filled in order
TAKES = {"learning": 24, "judging": 12}  # clips of each photograph
SETTINGS = {
    "network": {"size": list(SIZE), "channels": 32, "groups": 1},
    "masks": {"families": ["object_like"], "areas": [45, 55, 65]},
    "training": {"batch": 4, "workers": 0, "distances": list(DISTANCES), "learning_rate": 1e-3,
                 "alignment_rate": 3.0, "completed": 1.0, "valid": 0.1, "hole": 1.0,
                 "variation": 0.0, "clip": 1.0},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, help="where runs are kept")
    parser.add_argument("--photographs", type=Path, default=Path(skimage.__file__).parent / "data")
    given = parser.parse_args()
    torch.set_num_threads(1)
    photographs = found(given.photographs)
    learning, judging = photographs[::2], photographs[1::2]
    print(f"{len(learning)} photographs to learn from, {len(judging)} others to judge by")
    with tempfile.TemporaryDirectory() as place:
        clips, runs = Path(place) / "clips", given.out or Path(place)
        for number, (frames, _) in enumerate(moved(learning, TAKES["learning"], seed=0)):
            write(clips / f"{number:04d}", frames)
        for seed in given.seeds:
            network = learnt(clips, runs / f"seed {seed}", seed, given.steps)
            rows = [measured(network, *clip) for clip in moved(judging, TAKES["judging"], seed=1)]
            tell(seed, given.steps, np.concatenate(rows))


def found(folder: Path) -> list[np.ndarray]:
    """Return the photographs of a folder that show something, BGR, in a steady order."""
    pictures = []
    for path in sorted([*folder.glob("*.jpg"), *folder.glob("*.png")]):
        picture = cv2.imread(str(path))
        if picture is None or min(picture.shape[:2]) < LEAST_SIDE * 2 // 3:
            continue
        if np.abs(np.diff(small(picture).astype(float), axis=1)).mean() >= LEAST_DETAIL:
            pictures.append(picture)
    return pictures


def moved(photographs: list[np.ndarray], takes: int, *, seed: int):
    """Yield clips (COUNT, H, W, 3) and their motion (x, y), pixels a frame, of the picture."""
    rng = np.random.default_rng(seed)
    room_needed = int(np.ceil(FASTEST * COUNT))
    for picture in photographs:
        for _ in range(takes):
            scale = rng.uniform(1, 2) * max(
                (SIZE[0] + 2 * room_needed) / picture.shape[0],
                (SIZE[1] + 2 * room_needed) / picture.shape[1],
            )
            large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            velocity = rng.uniform(-FASTEST, FASTEST, 2)
            least = np.array(SIZE[::-1]) / 2 + room_needed / 2
            start = rng.uniform(least, np.array(large.shape[1::-1]) - least)
            middle = (COUNT - 1) / 2
            centres = [start - (t - middle) * velocity for t in range(COUNT)]
            yield (
                np.stack([cv2.getRectSubPix(large, SIZE[::-1], tuple(c)) for c in centres]),
                velocity,
            )


def learnt(clips: Path, run: Path, seed: int, steps: int) -> Network:
    """Return the network that was trained on clips."""
    tables = {**SETTINGS, "training": {**SETTINGS["training"], "seed": seed}}
    done = cp.train("taan", data=clips, out=run, config="tiny", steps=steps, settings=tables,
                    resume=(run / "checkpoints").is_dir())  # fmt: skip
    return load_network(done.weights, method="taan", room=room).eval()


@torch.inference_mode()
def measured(network: Network, frames: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Return rows of true and mean learned offsets (x, y, x, y), pixels of the picture.

    The target is the frame in the middle, its hole a quarter of the picture; references have none.
    """
    middle = COUNT // 2
    order = [middle, *(middle + distance for distance in DISTANCES)]
    pictures = torch.from_numpy(np.ascontiguousarray(frames[order][..., ::-1]))[None]
    masks = torch.zeros(1, len(order), 1, *SIZE)
    masks[:, 0, :, SIZE[0] // 4 : -SIZE[0] // 4, SIZE[1] // 4 : -SIZE[1] // 4] = 1
    shown = pictures.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    features = network.encode((shown * (1 - masks)).flatten(0, 1), masks.flatten(0, 1))[None]
    hidden = network.reduce_mask(masks.flatten(0, 1))[None]
    offsets = network.align(features[:, 0], features[:, 1:], hidden[:, 1:]).offsets[0]
    mean = REDUCTION * offsets.mean(dim=(1, 2, 4, 5)).flip(-1).numpy()  # (R, 2), x first
    return np.concatenate([np.outer(DISTANCES, velocity), mean], axis=1)


def tell(seed: int, steps: int, rows: np.ndarray) -> None:
    """Print correlation and slope of the mean offsets over the true ones."""
    told = []
    for name, true, mean in (("x", rows[:, 0], rows[:, 2]), ("y", rows[:, 1], rows[:, 3])):
        slope = (true * mean).sum() / (true * true).sum()
        told.append(f"{name}: correlation {np.corrcoef(true, mean)[0, 1]:.3f}, slope {slope:.2f}")
    print(f"seed {seed}, {steps} steps, {len(rows)} pairs: {'; '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
