"""Internal learning: fit a network to the very clip, and have it paint the holes.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cleanplate.canvas import Clip, fitting_size, paint
from cleanplate.configs import checked
from cleanplate.devices import PRECISIONS, device_named, precision_named
from cleanplate.errors import BadInput
from cleanplate.methods.internal.plan import Plan, Teaching
from cleanplate.states import torch_needed
from cleanplate.video import KNOWN, PAINTED, Filled, Frames, Holes, Provenance

CONFIGS = ("small", "official", "paper", "tiny")
UNIT = 4  # pixels that both sides of a picture are a multiple of
_FITTED = 0.95  # share of the work, for the progress


@dataclass(frozen=True)
class Options(Plan, Teaching):
    """How a network is fitted to a stretch, and which.

    config: the network, that of the "official" code, as in the "paper", a "small" or a "tiny" one.
    kind: "coarse-to-fine", "stacked" or "base". size: (height, width); pictures with more pixels
    are fitted at so many. precision: "auto" is bf16 where the machine has it. checkpoints: a folder
    in which a fit that was stopped finds itself again, and goes on.
    """

    config: str = "small"
    kind: str = "coarse-to-fine"
    size: tuple[int, int] = (240, 432)
    precision: str = "auto"
    checkpoints: str | Path | None = None

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_known("config", CONFIGS)
        self._check_known("precision", PRECISIONS)
        object.__setattr__(self, "size", checked(tuple[int, int], self.size, "size"))
        if min(self.size) < UNIT:
            raise BadInput(f"size is {self.size}. Give a height and a width from {UNIT} up.")
        if not isinstance(self.checkpoints, str | Path | None):
            raise BadInput(f"checkpoints is {self.checkpoints!r}. Give the path of a folder.")


class Method:
    """Fills the holes of one stretch of a shot with a network that is fitted to it.

    device: a name in DEVICES. Raises BadInput.
    """

    longest_window = reach = 90  # any frame may show what another one hides

    def __init__(self, options: Options | None = None, *, device: str = "auto") -> None:
        self.options = options or Options()
        with torch_needed():
            from cleanplate.methods.internal.engine import Engine
        place = device_named(device)
        self.engine = Engine(self.options, place, precision_named(self.options.precision, place))

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Filled | None = None,
        progress: Callable[[float], None] | None = None,
        in_place: bool = False,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True.

        prior: counts as known, so that what was painted before goes on. progress: called with the
        share done, 0 to 1. in_place: paint into `frames` itself.
        """
        painted, left = frames if in_place else frames.copy(), holes.copy()
        if prior:
            begun = len(prior.frames)
            painted[:begun][holes[:begun]] = prior.frames[holes[:begun]]
            left[:begun] = False
        report = progress or (lambda share: None)
        if left.any():
            clip = Clip(painted, left, fitting_size(left.shape[1:], self.options.size, UNIT))
            network = self.engine.fitted(clip, lambda share: report(_FITTED * share))
            for t, picture in self.engine.pictures(network, clip):
                paint(painted[t], left[t], picture)
        report(1.0)
        source = np.where(holes, np.int32(PAINTED), np.int32(KNOWN))
        return Filled(painted, Provenance(source, np.zeros(holes.shape, np.float16)))
