"""TAAN's method: frame by frame, forward over a stretch and once more in reverse.

Liu et al., "Temporal Adaptive Alignment Network for Deep Video Inpainting", IJCAI 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cleanplate.alignment import AlignmentMaps
from cleanplate.canvas import Clip, fitting_size, paint
from cleanplate.devices import device_named
from cleanplate.errors import BadInput
from cleanplate.methods.options import CommonOptions
from cleanplate.methods.taan.references import DISTANCES, checked_distances
from cleanplate.states import torch_needed
from cleanplate.video import PAINTED, Filled, Frames, Holes, Prior
from cleanplate.weights import load_network

if TYPE_CHECKING:
    from cleanplate.methods.taan.recurrence import Recurrence


@dataclass(frozen=True)
class Options(CommonOptions):
    """How a stretch is filled.

    distances: frames from each target to its references; those beyond the ends of the stretch are
    its first and last frame. reverse: what was completed forward is completed again from the last
    frame to the first, when all references are complete. shown: distances of the frames whose
    alignment is drawn, where it is asked for.
    """

    distances: tuple[int, ...] = DISTANCES
    reverse: bool = True
    shown: tuple[int, ...] = (-12, -1, 1)

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        for name in ("distances", "shown"):
            object.__setattr__(self, name, checked_distances(name, getattr(self, name)))
        if not isinstance(self.reverse, bool):
            raise BadInput(f"reverse is {self.reverse!r}. Give True or False.")


class Method:
    """Fills the holes of one stretch of a shot with a network.

    weights: a file of ours, see `cleanplate train`. device: a name in DEVICES. Raises BadInput.
    """

    longest_window = 60
    held_bytes = 450_000_000  # by the full network, as measured

    def __init__(self, options: Options, *, weights: str | Path, device: str = "auto") -> None:
        with torch_needed():
            import torch

            from cleanplate.methods.taan import network as room
            from cleanplate.winograd import quicken
        self.options = options
        network: room.Network = load_network(weights, method="taan", room=room)
        self.config, place = network.config, device_named(device)
        self.whole_up_to = self.config.size[0] * self.config.size[1]
        self.reach = max(map(abs, (*options.distances, *options.shown)))
        self.network = network.eval().requires_grad_(False).to(place)
        if place.type == "cpu":
            quicken(self.network)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

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

        prior: those frames are complete to begin with. progress: called with the share done, 0
        to 1. in_place: paint into `frames` itself.
        """
        painted, begun = frames if in_place else frames.copy(), len(prior or ())
        for t, patch in enumerate(prior or ()):
            painted[t][holes[t]] = patch.colours
        order = [*range(begun, len(frames))]
        if self.options.reverse:
            order += reversed(range(len(frames)))
        pictures, recurrence = {}, self._recurrence(painted, holes, begun)
        for step, t in enumerate(order, start=1):
            if holes[t].any():
                pictures[t] = recurrence.complete(t)
            if progress:
                progress(step / len(order))
        for t, picture in pictures.items():
            paint(painted[t], holes[t], (picture + 1) * np.float32(255 / 2))
        return Filled.marked(painted, holes, PAINTED)

    def alignment(self, frames: Frames, holes: Holes, t: int) -> AlignmentMaps:
        """Return how frame t sees the frames at the distances `shown`."""
        from cleanplate.methods.taan.maps import alignment

        return alignment(self.network, self._clip(frames, holes), self.options.shown, t)

    def _recurrence(self, frames: Frames, holes: Holes, begun: int) -> Recurrence:
        """Return a stretch whose first frames, so many, show what they were filled with."""
        from cleanplate.methods.taan.recurrence import Recurrence

        clip = self._clip(frames, holes)
        shown = self._clip(frames, np.zeros_like(holes))
        done = {t: shown.picture(t) for t in range(begun)}
        return Recurrence(self.network, clip, self.options.distances, done)

    def _clip(self, frames: Frames, holes: Holes) -> Clip:
        size = fitting_size(holes.shape[1:], self.config.size, self.config.unit)
        return Clip(frames, holes, size)
