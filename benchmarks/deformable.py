"""How long TAAN's deformable convolution takes, beside a plain rendering of it in the same run.

At 128 channels, 8 groups and features of 60x108. The plain rendering samples each tap of the kernel
by PyTorch's grid_sample, as one writes it first. Prints medians in milliseconds, the ratio of ours
without gradients to the plain one, and how far the results are apart; then the same with gradients,
forward and backward. `--threads` is how many cores PyTorch takes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it
import torch

from cleanplate.methods.taan.align import deformable

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "methods" / "taan"))
from deformable_twin import by_grid_sample

CHANNELS, GROUPS, SIZE = 128, 8, (60, 108)


def given():
    """Return tensors that lie in memory as the network's layers leave them."""
    torch.manual_seed(0)
    shifts = torch.randn(1, *SIZE, GROUPS, 9, 3).permute(0, 3, 4, 5, 1, 2)
    return [
        torch.randn(1, CHANNELS, *SIZE).to(memory_format=torch.channels_last),
        3 * shifts[:, :, :, :2],
        shifts[:, :, :, 2].sigmoid(),
        torch.randn(CHANNELS, CHANNELS, 3, 3) / 34,
        torch.randn(CHANNELS),
    ]


def forth(convolve, tensors):
    with torch.no_grad():
        return convolve(*tensors)


def forth_and_back(convolve, tensors):
    out = convolve(*(x.detach().requires_grad_() for x in tensors))
    out.square().mean().backward()
    return out.detach()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    tensors = given()
    for way in (forth, forth_and_back):
        times, results = {"plain": [], "ours": []}, {}
        for _ in range(told.repeats + 1):  # the first is for warming up
            for name, convolve in (("plain", by_grid_sample), ("ours", deformable)):
                began = time.perf_counter()
                results[name] = way(convolve, tensors)
                times[name].append(1000 * (time.perf_counter() - began))
        plain, ours = (median(times[name][1:]) for name in ("plain", "ours"))
        off = (results["ours"] - results["plain"]).abs().max().item()
        share = f"{ours / plain:.2f} of it; {off:.1e} apart at most"
        print(f"{way.__name__}: plain {plain:.0f} ms, ours {ours:.0f} ms, {share}")


if __name__ == "__main__":
    main()
