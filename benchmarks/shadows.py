"""Shadows that are made: how much of them `grow_shadow` finds, and how much that is none.

    python benchmarks/shadows.py [--strengths 0,0.25,0.5,0.75] [--clips camel,dog] [--frames 48]
    python benchmarks/shadows.py --real [--clips libby]

The object of a DAVIS clip is pasted on a photograph that a camera films, and walks over it; its
shadow is its outline, turned over at its feet, sheared, softened, and a little bluer. A strength of
0.5 takes half of the light. A line a strength, photograph and clip: intersection over union,
precision and recall of what is added, beside the pixels in which the shadow has half of its
strength or more; added: its area against the object's. A strength of 0 has no shadow: anything that
is added is wrong. --real adds to the clips as they are, which nobody has annotated: the area alone.
Settings are chosen on the tuning clips; the judging clips only judge.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import skimage.data

import cleanplate as cp
from camel import DATA
from cleanplate.datasets.synthetic import moving_photograph
from track import JUDGING, TUNING, load

SIZE = (480, 854)
PHOTOGRAPHS = ("coffee", "gravel", "grass", "brick", "astronaut")
COLUMNS = ("iou", "precision", "recall", "added")
TALL = 0.42  # of the picture's height: an object that is pasted
LIES, LEANS = 0.4, 0.5  # height of a shadow against its object's, and how far it is sheared
SOFT = 3.0  # pixels
BLUER = (1.0, 0.96, 0.88)  # of its strength, by channel


def main() -> None:
    """Print a row a strength, photograph and clip, then the means."""
    given = parse()
    clips = [clip for clip in TUNING + JUDGING if clip in given.clips]
    print(f"{'':32}" + "".join(f"{name:>10}" for name in COLUMNS))
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for number, clip in enumerate(clips):
        frames, truth = load(given.data, clip, given.frames)
        group = "tuning" if clip in TUNING else "judging"
        if given.real:
            added = cp.grow_shadow(frames, truth) & ~truth
            show(clip, [np.nan] * 3 + [share(added, truth)])
            continue
        for strength in given.strengths:
            name = PHOTOGRAPHS[number % len(PHOTOGRAPHS)]
            seen, holes, shadow = made(photograph(name), frames, truth, strength, seed=number)
            added = cp.grow_shadow(seen, holes) & ~holes
            row = [*overlap(added, shadow), share(added, holes)]
            rows.setdefault((f"{strength:.2f}", group), []).append(row)
            show(f"{strength:.2f}  {name:10}{clip}", row)
    for (strength, group), own in sorted(rows.items()):
        show(f"{strength}  mean, {group}", np.mean(own, axis=0))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strengths", type=numbers, default=numbers("0,0.25,0.5,0.75"))
    parser.add_argument("--clips", type=lambda text: text.split(","), default=TUNING + JUDGING)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def photograph(name: str) -> np.ndarray:
    """Return a picture (h, w, 3) that scikit-image carries."""
    picture = getattr(skimage.data, name)()
    return np.dstack([picture] * 3) if picture.ndim == 2 else picture[..., :3]


def made(
    photo: np.ndarray, frames: np.ndarray, truth: np.ndarray, strength: float, *, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frames (T, H, W, 3), the object's holes and its shadow (T, H, W)."""
    scene = moving_photograph(photo, size=SIZE, count=len(frames), seed=seed)
    holes, shadow = (np.zeros(scene.shape[:3], bool) for _ in range(2))
    for t, (frame, thing) in enumerate(zip(frames, truth, strict=True)):
        cut, cover = placed(frame, thing, t / max(len(frames) - 1, 1))
        lying = cast(cover)
        light = 1 - strength * lying[..., None] * np.array(BLUER)
        shaded = np.where(cover[..., None] > 0.5, cut, lit(scene[t], light))
        scene[t] = np.clip(np.rint(shaded), 0, 255)
        holes[t] = cover > 0.5
        shadow[t] = (lying > 0.5) & ~holes[t]
    return scene, holes, shadow & (strength > 0)


def placed(frame: np.ndarray, thing: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an object (H, W, 3) where it is at a time, 0 to 1, and how far it covers (H, W)."""
    rows, columns = np.nonzero(thing)
    if not len(rows):
        return np.zeros((*SIZE, 3)), np.zeros(SIZE)
    scale = TALL * SIZE[0] / (np.ptp(rows) + 1)
    x = (0.25 + 0.5 * time) * SIZE[1] - scale * columns.mean()
    to = np.array([[scale, 0, x], [0, scale, 0.72 * SIZE[0] - scale * rows.max()]])
    cut, cover = (cv2.warpAffine(p.astype(np.float32), to, SIZE[::-1]) for p in (frame, thing))
    return cut, cover


def cast(cover: np.ndarray) -> np.ndarray:
    """Return the shadow (H, W), 0 to 1, of what covers the picture: on the ground before it."""
    rows = np.nonzero((cover > 0.5).any(axis=1))[0]
    if not len(rows):
        return np.zeros_like(cover)
    foot = float(rows[-1])
    to = np.array([[1, LEANS, -LEANS * foot], [0, -LIES, foot * (1 + LIES)]])
    return cv2.GaussianBlur(cv2.warpAffine(cover, to, SIZE[::-1]), (0, 0), SOFT)


def lit(picture: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return a picture with another light: the share that is left of it, before gamma."""
    return picture * light ** (1 / 2.2)


def overlap(found: np.ndarray, truth: np.ndarray) -> list[float]:
    """Return intersection over union, precision and recall; not a number where nothing is."""
    both = (found & truth).sum()
    parts = ((found | truth).sum(), found.sum(), truth.sum())
    return [float(both / part) if part and truth.any() else float("nan") for part in parts]


def share(added: np.ndarray, holes: np.ndarray) -> float:
    """Return the area that is added against the object's."""
    return float(added.sum() / max(holes.sum(), 1))


def show(name: str, row: list[float] | np.ndarray) -> None:
    print(f"{name:32}" + "".join(f"{value:10.3f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
