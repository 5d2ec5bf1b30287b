"""The clip that speed and memory are measured on: DAVIS "camel", its own annotation the mask."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cleanplate.io import write_picture
from cleanplate.io.clip import write_stream
from cleanplate.masks.draw.shuffled import forth_and_back

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "DAVIS"
SIZE = (854, 480)  # width, height
LENGTH = 90  # frames


def make_clip(
    data: Path,
    folder: Path,
    *,
    length: int,
    size: tuple[int, int],
    bits: int = 8,
    still: bool = False,
) -> tuple[Path, Path]:
    """Write an mp4 of so many frames and its mask; return both paths.

    length: above 90 the clip goes on backwards, then forwards again. size: (width, height), to
    which the clip is enlarged. bits: 8 or 10. still: the mask is that of the first frame, one
    picture; else a folder of one for each frame. No more than a frame is held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = sorted((data / "JPEGImages" / "480p" / "camel").glob("*.jpg"))
    labels = sorted((data / "Annotations" / "480p" / "camel").glob("*.png"))
    order = list(forth_and_back(length, len(pictures)))
    frames = (_frame(pictures[i], size, bits) for i in order)
    like = _frame(pictures[0], size, bits)[None]
    write_stream(folder / "scene.mp4", frames, like=like, rate=Fraction(24))
    if still:
        write_picture(folder / "mask.png", _mask(labels[0], size))
        return folder / "scene.mp4", folder / "mask.png"
    masks = folder / "masks"
    masks.mkdir()
    for number, index in enumerate(order):
        write_picture(masks / f"{number:05d}.png", _mask(labels[index], size))
    return folder / "scene.mp4", masks


def _frame(path: Path, size: tuple[int, int], bits: int) -> np.ndarray:
    """Return a picture of that size, enlarged in as many bits as it is to have."""
    frame = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
    frame = frame.astype(np.uint16) * 257 if bits > 8 else frame
    return cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)


def _mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    hole = (cv2.imread(str(path)).max(axis=2) > 0).astype(np.uint8) * 255
    return cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST)


def size_of(text: str) -> tuple[int, int]:
    """Read "854x480" as (854, 480)."""
    width, height = text.lower().split("x")
    return int(width), int(height)
