"""How long TSAM takes, beside a plain rendering of the official schedule in the same run.

20 frames at 432x240 by the official schedule and network, in two windows of fifteen, with the
weights of the golden vectors (time does not depend on them), and with a motion that is given, as
the official code has it. Where everything is decoded, as that does it, ours computes the
same; "near" stands for our own way, which decodes what lies around the hole, here 120x180 pixels.
Prints medians in seconds a frame, ratios to the twin, how far results in the hole are from the
twin's, and the most memory that was taken: with `--only bf16`, by that alone. `--device cuda` times
ours on a GPU.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it
import numpy as np
import torch

from cleanplate.devices import device_named
from cleanplate.memory import keep_no_large_blocks
from cleanplate.methods.tsam.checkpoint import translated
from cleanplate.methods.tsam.engine import Engine
from cleanplate.methods.tsam.network import Config, Network
from cleanplate.methods.tsam.schedule import windows
from cleanplate.methods.tsam.shift import Alignment, Motion
from twins import SIZE, clip, compare, parser_of

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "methods" / "tsam"))
from plain_tsam import predict
from tsam_state import official

FARTHEST = 6.0  # pixels from frame to frame


def network():
    made = Network(Config.official()).eval()
    made.load_state_dict(translated(official("tsam")))
    official.cache_clear()  # which is not the run's memory
    return made


def motion(count):
    """Return flow in waves, and a tenth of the picture in doubt."""
    y, x = np.indices(SIZE, np.float32) / SIZE[0]
    waves = [np.stack([np.sin(4 * y + t), np.cos(5 * x + t)]) for t in range(count - 1)]
    flow = FARTHEST * torch.from_numpy(np.stack(waves)).float()[None]
    doubt = torch.zeros(1, count - 1, 1, *SIZE)
    doubt[..., :: SIZE[1] // 10] = 1
    doubt = doubt.roll(1, -1)
    return Motion(flow, -flow, doubt, doubt)


def run_of(kind, given):
    """Return what computes one kind of run, with a network of its own."""
    frames, moving = clip(given.frames, kind), motion(given.frames)
    if kind == "twin":
        return partial(twin, network(), frames, moving, given.frames)
    device = device_named(given.device)
    dtype = torch.float32 if kind.startswith("fp32") else torch.bfloat16
    engine = Engine(network(), device=device, dtype=dtype)
    moving = Motion(*(part.to(device) for part in moving))
    return partial(ours, engine, frames, moving, given.frames)


def twin(made, frames, moving, count):
    return [pictures for _, pictures in predict(made, frames, moving, count)]


def ours(engine, frames, moving, count):
    alignment, results = Alignment(moving, grid=engine.config.grid), []
    for window in windows(count, blend="official"):
        pictures = np.stack([frames.picture(t, darkest=0) for t in window.frames])
        holes = np.stack([frames.hole(t) for t in window.frames])
        part = alignment.between(window.first, window.frames.stop - 1)
        results.append(engine.run(pictures, holes, part))
    return results


def main():
    given = parser_of(__doc__.splitlines()[0]).parse_args()
    keep_no_large_blocks()  # as the command has it
    compare(partial(run_of, given=given), given)


if __name__ == "__main__":
    main()
