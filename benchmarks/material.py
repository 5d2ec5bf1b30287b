"""Clips to train small networks on, where no video data set is at hand.

    python benchmarks/material.py OUT PHOTOGRAPHS...

The five tuning clips and the training clip of the shared data, and every photograph in the folders
filmed by a camera that moves, twice, one half of them with an object that crosses: folders of JPEG
at 432x240, for `cleanplate train`. Pictures without detail, such as gradients, are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from cleanplate.datasets.synthetic import crossing_object, moving_photograph
from quality import DATA, SIZE, TUNING

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
COUNT = 24  # frames of a filmed photograph
TAKES = 2
LEAST_SIDE = 400  # of a photograph
LARGEST = 1600
LEAST_DETAIL = 2.0  # levels between neighbouring pixels, on average, at the size of a frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("photographs", type=Path, nargs="*", help="Folders, searched to the bottom")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    count = 0
    for name, frames in [*videos(given.data), *filmed(given.photographs)]:
        write(given.out / name, frames)
        count += 1
    print(f"{given.out}: {count} clips")


def videos(data: Path) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
    """Yield the names and frames of clips that no score is judged by."""
    for folder in shared_folders(data):
        yield folder.name, (small(cv2.imread(str(p))) for p in sorted(folder.glob("*.jpg")))


def shared_folders(data: Path) -> list[Path]:
    """Return the folders of shared clips that no score is judged by."""
    folders = [data / "DAVIS" / "JPEGImages" / "480p" / name for name in TUNING]
    return folders + sorted((data / "train" / "DAVIS" / "JPEGImages" / "480p").iterdir())


def filmed(folders: list[Path]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the names and frames of photographs under a moving camera."""
    files = {p.resolve() for folder in folders for p in folder.rglob("*")}
    for number, file in enumerate(sorted(p for p in files if p.suffix.lower() in SUFFIXES)):
        picture = cv2.imread(str(file))
        if picture is None or min(picture.shape[:2]) < LEAST_SIDE:
            continue
        scale = min(1.0, LARGEST / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if np.abs(np.diff(small(picture).astype(float), axis=1)).mean() < LEAST_DETAIL:
            continue
        for take in range(TAKES):
            seed = TAKES * number + take
            frames = moving_photograph(picture, size=SIZE[::-1], count=COUNT, seed=seed)
            if take:
                frames, _ = crossing_object(frames, seed=seed)
            yield f"{number:04d}-{take}", frames


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)


def write(folder: Path, frames: Iterator[np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), frame, quality)


if __name__ == "__main__":
    main()
