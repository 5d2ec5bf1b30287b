"""The clip that speed and memory are measured on: DAVIS "camel", its own annotation the mask."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cleanplate.io import write_picture, write_video
from cleanplate.masks.draw.shuffled import forth_and_back

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "DAVIS"
SIZE = (854, 480)  # width, height
LENGTH = 90  # frames


def make_clip(data: Path, folder: Path, *, length: int, size: tuple[int, int]) -> tuple[Path, Path]:
    """Write an mp4 of so many frames and a folder of its masks; return both paths.

    length: above 90 the clip goes on backwards, then forwards again. size: (width, height), to
    which the clip is enlarged.
    """
    masks = folder / "masks"
    masks.mkdir(parents=True)
    pictures = sorted((data / "JPEGImages" / "480p" / "camel").glob("*.jpg"))
    labels = sorted((data / "Annotations" / "480p" / "camel").glob("*.png"))
    order = list(forth_and_back(length, len(pictures)))
    frames = [
        cv2.resize(cv2.imread(str(p))[..., ::-1], size, interpolation=cv2.INTER_CUBIC)
        for p in pictures[:length]
    ]
    write_video(folder / "scene.mp4", np.stack([frames[i] for i in order]), rate=Fraction(24))
    for number, index in enumerate(order):
        hole = (cv2.imread(str(labels[index])).max(axis=2) > 0).astype(np.uint8) * 255
        hole = cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST)
        write_picture(masks / f"{number:05d}.png", hole)
    return folder / "scene.mp4", masks


def size_of(text: str) -> tuple[int, int]:
    """Read "854x480" as (854, 480)."""
    width, height = text.lower().split("x")
    return int(width), int(height)
