"""How long TAAN's deformable convolution takes, beside a plain rendering of it in the same run.

At 128 channels, 8 groups and features of 60x108. The plain rendering samples each tap of the kernel
by PyTorch's grid_sample, as one writes it first. Prints medians in milliseconds, the ratio of ours
without gradients to the plain one, and how far the results are apart; then the same with gradients,
forward and backward. Where torchvision is installed its operator runs beside them. `--threads` is
how many cores PyTorch takes, `--device cuda` computes on a GPU.
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


def ways():
    """Return the renderings by name: plain, ours, and torchvision's where it is installed."""
    found = {"plain": by_grid_sample, "ours": deformable}
    try:
        from torchvision.ops import deform_conv2d
    except (ImportError, RuntimeError):  # or it is built for another PyTorch
        return found

    def theirs(features, offsets, modulators, weight, bias):
        shifts, counts = offsets.flatten(1, 3), modulators.flatten(1, 2)
        return deform_conv2d(features, shifts, weight, bias, padding=1, mask=counts)

    return {**found, "torchvision's": theirs}


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
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    tensors, found = [x.to(told.device) for x in given()], ways()
    for way in (forth, forth_and_back):
        times, results = {name: [] for name in found}, {}
        for _ in range(told.repeats + 1):  # the first is for warming up
            for name, convolve in found.items():
                began = time.perf_counter()
                results[name] = way(convolve, tensors)
                results[name].sum().item()  # a GPU is waited for
                times[name].append(1000 * (time.perf_counter() - began))
        plain = median(times["plain"][1:])
        for name, took in times.items():
            off = (results[name] - results["plain"]).abs().max().item()
            spread = f"{min(took[1:]):.0f} to {max(took[1:]):.0f}"
            share = f"{median(took[1:]) / plain:.2f} of the plain one's; {off:.1e} apart at most"
            print(f"{way.__name__}: {name} {median(took[1:]):.0f} ms ({spread}), {share}")


if __name__ == "__main__":
    main()
