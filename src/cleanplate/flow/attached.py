"""Find what moves with the hole though it lies outside: shadows, reflections, a mask too tight."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.threads import each_frame
from cleanplate.video import Flow, Holes

Shifts = NDArray[np.float64]  # (T, 2), x and y

_REACH = 24  # pixels from the hole
_LEAST_DIFFERENCE = 1.5  # pixels a frame between hole and scene; with less nobody can tell


def attached_to_hole(flow: Flow, camera: Flow, doubtful: Holes, shifts: Shifts) -> Holes:
    """Return where (T-1, H, W) bool the picture moves with the hole near it, not with the scene.

    flow, camera: (T-1, H, W, 2), what was measured and the whole frame's motion. doubtful: the
    hole with its ring; what is found is connected with it. shifts: (T-1, 2), how the hole moves
    (dx, dy), NaN where there is none. What hangs on a removed object must not tell how the scene
    behind it moves, nor lend its colours.
    """
    if not len(flow):
        return doubtful
    return np.stack(
        each_frame(lambda t: _attached(flow[t], camera[t], doubtful[t], shifts[t]), len(flow))
    )


def hole_centres(holes: Holes) -> Shifts:
    """(T, 2) mean x and y of each frame's hole; NaN without one."""
    centres = np.full((len(holes), 2), np.nan)
    for centre, hole in zip(centres, holes, strict=True):
        if hole.any():
            rows, columns = np.nonzero(hole)
            centre[:] = columns.mean(), rows.mean()
    return centres


def _attached(
    flow: NDArray[np.float32],
    camera: NDArray[np.float32],
    doubtful: NDArray[np.bool_],
    shift: NDArray[np.float64],
) -> NDArray[np.bool_]:
    nothing = np.zeros_like(doubtful)
    if np.isnan(shift).any() or not doubtful.any():
        return nothing
    near = cv2.distanceTransform((~doubtful).astype(np.uint8), cv2.DIST_L2, 3) <= _REACH
    shift = shift.astype(np.float32)
    told_apart = np.square(camera - shift).sum(axis=-1) > _LEAST_DIFFERENCE**2
    to_hole = np.square(flow - shift).sum(axis=-1)
    to_scene = np.square(flow - camera).sum(axis=-1)
    attached = near & told_apart & ~doubtful & (4 * to_hole < to_scene)
    if not attached.any():
        return nothing
    _, labels = cv2.connectedComponents((attached | doubtful).astype(np.uint8))
    return attached & np.isin(labels, np.unique(labels[doubtful]))
