"""How long STTN takes, beside a plain rendering of the official schedule in the same run.

20 frames at 432x240 by the official schedule and network, with weights that are not trained (time
does not depend on them), but begin so large that every layer's values count. Ours decodes what lies
around the hole, of 120x180 pixels; with `--hole 240x432` that is all. Prints medians in seconds a
frame, ratios to the twin, how far results in the hole are from the twin's, and the most memory that
was taken: with `--only bf16`, by that alone. `--device cuda` times ours on a GPU.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it
import torch

from cleanplate.canvas import Clip
from cleanplate.devices import device_named
from cleanplate.methods.sttn.engine import Engine
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.methods.sttn.schedule import schedule

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "methods" / "sttn"))
from twin import predict


def clip(count, hole=(120, 180)):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (count, 240, 432, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    top, left = (240 - hole[0]) // 2, (432 - hole[1]) // 2
    holes[:, top : top + hole[0], left : left + hole[1]] = True
    return Clip(frames, holes, (240, 432))


def network():
    torch.manual_seed(0)
    return Network(Config(start="even")).eval()


def twin(frames, count):
    made = network()
    return lambda: [pictures for _, pictures in predict(made, frames, count)]


def ours(frames, count, device, dtype):
    engine = Engine(network().to(device), device=device, dtype=dtype)
    return lambda: [pictures for _, pictures in engine.run(frames, schedule(count))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--hole", default="120x180", help="height x width; 240x432: all is decoded")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--only", choices=["twin", "fp32", "bf16"])
    given = parser.parse_args()
    device = device_named(given.device)
    frames = clip(given.frames, tuple(map(int, given.hole.split("x"))))
    kinds = {
        "twin": lambda: twin(frames, given.frames),
        "fp32": lambda: ours(frames, given.frames, device, torch.float32),
        "bf16": lambda: ours(frames, given.frames, device, torch.bfloat16),
    }
    runs = {name: make() for name, make in kinds.items() if given.only in (None, name)}
    times, results = {name: [] for name in runs}, {}
    for _ in range(given.repeats):
        for name, run in runs.items():
            results.pop(name, None)  # which is not the run's memory
            began = time.perf_counter()
            results[name] = run()
            times[name].append((time.perf_counter() - began) / given.frames)
    for name in runs:
        took, line = median(times[name]), ""
        if "twin" in runs:
            off = distances(results[name], results["twin"], frames.holes[0])
            line = (f", {median(times['twin']) / took:.2f} times the twin's speed; off by "
                    f"{off.mean():.4f} levels on average, {off.max():.3f} at most")  # fmt: skip
        print(
            f"{name}: {took:.2f} s a frame ({min(times[name]):.2f} to {max(times[name]):.2f}){line}"
        )
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def distances(result, wanted, hole):
    pairs = zip(result, wanted, strict=True)
    return np.concatenate([np.abs(a - b)[:, hole].ravel() for a, b in pairs])


if __name__ == "__main__":
    main()
