"""How long STTN takes, beside a plain rendering of the official schedule in the same run.

20 frames at 432x240 by the official schedule and network, with weights that are not trained (time
does not depend on them), but begin so large that every layer's values count. Where everything is
decoded, as the official code does it, ours computes the same; "near" stands for our own way, which
decodes what lies around the hole, here 120x180 pixels. Prints medians in seconds a frame, ratios to
the twin, how far results in the hole are from the twin's, and the most memory that was taken: with
`--only bf16`, by that alone. `--device cuda` times ours on a GPU, `--compile` with the network
compiled.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it
import torch

from cleanplate.canvas import Clip
from cleanplate.devices import device_named
from cleanplate.methods.sttn.compiling import compile_network
from cleanplate.methods.sttn.engine import Engine
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.methods.sttn.schedule import schedule

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "methods" / "sttn"))
from twin import predict

SIZE = (240, 432)
HOLE = (slice(60, 180), slice(126, 306))
KINDS = ("twin", "fp32", "bf16", "fp32-near", "bf16-near")


def clip(count, *, everything):
    """Return a clip with a hole; everything: and one in each corner, so that all is decoded."""
    frames = np.random.default_rng(0).integers(0, 256, (count, *SIZE, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, HOLE[0], HOLE[1]] = True
    if everything:
        holes[:, :: SIZE[0] - 1, :: SIZE[1] - 1] = True
    return Clip(frames, holes, SIZE)


def network():
    torch.manual_seed(0)
    return Network(Config(start="even")).eval()


def run_of(kind, given):
    """Return what computes one kind of run, with a network of its own."""
    frames = clip(given.frames, everything=not kind.endswith("near"))
    if kind == "twin":
        return partial(twin, network(), frames, given.frames)
    device = device_named(given.device)
    dtype = torch.float32 if kind.startswith("fp32") else torch.bfloat16
    engine = Engine(network().to(device), device=device, dtype=dtype)
    if given.compile:
        compile_network(engine.network)
    return partial(ours, engine, frames, given.frames)


def twin(made, frames, count):
    return [pictures for _, pictures in predict(made, frames, count)]


def ours(engine, frames, count):
    return [pictures for _, pictures in engine.run(frames, schedule(count))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--only", choices=KINDS)
    given = parser.parse_args()
    runs = {kind: run_of(kind, given) for kind in KINDS if given.only in (None, kind)}
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


def distances(result, wanted):
    pairs = zip(result, wanted, strict=True)
    return np.concatenate([np.abs(a - b)[:, HOLE[0], HOLE[1]].ravel() for a, b in pairs])


if __name__ == "__main__":
    main()
