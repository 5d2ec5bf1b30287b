"""The weights, inputs and results of the official networks of internal learning."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch

import golden_rule
from cleanplate.methods.internal.network import Config, Network

GOLDEN = Path(__file__).parents[2] / "golden"
SIZE = (64, 88)
PARTS = {"base": "base", "stacked": "stack", "coarse-to-fine": "refine"}
NAMES = {
    "coarse": "coarse_net", "surroundings": "conv_branch",
    "detail": "conv_branch2", "fine": "out_branch",
}  # fmt: skip


@cache
def shapes(part):
    told = json.loads((GOLDEN / "iivi.json").read_text())
    return told["state_dicts"][part]["shapes"]


@cache
def wanted():
    """The golden vectors by name."""
    with np.load(GOLDEN / "iivi.npz") as found:
        return dict(found)


def official(kind, *, gain=1):
    """Our network of a kind with the golden weights, the kernels times `gain`."""
    network = Network(Config(kind=kind)).eval()
    theirs = {_short(key): key for key in shapes(PARTS[kind])}
    state = {}
    for key, value in network.state_dict().items():
        part, number, *_, end = key.split(".")
        name = theirs.pop((NAMES[part], number, end))
        drawn = golden_rule.entry(name, tuple(value.shape))
        state[key] = torch.from_numpy(drawn * (gain if value.ndim > 1 else 1))
    assert not theirs
    network.load_state_dict(state)
    return network


def _short(key):
    """Part, number of the layer, weight or bias: what official names and ours have in common."""
    part, number, *_, end = key.split(".")
    return part, number, end


def pictures():
    """Frames (2, 3, 64, 88) with their holes, and masks, 1 in the holes."""
    frames = golden_rule.uniform(0, (2, 3, *SIZE), -1, 1)
    masks = np.zeros((2, 1, *SIZE), np.float32)
    masks[0, 0, 16:40, 20:50] = masks[1, 0, 30:60, 8:44] = 1
    return torch.from_numpy(frames * (1 - masks)), torch.from_numpy(masks)


def features():
    """Two batches of features (2, 16, 6, 7) in the place of VGG's."""
    drawn = (golden_rule.normal(seed, (2, 6, 7, 16)).transpose(0, 3, 1, 2) for seed in (31, 32))
    return [torch.from_numpy(each.copy()) for each in drawn]
