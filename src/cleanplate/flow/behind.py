"""The motion of a clip behind its holes: found on filled pictures, completed where unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.attached import attached_to_hole, hole_centres
from cleanplate.flow.camera import CameraMotion, camera_motion
from cleanplate.flow.complete import Effort, complete_flow
from cleanplate.flow.completion import Complete
from cleanplate.flow.estimate import Estimate, classical_flow, grey
from cleanplate.flow.rest import at_rest
from cleanplate.harmonic import harmonic_fill
from cleanplate.threads import each_frame, stack_frames
from cleanplate.video import Flow, Holes

_WIDEST_RING = 8  # pixels around a hole whose flow has seen its first, smooth fill
_SECOND_RING = 1  # pixels around a hole whose flow has seen a good fill
_QUICK = Effort(edge_sweeps=4, passes=2, sweeps=3)  # a twentieth of a decibel for half the time
_SMOOTH_SWEEPS = 6  # of a fill that only has to be smooth


@dataclass(frozen=True)
class Clip:
    """Frames (T, H, W, 3) uint8 at the working size, holes, and each hole's smooth fill."""

    frames: NDArray[np.uint8]
    holes: Holes
    smooth: list[NDArray[np.float32]] = field(init=False)

    def __post_init__(self) -> None:
        """Fill every hole smoothly, so that nothing reads what lies under it."""

        def fill(t: int) -> NDArray[np.float32]:
            hole = self.holes[t]
            return np.asarray(
                harmonic_fill(self.frames[t], hole, sweeps=_SMOOTH_SWEEPS, coarse=True)[hole]
            )

        object.__setattr__(self, "smooth", each_frame(fill, len(self.frames)))

    def filled(self, colours: list[NDArray[np.float32]]) -> list[NDArray[np.uint8]]:
        """Each frame with its hole's pixels set to colours (N, 3)."""

        def paint(t: int) -> Any:
            picture = self.frames[t].copy()
            picture[self.holes[t]] = np.clip(np.rint(colours[t]), 0, 255)
            return picture

        return each_frame(paint, len(self.frames))


@dataclass(frozen=True)
class Motion:
    """Completed flow, (T-1, H, W, 2), and the whole frame's motion, forward and backward."""

    forward: Flow
    backward: Flow
    camera_forward: CameraMotion
    camera_backward: CameraMotion


def find_motion(
    clip: Clip,
    guess: list[NDArray[np.float32]] | None,
    *,
    removal: bool = False,
    estimate: Estimate = classical_flow,
    complete: Complete = complete_flow,
) -> Motion:
    """Find and complete the flow of the clip, its holes filled with `guess` or smoothly.

    removal: the hole is an object's, so what moves with the hole belongs to the object.
    estimate: finds the flow of filled pictures. complete: completes it in their holes. Raises
    BadInput for flow of another size, or that is no number somewhere.
    """
    pictures = clip.filled(clip.smooth if guess is None else guess)
    forward, backward = estimate(pictures)
    for name, flow in (("forward", forward), ("backward", backward)):
        _check(flow, clip.holes, name)
    greys = each_frame(lambda t: grey(pictures[t]), len(pictures))
    wide = stack_frames(lambda t: _with_ring(clip.holes[t], guess is not None), len(pictures))
    doubtful, rests = (wide[:-1], wide[1:]), at_rest(greys, wide)
    camera = (
        camera_motion(forward, doubtful[0], rests),
        camera_motion(backward, doubtful[1], rests),
    )
    if removal:
        shifts = np.diff(hole_centres(clip.holes), axis=0)
        attached = (
            attached_to_hole(forward, camera[0], doubtful[0], shifts),
            attached_to_hole(backward, camera[1], doubtful[1], -shifts),
        )
        doubtful = doubtful[0] | attached[0], doubtful[1] | attached[1]
    effort = _QUICK if removal else Effort()
    completed = complete(forward, backward, camera, doubtful, effort=effort)
    return Motion(*completed, *camera)


def _check(flow: Flow, holes: Holes, name: str) -> None:
    wanted = (len(holes) - 1, *holes.shape[1:], 2)
    if flow.shape != wanted:
        raise BadInput(
            f"the {name} flow that was found is {flow.shape}. It has to be {wanted}: (dx, dy) for "
            "each pixel, between each frame and the next."
        )
    if not np.isfinite(flow).all():
        raise BadInput(
            f"the {name} flow that was found holds values that are no numbers. Choose another "
            "estimator, or other weights for it."
        )


def _with_ring(hole: NDArray[np.bool_], well_filled: bool) -> NDArray[np.bool_]:
    """Add the ring around the hole whose flow is spoilt: thin holes spoil less than thick."""
    if not hole.any():
        return hole
    thickness = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3).max()
    ring = _SECOND_RING if well_filled else int(np.clip(round(thickness), 1, _WIDEST_RING))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * ring + 1, 2 * ring + 1))
    return cv2.dilate(hole.astype(np.uint8), disk).astype(np.bool_)
