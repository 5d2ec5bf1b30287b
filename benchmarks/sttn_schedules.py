"""What STTN's schedule costs and what it is worth: seconds a frame against PSNR.

    python benchmarks/sttn_schedules.py WEIGHTS [--kinds fixed,object] [--frames 60]

The official schedule decodes most frames two or three times and looks at every tenth frame, however
long the clip. This fills the tuning clips (protocol of quality.py), each as one stretch, by
schedules that decode less often, look at fewer neighbours, or cap the references, and prints a line
for each, as a curve. Settings are named as the options of cp.load_method are.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import cleanplate as cp
from cleanplate.metrics.fidelity import psnr, psnr_hole
from quality import DATA, TUNING, load

SCHEDULES = (  # the official one first
    {"stride": 5, "radius": 5, "every": 10, "most_references": 1000, "blend": "running"},
    {"stride": 5, "radius": 5, "every": 10, "most_references": 1000},
    {"stride": 5, "radius": 5, "every": 5, "most_references": 1000},
    {"stride": 5, "radius": 5, "every": 5, "most_references": 8},
    {"stride": 5, "radius": 5, "every": 5, "most_references": 4},
    {"stride": 5, "radius": 5, "every": 5, "most_references": 0},
    {"stride": 5, "radius": 2, "every": 10, "most_references": 8},
    {"stride": 11, "radius": 5, "every": 10, "most_references": 8},
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--kinds", default="fixed,object")
    parser.add_argument("--clips", default=",".join(TUNING))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    clips = [
        load(given.data, kind, clip, given.frames)
        for kind in given.kinds.split(",")
        for clip in given.clips.split(",")
    ]
    print("  stride  radius   every   most    blend   s/frame  PSNR    PSNR in the hole")
    for schedule in SCHEDULES:
        seconds, whole, hole = measure(clips, given, schedule)
        told = {"blend": "weighted", **schedule}
        names = ("stride", "radius", "every", "most_references", "blend")
        print("".join(f"{told[name]!s:>8}" for name in names),
              f"{seconds:8.3f} {whole:8.2f} {hole:8.2f}", flush=True)  # fmt: skip


def measure(clips, given, schedule):
    """Seconds a frame, and the means over clips of PSNR as a whole and in the hole."""
    method = cp.load_method("sttn", weights=given.weights, precision=given.precision, **schedule)
    seconds, frames_done, scores = 0.0, 0, []
    for frames, holes in clips:
        began = time.perf_counter()
        result = method.fill(frames, holes).frames  # not in windows, which cap references too
        seconds += time.perf_counter() - began
        frames_done += len(frames)
        scores.append((psnr(result, frames), psnr_hole(result, frames, holes)))
    return seconds / frames_done, *np.mean(scores, axis=0)


if __name__ == "__main__":
    main()
