"""Peak memory of the whole process for clips of two lengths, the longer played forth and back.

    python benchmarks/memory.py [--lengths 90,900] [--tunes removal,fidelity]

The clip is DAVIS "camel" at 854x480 with its own annotation as the mask. Each fill runs as a
command of its own; what is printed is the largest resident set that Linux counted for it (VmHWM,
since the figure of getrusage is inherited from the process that started it).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from cleanplate.io import Encoding, write_picture, write_video

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "DAVIS"
CLIP = "camel"
RUN = """
import json, re, sys
from pathlib import Path
from cleanplate.cli import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps({"code": code, "peak_mb": int(peak) / 1024}))
"""


def main() -> None:
    """Print a row for each length and tune."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="90,900")
    parser.add_argument("--tunes", default="removal,fidelity")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for length in map(int, arguments.lengths.split(",")):
            video, masks = make_clip(arguments.data, Path(folder) / str(length), length)
            for tune in arguments.tunes.split(","):
                peak = peak_megabytes(video, masks, Path(folder) / f"{length}{tune}.mp4", tune)
                print(f"{length:6} frames  {tune:10} {peak:7.0f} MB", flush=True)


def make_clip(data: Path, folder: Path, length: int) -> tuple[Path, Path]:
    """Write a clip of this many frames and its masks; return both paths."""
    folder.mkdir()
    masks = folder / "masks"
    masks.mkdir()
    pictures = sorted((data / "JPEGImages" / "480p" / CLIP).glob("*.jpg"))
    labels = sorted((data / "Annotations" / "480p" / CLIP).glob("*.png"))
    order = list(islice(forth_and_back(len(pictures)), length))
    for number, index in enumerate(order):
        hole = cv2.imread(str(labels[index])).max(axis=2) > 0
        write_picture(masks / f"{number:05d}.png", hole.astype(np.uint8) * 255)
    frames = np.stack([cv2.imread(str(p))[..., ::-1] for p in pictures])
    write_video(folder / "scene.mp4", frames[order], rate=Fraction(24), encoding=Encoding(crf=20))
    return folder / "scene.mp4", masks


def forth_and_back(count: int) -> Iterator[int]:
    """Yield 0, 1, ..., count - 1, count - 2, ..., 1, 0, 1, ... without end."""
    return cycle([*range(count), *range(count - 2, 0, -1)])


def peak_megabytes(video: Path, masks: Path, out: Path, tune: str) -> float:
    """Fill in a process of its own and return its peak resident set."""
    command = [sys.executable, "-c", RUN, "fill", str(video), str(masks), "-o", str(out)]
    done = subprocess.run(
        [*command, "--tune", tune, "--quiet"], check=True, capture_output=True, text=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    if result["code"]:
        raise SystemExit(f"fill ended with {result['code']}: {done.stderr}")
    return float(result["peak_mb"])


if __name__ == "__main__":
    main()
