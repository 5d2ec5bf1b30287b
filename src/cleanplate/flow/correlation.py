"""How alike every place of one picture is to every place of another, and a look around a guess.

The all-pairs correlation volume of RAFT (Teed and Deng, ECCV 2020, section 3.2). Importing this
module needs PyTorch.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MOST_BYTES = 1_000_000_000  # of a volume that is kept; a larger one is made anew, part by part


class Correlation:
    """The volume of two feature maps, at several scales of the second.

    first, second: (B, C, h, w). levels: scales, each half the one before. radius: how far around a
    guess is looked, in places of the scale. most_bytes: a larger volume is not kept but computed
    again at every look, in parts of that size, with the same result.
    """

    def __init__(
        self,
        first: Tensor,
        second: Tensor,
        *,
        levels: int,
        radius: int,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._size = first.shape[-2:]
        self._first = first.flatten(2).transpose(1, 2) / first.shape[1] ** 0.5  # (B, h * w, C)
        self._second = second
        self._levels = levels
        self._window = _window(radius, first)
        count = self._first.shape[1]
        # Four thirds: a scale, its quarter, the quarter of that.
        each = second.shape[0] * count * second.element_size() * 4 // 3  # bytes of a place's row
        rows = max(1, most_bytes // each)
        self._parts = [slice(start, start + rows) for start in range(0, count, rows)]
        self._kept = self._pyramid(self._parts[0]) if len(self._parts) == 1 else None

    def around(self, places: Tensor) -> Tensor:
        """Return the correlations around a guess for every place, (B, levels * side ** 2, h, w).

        places: (B, 2, h, w), x and y in the second map that places of the first may have gone to.
        side: 2 * radius + 1. Within a level channels go from left to right, and within each of its
        columns down, as the official code has it. Beyond the border all is 0.
        """
        flat = places.flatten(2).transpose(1, 2)  # (B, h * w, 2)
        found = [
            self._look(self._kept or self._pyramid(part), flat[:, part]) for part in self._parts
        ]
        return torch.unflatten(torch.cat(found, dim=1).transpose(1, 2), 2, self._size)

    def _pyramid(self, part: slice) -> list[Tensor]:
        """Return the correlations of some places with all, (B * n, 1, h', w') for every level."""
        volume = self._first[:, part] @ self._second.flatten(2)
        pyramid = [volume.reshape(-1, 1, *self._second.shape[-2:])]
        for _ in range(self._levels - 1):
            pyramid.append(functional.avg_pool2d(pyramid[-1], 2))
        return pyramid

    def _look(self, pyramid: list[Tensor], places: Tensor) -> Tensor:
        """Return the correlations around n places (B, n, 2), (B, n, levels * side ** 2)."""
        centres = places.reshape(-1, 1, 1, 2)
        found = [
            _sampled(volume, centres / 2**level + self._window)
            for level, volume in enumerate(pyramid)
        ]
        return torch.unflatten(torch.cat(found, dim=1), 0, places.shape[:2])


def _window(radius: int, like: Tensor) -> Tensor:
    """Return the steps (x, y) from a centre to its neighbours, (side, side, 2), x slowest."""
    steps = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    return torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1)


def _sampled(volume: Tensor, places: Tensor) -> Tensor:
    """Sample (N, 1, h, w) bilinearly at places (N, a, b, 2), x and y; returns (N, a * b)."""
    height, width = volume.shape[-2:]
    # From pixel centres at integers to -1 and 1 at the picture's edges, which a single pixel has.
    size = places.new_tensor([width, height])
    grid = (2 * places + 1) / size - 1
    return functional.grid_sample(volume, grid, align_corners=False).flatten(1)
