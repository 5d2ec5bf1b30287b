"""What the mask says of pixels nearby that have the same colour: a bilateral grid.

After Chen, Paris, Durand, "Real-time edge-aware image processing with the bilateral grid",
SIGGRAPH 2007, and as Maerki et al. cut videos apart in it ("Bilateral space video segmentation",
CVPR 2016): here over one frame, from what was carried into it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cleanplate.compiled import VECTORS, compiled
from cleanplate.masks.follow.colours import Lab, Plane, blurred_along

CELL = 32.0  # pixels
LIGHT, HUE = 20.0, 10.0  # steps of lightness, and of both colour channels


def nearby(lab: Lab, soft: Plane, weight: Plane, *, cell: float = CELL) -> tuple[Plane, Plane]:
    """Return the weighted mean of a mask over like pixels nearby, and the weight behind it.

    lab: (h, w, 3). soft: (h, w), 0 to 1. weight: (h, w), 0 where the mask says nothing. cell:
    pixels between the nodes of the grid. Means are 0 where there is no weight.
    """
    low = np.array([lab[..., channel].min() for channel in range(3)], np.int64)
    span = [int(lab[..., channel].max() - low[channel]) for channel in range(3)]
    sides = (*soft.shape, *span)
    steps = np.array([cell, cell, LIGHT, HUE, HUE], np.float32)
    cells = [int(side / step) + 3 for side, step in zip(sides, steps.tolist(), strict=True)]
    grid = np.zeros((*cells, 2), np.float32)
    _splat(lab, low, soft, weight, steps, grid)
    for axis in range(5):
        grid = blurred_along(grid, axis)
    mean, behind = np.empty_like(soft), np.empty_like(soft)
    _slice(lab, low, steps, np.ascontiguousarray(grid), mean, behind)
    return mean, behind


@compiled()
def _splat(lab: Any, low: Any, soft: Any, weight: Any, steps: Any, grid: Any) -> None:
    """Add every pixel to the nearest node of the grid (y, x, l, a, b, [mask, weight])."""
    half = np.float32(0.5)
    for y in range(lab.shape[0]):
        for x in range(lab.shape[1]):
            w = weight[y, x]
            if w <= 0:
                continue
            node = grid[
                int(y / steps[0] + half),
                int(x / steps[1] + half),
                int((lab[y, x, 0] - low[0]) / steps[2] + half),
                int((lab[y, x, 1] - low[1]) / steps[3] + half),
                int((lab[y, x, 2] - low[2]) / steps[4] + half),
            ]
            node[0] += w * soft[y, x]
            node[1] += w


@compiled(fastmath=VECTORS)
def _slice(lab: Any, low: Any, steps: Any, grid: Any, mean: Any, behind: Any) -> None:
    """Look every pixel up between the nodes of the grid, linearly along all five axes."""
    one, two = np.float32(1), np.uint64(2)
    flat, sides = grid.reshape(-1), grid.shape
    step_a = two * np.uint64(sides[4])
    step_l = step_a * np.uint64(sides[3])
    step_x = step_l * np.uint64(sides[2])
    step_y = step_x * np.uint64(sides[1])
    for y in range(lab.shape[0]):
        row, v = np.uint64(y / steps[0]) * step_y, np.float32(y / steps[0] % 1)
        for x in range(lab.shape[1]):
            column, u = np.uint64(x / steps[1]), np.float32(x / steps[1] % 1)
            light = np.float32(lab[y, x, 0] - low[0]) / steps[2]
            green = np.float32(lab[y, x, 1] - low[1]) / steps[3]
            blue = np.float32(lab[y, x, 2] - low[2]) / steps[4]
            k, m, n = np.uint64(light), np.uint64(green), np.uint64(blue)
            a, b, c = light - np.float32(k), green - np.float32(m), blue - np.float32(n)
            node = row + column * step_x + k * step_l + m * step_a + n * two
            total, weight = np.float32(0), np.float32(0)
            for p in range(4):
                near = (v if p & 1 else one - v) * (u if p >> 1 else one - u)
                beside = node + np.uint64(p & 1) * step_y + np.uint64(p >> 1) * step_x
                for q in range(4):
                    share = near * (a if q & 1 else one - a) * (b if q >> 1 else one - b)
                    at = beside + np.uint64(q & 1) * step_l + np.uint64(q >> 1) * step_a
                    less, more = share * (one - c), share * c
                    total += less * flat[at] + more * flat[at + two]
                    weight += less * flat[at + np.uint64(1)] + more * flat[at + np.uint64(3)]
            mean[y, x] = total / max(weight, np.float32(1e-6))
            behind[y, x] = weight
