"""The weights and results of the official networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

import golden_rule

GOLDEN = Path(__file__).parents[2] / "golden"


def official(name, part):
    """The state dict that the golden vectors were computed with."""
    shapes = json.loads((GOLDEN / f"{name}.json").read_text())["state_dicts"][part]["shapes"]
    return {key: torch.from_numpy(golden_rule.entry(key, shape)) for key, shape in shapes.items()}


def wanted(name):
    """The golden vectors by name."""
    return np.load(GOLDEN / f"{name}.npz")
