"""Settle a soft mask between the edges of the picture: alike neighbours belong together.

After Grady, "Random walks for image segmentation", PAMI 2006, with a prior for every pixel: the
least of prior * (p - wanted)^2 summed over pixels, and likeness * (p - p')^2 over neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cleanplate.compiled import VECTORS, compiled
from cleanplate.masks.follow.colours import Lab, Plane

SWEEPS = 12  # enough to come close; exactly is not needed
OVER = 1.6  # over-relaxation
_COARSE = 4  # squared steps of colour that are not told apart
_LEAK = 0.01  # of the likeness of equal neighbours: across the strongest edge


def settle(wanted: Plane, prior: Plane, lab: Lab, *, likeness: float, step: float) -> Plane:
    """Return the mask (h, w), from 0 to 1, that keeps to what is wanted and follows the edges.

    wanted: (h, w), 0 to 1. prior: (h, w), above 0, how much that counts. likeness: how much a pair
    of equal neighbours counts. step: of colour (L*a*b*, 8 bits) that parts neighbours.
    """
    squares = np.arange(3 * 255**2 // _COARSE + 1, dtype=np.float32) * np.float32(_COARSE)
    table = np.float32(likeness) * (np.exp(-0.5 / step**2 * squares) + np.float32(_LEAK))
    edged = (wanted.shape[0] + 2, wanted.shape[1] + 2)  # so that every pixel has neighbours
    right, down, settled = (np.zeros(edged, np.float32) for _ in range(3))
    inside = (slice(1, -1), slice(1, -1))
    _likenesses(lab, table.astype(np.float32), right[inside], down[inside])
    settled[inside] = wanted
    share = OVER / (prior + right[1:-1, :-2] + right[inside] + down[:-2, 1:-1] + down[inside])
    _sweep(settled, prior * wanted, share.astype(np.float32), right, down)
    return np.clip(settled[inside], 0, 1)


@compiled()
def _likenesses(lab: Any, table: Any, right: Any, down: Any) -> None:
    """Look up how alike each pixel is to the next one and to the one below."""
    height, width = right.shape
    for y in range(height):
        for x in range(width):
            if x + 1 < width:
                right[y, x] = table[_apart(lab, y, x, y, x + 1) // _COARSE]
            if y + 1 < height:
                down[y, x] = table[_apart(lab, y, x, y + 1, x) // _COARSE]


@compiled(inline="always")
def _apart(lab: Any, y: int, x: int, to_y: int, to_x: int) -> Any:
    """Squared distance of two pixels' colours."""
    light = np.int32(lab[y, x, 0]) - np.int32(lab[to_y, to_x, 0])
    green = np.int32(lab[y, x, 1]) - np.int32(lab[to_y, to_x, 1])
    blue = np.int32(lab[y, x, 2]) - np.int32(lab[to_y, to_x, 2])
    return light * light + green * green + blue * blue


@compiled(fastmath=VECTORS)
def _sweep(mask: Any, pull: Any, share: Any, right: Any, down: Any) -> None:
    """Gauss-Seidel with over-relaxation, from the top left and from the bottom right in turn.

    All but pull and share, (h, w), have an edge of one pixel more on every side. What the pixel
    before is multiplied with is ready by the time it is: only that has to be waited for.
    """
    height, width = pull.shape
    keep, one, two = np.float32(1 - OVER), np.uint64(1), np.uint64(2)
    for sweep in range(SWEEPS):
        for row in range(height):
            y = np.uint64(row if sweep % 2 == 0 else height - 1 - row)
            last = mask[y + one, 0] if sweep % 2 == 0 else mask[y + one, width + 1]
            for column in range(width):
                x = np.uint64(column if sweep % 2 == 0 else width - 1 - column)
                part = share[y, x]
                left, after = part * right[y + one, x], part * right[y + one, x + one]
                above, below = part * down[y, x + one], part * down[y + one, x + one]
                rest = keep * mask[y + one, x + one] + part * pull[y, x]
                rest += above * mask[y, x + one] + below * mask[y + two, x + one]
                if sweep % 2 == 0:
                    last = rest + after * mask[y + one, x + two] + left * last
                else:
                    last = rest + left * mask[y + one, x] + after * last
                mask[y + one, x + one] = last
