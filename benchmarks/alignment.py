"""Whether TAAN's alignment learns where things went: its offsets against motion that is known.

    python benchmarks/alignment.py [--steps 5000] [--seeds 0]

Clips are made by moving scikit-image's photographs past the picture at a steady pace, by up to 3
pixels a frame, and a small network learns by the method's own lesson to fill squares in them from
the frames beside, without a word about motion. Then photographs that it has not seen are moved: the
offsets of each reference, averaged over taps and over the holes, which need it, are set against
where the reference really shows what the target does. Correlations are over pairs of target and
reference, each way by itself, and are printed on the way as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage
import torch

from cleanplate.configs import built
from cleanplate.methods.taan.network import REDUCTION, Network
from cleanplate.methods.taan.train import Settings, lesson
from cleanplate.training.batches import Batch
from material import LEAST_DETAIL, LEAST_SIDE, small

SIZE, COUNT = (64, 96), 9  # of a clip: height and width, frames
FASTEST = 3.0  # pixels a frame, along either side
DISTANCES = (-2, -1, 1, 2)
ORDER = [COUNT // 2, *(COUNT // 2 + distance for distance in DISTANCES)]  # the target first
TAKES = {"learning": 40, "judging": 12}  # clips of each photograph
LAST = 0.75  # of the steps: from there on the rate is a tenth
BATCH, EVERY = 4, 500  # clips a step; steps after which it is judged
SQUARES, APART = (10, 20), (20, 32)  # pixels, least and most: sides of holes, from one to the next
SETTINGS = {
    "network": {"size": list(SIZE), "channels": 32, "groups": 1, "dilations": [2, 4]},
    "training": {"perceptual": 0.0, "style": 0.0, "variation": 0.0, "valid": 0.3, "hole": 3.0,
                 "learning_rate": 1e-3, "alignment_rate": 3.0, "clip": 1.0},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--photographs", type=Path, default=Path(skimage.__file__).parent / "data")
    given = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    photographs = found(given.photographs)
    learning, judging = photographs[::2], photographs[1::2]
    print(f"{len(learning)} photographs to learn from, {len(judging)} others to judge by")
    clips = [frames for frames, _ in moved(learning, TAKES["learning"], seed=0)]
    test = list(moved(judging, TAKES["judging"], seed=1))
    for seed in given.seeds:
        for steps, network in learnt(clips, seed, given.steps):
            rng = np.random.default_rng(seed)
            rows = [measured(network, *clip, squares(rng)) for clip in test]
            tell(seed, steps, np.concatenate(rows))


def learnt(clips: list[np.ndarray], seed: int, steps: int) -> Iterator[tuple[int, Network]]:
    """Yield a network on its way, and how many steps it has taken."""
    settings = built(Settings, SETTINGS, source="SETTINGS")
    told, rng = settings.training, np.random.default_rng(seed)
    torch.manual_seed(seed)
    taught = lesson(settings, Network(settings.network), torch.device("cpu"))
    network, optimiser = taught.result, taught.learners["network"].optimiser
    for alike in optimiser.param_groups:
        alike["lr"] *= alike.get("faster", 1.0)
    for step in range(1, steps + 1):
        if step == round(LAST * steps):
            for alike in optimiser.param_groups:
                alike["lr"] /= 10
        for turn in taught.turns(drawn(clips, rng)):
            optimiser.zero_grad()
            turn.total.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), told.clip)
            optimiser.step()
        if step % EVERY == 0 or step == steps:
            yield step, network.eval()
            network.train()


def drawn(clips: list[np.ndarray], rng: np.random.Generator) -> Batch:
    """Return targets with squares cut out of them, and their references, which are whole."""
    frames = np.stack([clips[n][ORDER][..., ::-1] for n in rng.integers(len(clips), size=BATCH)])
    if rng.random() < 1 / 2:
        frames = frames[:, :, ::-1]
    if rng.random() < 1 / 2:
        frames = frames[:, :, :, ::-1]
    holes = np.zeros(frames.shape[:-1], np.bool_)
    for clip in holes:
        clip[0] = squares(rng)
    tensors = (torch.from_numpy(np.ascontiguousarray(each)) for each in (frames, holes))
    return Batch(*tensors, ("moved",) * BATCH)


def squares(rng: np.random.Generator) -> np.ndarray:
    """Return squares in rows and columns, (H, W) bool."""
    side = rng.integers(SQUARES[0], SQUARES[1] + 1)
    apart = rng.integers(APART[0], APART[1] + 1)
    rows, columns = ((np.arange(length) + rng.integers(apart)) % apart < side for length in SIZE)
    return rows[:, None] & columns


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


@torch.inference_mode()
def measured(
    network: Network, frames: np.ndarray, velocity: np.ndarray, hole: np.ndarray
) -> np.ndarray:
    """Return rows of true and mean learned offsets (x, y, x, y), pixels of the picture.

    hole: of the target, the frame in the middle; references have none.
    """
    pictures = torch.from_numpy(np.ascontiguousarray(frames[ORDER][..., ::-1]))[None]
    masks = torch.zeros(1, len(ORDER), 1, *SIZE)
    masks[:, 0, 0] = torch.from_numpy(hole)
    shown = pictures.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    features = network.encode((shown * (1 - masks)).flatten(0, 1), masks.flatten(0, 1))[None]
    hidden = network.reduce_mask(masks.flatten(0, 1))[None]
    offsets = network.align(features[:, 0], features[:, 1:], hidden[:, 1:]).offsets[0]
    mean = REDUCTION * offsets[..., hidden[0, 0, 0] > 0].mean(dim=(1, 2, 4)).flip(-1).numpy()
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
