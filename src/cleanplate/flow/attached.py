"""Find what moves with the hole though it lies outside: shadows, reflections, a mask too tight."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.flow.camera import CameraMotion
from cleanplate.region import pixels_of
from cleanplate.threads import each_frame, stack_frames
from cleanplate.video import Flow, Holes

Shifts = NDArray[np.float64]  # (T, 2), x and y

_REACH = 24  # pixels from the hole
_LEAST_DIFFERENCE = 1.5  # pixels a frame between hole and scene; with less nobody can tell


def attached_to_hole(flow: Flow, camera: CameraMotion, doubtful: Holes, shifts: Shifts) -> Holes:
    """Return where (T-1, H, W) bool the picture moves with the hole near it, not with the scene.

    flow: (T-1, H, W, 2), as measured. camera: the whole frame's motion. doubtful: the hole with its
    ring; what is found is connected with it. shifts: (T-1, 2), how the hole moves
    (dx, dy), NaN where there is none. What hangs on a removed object must not tell how the scene
    behind it moves, nor lend its colours.
    """
    if not len(flow):
        return doubtful
    return stack_frames(lambda t: _attached(flow[t], camera[t], doubtful[t], shifts[t]), len(flow))


def hole_centres(holes: Holes) -> Shifts:
    """(T, 2) mean x and y of each frame's hole; NaN without one."""
    centres = np.full((len(holes), 2), np.nan)

    def find(t: int) -> None:
        rows, columns = pixels_of(holes[t])
        if len(rows):
            centres[t] = columns.mean(), rows.mean()

    each_frame(find, len(holes))
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
    reach = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * _REACH + 1, 2 * _REACH + 1))
    near = cv2.dilate(doubtful.astype(np.uint8), reach).astype(np.bool_) & ~doubtful
    attached: NDArray[np.bool_] = _moves_with(
        flow, camera, near, np.float32(shift[0]), np.float32(shift[1])
    )
    if not attached.any():
        return nothing
    count, labels = cv2.connectedComponents((attached | doubtful).astype(np.uint8))
    touches = np.zeros(count, np.bool_)
    touches[labels[doubtful]] = True
    return np.asarray(attached & touches[labels])


@compiled()
def _moves_with(flow: Any, camera: Any, near: Any, dx: np.float32, dy: np.float32) -> Any:
    """Tell where the flow is twice as close to the hole's shift as to the camera's motion."""
    out = np.zeros(near.shape, np.bool_)
    for y in range(near.shape[0]):
        for x in range(near.shape[1]):
            if near[y, x]:
                u, v = flow[y, x, 0], flow[y, x, 1]
                cu, cv = camera[y, x, 0], camera[y, x, 1]
                apart = (cu - dx) ** 2 + (cv - dy) ** 2
                to_hole = (u - dx) ** 2 + (v - dy) ** 2
                to_scene = (u - cu) ** 2 + (v - cv) ** 2
                out[y, x] = apart > _LEAST_DIFFERENCE**2 and 4 * to_hole < to_scene
    return out
