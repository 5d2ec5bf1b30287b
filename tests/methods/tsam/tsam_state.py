"""The weights, inputs and results of the official networks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch

import golden_rule
from cleanplate.methods.tsam.network import Network
from cleanplate.methods.tsam.shift import Motion

GOLDEN = Path(__file__).parents[2] / "golden"
SIZE = (64, 96)


@cache
def official(name):
    """The state dict that the golden vectors were computed with, two names of a tensor alike."""
    told = json.loads((GOLDEN / f"{name}.json").read_text())["state_dicts"]["state_dict"]
    alias = told["aliases"]
    return {
        key: torch.from_numpy(golden_rule.entry(alias.get(key, key), shape))
        for key, shape in told["shapes"].items()
    }


@cache
def wanted(name):
    """The golden vectors by name."""
    with np.load(GOLDEN / f"{name}.npz") as found:
        return dict(found)


def clip():
    """Frames (1, 5, 3, 64, 96) with their holes, and masks, 1 in the holes."""
    frames = golden_rule.uniform(0, (1, 5, 3, *SIZE))
    masks = golden_rule.boxes(5, *SIZE)[None, :, None].astype(np.float32)
    return torch.from_numpy(frames * (1 - masks)), torch.from_numpy(masks)


def motion():
    """Flow between the frames, and where it is not to be trusted."""
    flows = [golden_rule.waves(4, *SIZE, 6.0, phase).transpose(0, 3, 1, 2) for phase in (0.3, 1.9)]
    return Motion(*(torch.from_numpy(part[None].copy()) for part in (*flows, *_doubts())))


def _doubts():
    rng = np.random.Generator(np.random.PCG64(7))
    for _ in range(2):
        doubt = np.zeros((4, 1, *SIZE), np.float32)
        for part in doubt:
            top, left = rng.integers(0, SIZE[0] - 20), rng.integers(0, SIZE[1] - 30)
            part[0, top : top + 20, left : left + 30] = 1
        yield doubt


def features():
    """What is shifted by itself, (5, 16, 16, 24) of the five frames."""
    drawn = golden_rule.normal(11, (1, 16, 5, 16, 24))
    return torch.from_numpy(drawn[0].transpose(1, 0, 2, 3).copy())


def as_official(x):
    """Features (N, C, h, w) of one clip as the official (1, C, N, h, w)."""
    return x.detach().transpose(0, 1)[None].numpy()


def network(config, seed=0):
    """A network that has seen some pictures: its norms fit, and its colours are some."""
    torch.manual_seed(seed)
    made = Network(config)
    frames, masks = torch.rand(1, 2, 3, 24, 24), torch.ones(1, 2, 1, 24, 24)
    with torch.no_grad():
        for _ in range(20):
            made(frames, masks)
        paint = made.eval().decoder.paint.feature
        paint.weight /= 8 * made(frames, masks).std()
        paint.bias += 0.5
    return made
