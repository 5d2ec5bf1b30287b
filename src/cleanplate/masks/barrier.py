"""How much must change on the way out: the minimum barrier distance to what is not the object.

Zhang et al., "Minimum barrier salient object detection at 80 FPS", ICCV 2015: of all ways from a
pixel to the seeds, the least difference between the lightest and the darkest pixel on one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled

_SWEEPS = 6  # from the top left and from the bottom right in turn; more change hardly a pixel
_FAR = 1e6

Plane = NDArray[np.float32]


def barrier(plane: Plane, seeds: NDArray[np.bool_]) -> Plane:
    """Return the distance (h, w) to the nearest seed, approximately, in levels of a plane (h, w).

    It is 0 in the seeds, and a large number everywhere where there are none.

    >>> row = np.array([[0, 9, 5, 7]], np.float32)
    >>> barrier(row, row == 0).tolist()
    [[0.0, 9.0, 9.0, 9.0]]
    """
    distance = np.where(seeds, np.float32(0), np.float32(_FAR))
    plane = np.ascontiguousarray(plane, np.float32)
    _sweep(plane, plane.copy(), plane.copy(), distance)
    return distance


@compiled()
def _sweep(plane: Any, highest: Any, lowest: Any, distance: Any) -> None:
    """Shorten distances; highest, lowest: (h, w), on the best way that is known so far."""
    height, width = plane.shape
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for row in range(height):
            y = row if step == 1 else height - 1 - row
            for column in range(width):
                x = column if step == 1 else width - 1 - column
                for side in range(2):
                    v, u = (y - step, x) if side == 0 else (y, x - step)
                    if 0 <= v < height and 0 <= u < width:
                        top = max(highest[v, u], plane[y, x])
                        bottom = min(lowest[v, u], plane[y, x])
                        if top - bottom < distance[y, x]:
                            distance[y, x] = top - bottom
                            highest[y, x], lowest[y, x] = top, bottom
