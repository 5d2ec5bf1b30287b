"""Internal learning: fit a network to the very clip, and have it paint the holes.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.canvas import Clip, correct, fitting_size, paint
from cleanplate.devices import device_named, precision_named
from cleanplate.methods.internal.options import UNIT, Options
from cleanplate.region import region_around
from cleanplate.states import torch_needed
from cleanplate.video import PAINTED, UNSEEN, Filled, Frames, Holes, Origin, Prior

if TYPE_CHECKING:
    from cleanplate.methods import Method as AnyMethod

UNSURE = 1.0  # pixels a step by which a trajectory does not lead back
# Memory, as measured: of fitting a network; with a prior of rehearsals, of a frame's pixel at
# the network's size and, where the fit goes on to larger ones, at its own.
_SMALL_BYTES, _LARGE_BYTES = 500_000_000, 1_050_000_000
_REHEARSED_BYTES, _FINE_BYTES = 92, 17
_DRAFTED, _FITTED = 0.1, 0.95  # shares of the work, for the progress


class Method:
    """Fills the holes of one stretch of a shot with a network that is fitted to it.

    draft: the method that the options name as the prior. device: a name in DEVICES. Raises
    BadInput.
    """

    longest_window = reach = 90  # any frame may show what another one hides

    def __init__(
        self,
        options: Options | None = None,
        *,
        draft: AnyMethod | None = None,
        device: str = "auto",
    ) -> None:
        self.options, self.draft = options or Options(prior="none"), draft
        with torch_needed():
            from cleanplate.methods.internal.engine import Engine
        place = device_named(device)
        self.engine = Engine(self.options, place, precision_named(self.options.precision, place))
        # A hole can be rehearsed where there is room for it.
        self.whole_up_to = self.options.size[0] * self.options.size[1] if draft else 0

        large = self.options.config in ("official", "paper")
        self.held_bytes = _LARGE_BYTES if large else _SMALL_BYTES

    def held_each(self, pixels: int) -> int:
        """Return the memory that each frame of so many pixels takes more than by other methods."""
        most = self.options.size[0] * self.options.size[1]
        fine = _FINE_BYTES * pixels if self.options.progressive and pixels > most else 0
        return fine + (_REHEARSED_BYTES * min(pixels, most) if self.draft else 0)

    def keep_in(self, folder: Path) -> None:
        """Keep checkpoints in a folder, where the options name none."""
        self.engine.checkpoints = self.engine.checkpoints or folder

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Prior | None = None,
        progress: Callable[[float], None] | None = None,
        in_place: bool = False,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True.

        prior: counts as known, so that what was painted before goes on; or the method that drafts
        carries it on. progress: called with the share done, 0 to 1. in_place: paint into `frames`
        itself.
        """
        report = progress or (lambda share: None)
        if self.draft and holes.any():
            filled = self._corrected(self.draft, frames, holes, prior, report)
        else:
            filled = self._painted(frames, holes, prior, report)
        report(1.0)
        if in_place:
            frames[holes] = filled.frames[holes]
        return filled

    def _painted(
        self,
        frames: Frames,
        holes: Holes,
        prior: Prior | None,
        report: Callable[[float], None],
    ) -> Filled:
        """Fit a network to what is known, and paint all of the holes by it."""
        painted, left = frames.copy(), holes.copy()
        if prior:
            left[: len(prior)] = False
            for t, patch in enumerate(prior):
                painted[t][holes[t]] = patch.colours
        if left.any():
            clip = self._clip(painted, left)
            for t, picture in self.engine.paint(clip, lambda share: report(_FITTED * share)):
                paint(painted[t], left[t], picture)
        return Filled.marked(painted, holes, PAINTED)

    def _corrected(
        self,
        draft: AnyMethod,
        frames: Frames,
        holes: Holes,
        prior: Prior | None,
        report: Callable[[float], None],
    ) -> Filled:
        """Let another method fill the holes, and correct what it is to be doubted for."""
        blank = np.where(holes[..., None], frames.dtype.type(0), frames)
        filled = _drafted(draft, blank, holes, prior)
        report(_DRAFTED)
        unsure = [self._doubtful(origin) for origin in filled.origins]
        for t, change in self.engine.correct(
            self._clip(filled.frames, holes),
            filled,
            lambda frames, holes: draft.fill(frames, holes, in_place=True),
            lambda share: report(_DRAFTED + (_FITTED - _DRAFTED) * share),
        ):  # what belongs to a frame is not looked at any more when its change has come
            open_ = np.zeros_like(holes[t])
            open_[holes[t]] = unsure[t]
            correct(filled.frames[t], open_, change)
            filled.origins[t].source[unsure[t]] = PAINTED
        return filled

    def _doubtful(self, origin: Origin) -> NDArray[np.bool_]:
        """Return which of a frame's hole pixels are to be corrected, (N,)."""
        if self.options.tune == "fidelity":
            return np.ones(len(origin.source), np.bool_)
        return np.asarray((origin.source == UNSEEN) | (origin.inconsistency > UNSURE))

    def _clip(self, frames: Frames, holes: Holes) -> Clip:
        return Clip(frames, holes, fitting_size(holes.shape[1:], self.options.size, UNIT))


def _drafted(draft: AnyMethod, frames: Frames, holes: Holes, prior: Prior | None) -> Filled:
    """Have another method fill the holes, given what lies around them: as it is given by itself.

    frames: are painted into.
    """
    rows, columns = region_around(np.asarray(holes.any(axis=0))).slices

    def part(array: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(array[:, rows, columns])

    made = draft.fill(part(frames), part(holes), prior=prior)
    frames[:, rows, columns] = made.frames
    return Filled(frames, holes, made.origins)
