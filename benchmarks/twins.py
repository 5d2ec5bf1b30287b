"""What the benchmarks of networks beside their slow twins share: a clip, runs in turn, medians."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterable
from statistics import median

import numpy as np

from cleanplate.canvas import Clip

SIZE = (240, 432)
HOLE = (slice(60, 180), slice(126, 306))
KINDS = ("twin", "fp32", "bf16", "fp32-near", "bf16-near")


def clip(count: int, kind: str) -> Clip:
    """Return a clip with a hole; but for "near" with one in each corner, so that all is decoded."""
    frames = np.random.default_rng(0).integers(0, 256, (count, *SIZE, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, HOLE[0], HOLE[1]] = True
    if not kind.endswith("near"):
        holes[:, :: SIZE[0] - 1, :: SIZE[1] - 1] = True
    return Clip(frames, holes, SIZE)


def parser_of(description: str) -> argparse.ArgumentParser:
    """Return a parser of what all such benchmarks are told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--only", choices=KINDS)
    return parser


def compare(run_of: Callable[[str], Callable[[], list]], given: argparse.Namespace) -> None:
    """Time each kind of run in turn, and print how each stands beside the twin."""
    runs = {kind: run_of(kind) for kind in KINDS if given.only in (None, kind)}
    times, results = {kind: [] for kind in runs}, {}
    for _ in range(given.repeats):
        for kind, run in runs.items():
            results.pop(kind, None)  # which is not the run's memory
            began = time.perf_counter()
            results[kind] = run()
            times[kind].append((time.perf_counter() - began) / given.frames)
    for kind in runs:
        took, line = median(times[kind]), ""
        if "twin" in runs:
            off = distances(results[kind], results["twin"])
            line = (f", {median(times['twin']) / took:.2f} times the twin's speed; off by "
                    f"{off.mean():.4f} levels on average, {off.max():.3f} at most")  # fmt: skip
        print(
            f"{kind}: {took:.2f} s a frame ({min(times[kind]):.2f} to {max(times[kind]):.2f}){line}"
        )
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def distances(result: Iterable[np.ndarray], wanted: Iterable[np.ndarray]) -> np.ndarray:
    """Return how far pictures are off in the hole."""
    pairs = zip(result, wanted, strict=True)
    return np.concatenate([np.abs(a - b)[:, HOLE[0], HOLE[1]].ravel() for a, b in pairs])
