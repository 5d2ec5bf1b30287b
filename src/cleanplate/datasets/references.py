"""Training samples for TAAN: a target and the frames around it, as when a clip is filled in order.

Liu et al., IJCAI 2020, section 3.1: what comes before the target was completed already. In a share
of the samples those frames are whole, as if it had been done well; in the others they have holes as
the target has, as at the beginning of a clip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.samples import HALF, InTurn, Sample, resize
from cleanplate.errors import BadInput
from cleanplate.masks.draw import check_family, each_hole
from cleanplate.masks.draw.stroke import AREAS
from cleanplate.video import Holes


@dataclass(frozen=True)
class Strokes:
    """What holes are drawn, one of each for a clip: families of `masks.draw`, per cent of area."""

    families: tuple[str, ...] = ("object_like", "curve")
    areas: tuple[int, ...] = (5, 15, 25, 35)

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn; raises BadInput."""
        for family in self.families:
            check_family(family, ["area"])
        if not self.families or not self.areas or not set(self.areas) <= set(AREAS):
            listed = ", ".join(map(str, AREAS))
            raise BadInput(
                f"families are {self.families}, areas {self.areas}. Give one family or more, and "
                f"one area or more of {listed}."
            )

    def drawn(self, count: int, size: tuple[int, int], rng: np.random.Generator) -> Holes:
        """Draw the holes of so many frames, (count, height, width) bool."""
        family = self.families[int(rng.integers(len(self.families)))]
        area = self.areas[int(rng.integers(len(self.areas)))]
        seed = int(rng.integers(1 << 31))
        return np.stack([*each_hole(family, count, size, seed=seed, area=area)])


class References(InTurn[Sample]):
    """Samples whose first frame is the target; its references follow.

    distances: frames from the target to each of them. completed: the share of samples in which
    those before it are whole. The others are as for `InTurn`.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        distances: Sequence[int],
        strokes: Strokes,
        completed: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__(clips, size, frames=1 + len(distances), seed=seed)
        self.distances, self.strokes, self.completed = tuple(distances), strokes, completed

    def _made(self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]) -> Sample:
        around = np.array([0, *self.distances])
        first, span = around.min(), int(np.ptp(around)) + 1
        length = self._length(chosen)
        if length < span:
            raise BadInput(f"it has {length} frames, {span} are needed.")
        places = around - first
        holes = self.strokes.drawn(span, self.size, rng)[places]
        if rng.random() < self.completed:
            holes[around < 0] = False
        start, mirrored = int(rng.integers(length - span + 1)), rng.random() < HALF
        frames = self.clips[chosen].load_frames(only=(start + places).tolist())
        resized = np.stack([resize(frame, self.size) for frame in frames])
        if mirrored:
            resized = np.ascontiguousarray(resized[:, :, ::-1])
        return Sample(resized, holes, self.clips[chosen].name, skipped)
