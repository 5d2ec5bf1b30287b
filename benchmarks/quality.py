"""PSNR and SSIM of a method on ten DAVIS clips and four kinds of holes.

    python benchmarks/quality.py --method flow [--tune fidelity] [--kinds fixed,curve] [--frames 24]
    python benchmarks/quality.py --set propagation=published --set merge=weighted

Protocol: frames resized to 432x240 with INTER_AREA, holes as they are, the result composited, PSNR
and SSIM (window 65) over the whole frame, averaged over a sequence's frames, then over sequences.
Settings are chosen on the tuning clips alone; the judging clips only judge, so they stand apart.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

import cleanplate as cp
from cleanplate.configs import pairs
from cleanplate.metrics.fidelity import psnr, ssim

TUNING = ("camel", "bmx-trees", "libby", "car-shadow", "dog")
JUDGING = ("blackswan", "breakdance", "drift-straight", "horsejump-high", "kite-surf")
KINDS = ("stationary", "object", "fixed", "curve")
SIZE = (432, 240)  # width, height
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> None:
    """Print a row a clip and kind, then the means."""
    arguments = parse()
    options = pairs(arguments.set)
    scores: dict[tuple[str, str], tuple[float, float]] = {}
    began, frames_done = time.perf_counter(), 0
    for kind in arguments.kinds.split(","):
        for clip in arguments.clips.split(","):
            frames, holes = load(arguments.data, kind, clip, arguments.frames)
            result = cp.fill(
                frames, holes, method=arguments.method, tune=arguments.tune, options=options
            )
            scores[kind, clip] = psnr(result, frames), ssim(result, frames)
            frames_done += len(frames)
            print(
                f"{kind:12}{clip:16}{scores[kind, clip][0]:7.2f} {scores[kind, clip][1]:.4f}",
                flush=True,
            )
    print_means(scores)
    print(f"{1000 * (time.perf_counter() - began) / frames_done:.0f} ms a frame, metrics included")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", default="flow", choices=sorted(cp.METHODS))
    parser.add_argument("--tune", default="fidelity", choices=["fidelity", "removal"])
    parser.add_argument("--set", default=[], action="append", metavar="KEY=VALUE")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--clips", default=",".join(TUNING + JUDGING))
    parser.add_argument("--frames", type=int, default=None, help="only the first so many")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def load(data: Path, kind: str, clip: str, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 240, 432, 3) uint8 RGB and holes (T, 240, 432) bool."""
    pictures = sorted((data / "DAVIS" / "JPEGImages" / "480p" / clip).glob("*.jpg"))[:count]
    frames = np.stack(
        [
            cv2.resize(cv2.imread(str(p)), SIZE, interpolation=cv2.INTER_AREA)[..., ::-1]
            for p in pictures
        ]
    )
    masks = sorted((data / "masks" / kind / clip).glob("*.png"))[: len(frames)]
    holes = np.stack([cv2.imread(str(m), cv2.IMREAD_GRAYSCALE) > 127 for m in masks])
    return frames, np.broadcast_to(holes, frames.shape[:3])


def print_means(scores: dict[tuple[str, str], tuple[float, float]]) -> None:
    """Print mean PSNR and SSIM by kind: all clips, tuning clips, judging clips."""
    print(f"\n{'mean':12}{'all':>16}{'tuning':>16}{'judging':>16}")
    for kind in dict.fromkeys(kind for kind, _ in scores):
        cells = []
        for group in (TUNING + JUDGING, TUNING, JUDGING):
            rows = [scores[kind, clip] for clip in group if (kind, clip) in scores]
            mean = np.mean(rows, axis=0) if rows else (np.nan, np.nan)
            cells.append(f"{mean[0]:8.2f} {mean[1]:.4f} ")
        print(f"{kind:12}{''.join(cells)}")


if __name__ == "__main__":
    main()
