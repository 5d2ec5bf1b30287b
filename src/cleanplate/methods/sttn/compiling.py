"""Run the network through torch.compile, which writes code for the machine's own processor."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import torch

from cleanplate.errors import BadInput
from cleanplate.methods.sttn.network import Network
from cleanplate.winograd import FastConv


def compile_network(network: Network) -> None:
    """Have encoder and transformer compiled when they are first run; the network is changed.

    On a CPU it gains little, for what takes longest there is code of ours. Raises BadInput where
    there is nothing to compile with.
    """
    lacking = _lacking()
    if lacking:
        raise BadInput(
            f"compile needs a C++ compiler and Python's headers, and {lacking} is not there. "
            "Install it, or leave compile out."
        )
    disable: Any = torch.compiler.disable
    for layer in network.modules():
        if isinstance(layer, FastConv):  # it is compiled already
            layer.forward = disable(layer.forward)  # type: ignore[method-assign]
    # Block by block, for they are alike, and one piece of code serves them all.
    for part in (network.encoder, *network.transformer):
        part.compile()


def _lacking() -> str | None:
    """Return what PyTorch would look for in vain, None if nothing."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    compiler = os.environ.get("CXX", usual)
    if shutil.which(compiler) is None:
        return compiler
    header = Path(sysconfig.get_path("include"), "Python.h")
    return None if header.exists() else str(header)
