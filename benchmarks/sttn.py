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

import os
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it
import torch

from cleanplate.devices import device_named
from cleanplate.methods.sttn.compiling import compile_network
from cleanplate.methods.sttn.engine import Engine
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.methods.sttn.schedule import schedule
from twins import clip, compare, parser_of

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "methods" / "sttn"))
from twin import predict


def network():
    torch.manual_seed(0)
    return Network(Config(start="even")).eval()


def run_of(kind, given):
    """Return what computes one kind of run, with a network of its own."""
    frames = clip(given.frames, kind)
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
    parser = parser_of(__doc__.splitlines()[0])
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    compare(partial(run_of, given=given), given)


if __name__ == "__main__":
    main()
