"""Memory that one computation after the other works in: to be given new pages takes long."""

from __future__ import annotations

import math
import threading

import torch
from torch import Tensor


class Scratch(threading.local):
    """Named pieces of memory on a CPU, each as large as the largest that was taken so far."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, torch.dtype], Tensor] = {}

    def take(self, name: str, dtype: torch.dtype, *shape: int) -> Tensor:
        """Return a tensor of whatever was there before; it is good until the next of its name."""
        size, key = math.prod(shape), (name, dtype)
        if key not in self._held or self._held[key].numel() < size:
            self._held.pop(key, None)  # freed before more is asked for
            self._held[key] = torch.empty(size, dtype=dtype)
        return self._held[key][:size].view(shape)
