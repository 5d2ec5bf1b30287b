"""Training samples with their motion: frames one after the other, a hole, and the true flow.

Zou et al., CVPR 2021, section 4, and their code, whose flow is that of a network; here it is found
as everywhere in this house.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.samples import HALF, InTurn, resize
from cleanplate.errors import BadInput
from cleanplate.flow.estimate import classical_flow
from cleanplate.flow.validity import Rule, unreliable
from cleanplate.masks.draw import FAMILIES, draw_holes
from cleanplate.video import Flow, Frames, Holes

CLOSER = 1.2  # times the size wanted that frames have before a part of them is taken
USUAL = ("object_like", "object_like_middle", "curve")  # families of holes


@dataclass(frozen=True)
class MovingSample:
    """Frames of one clip, (T, H, W, 3) uint8, and holes for them, (T, H, W) bool; and their motion.

    forward, backward: (T-1, H, W, 2) float32, the flow as it is without the hole. doubt_forward,
    doubt_backward: (T-1, H, W) bool, True where it is not to be trusted. clip: its name. skipped:
    clips that should have been here and are broken, each with a sentence.
    """

    frames: Frames
    holes: Holes
    forward: Flow
    backward: Flow
    doubt_forward: Holes
    doubt_backward: Holes
    clip: str
    skipped: Mapping[str, str] = field(default_factory=dict)


class MovingSamples(InTurn[MovingSample]):
    """The samples of a data set, in a random order without an end: `samples[number]`.

    As `Samples`, but of frames that follow each other, at least two, of which a part is taken, and
    that may be mirrored. families: of holes, names in FAMILIES; each as likely. flow: whether it is
    found; else it is 0 everywhere. Raises BadInput.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        frames: int = 7,
        seed: int = 0,
        families: Sequence[str] = USUAL,
        flow: bool = True,
    ) -> None:
        super().__init__(clips, size, frames=frames, seed=seed)
        unknown = [family for family in families if family not in FAMILIES]
        if unknown or not families:
            raise BadInput(f"masks are {list(families)}. Choose from: {', '.join(FAMILIES)}.")
        self.families, self.flow = tuple(families), flow

    def _made(
        self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]
    ) -> MovingSample:
        frames = self._seen(chosen, rng)
        family = self.families[int(rng.integers(len(self.families)))]
        holes = draw_holes(family, self.frames, self.size, seed=int(rng.integers(1 << 31)))
        forward = backward = np.zeros((len(frames) - 1, *self.size, 2), np.float32)
        if self.flow:
            forward, backward = classical_flow(list(frames))
        return MovingSample(
            frames,
            holes,
            forward,
            backward,
            unreliable(forward, backward, Rule()),
            unreliable(backward, forward, Rule()),
            self.clips[chosen].name,
            skipped,
        )

    def _seen(self, chosen: int, rng: np.random.Generator) -> Frames:
        """Read frames that follow each other, and take a part of their pictures."""
        length = self._length(chosen)
        if length < self.frames:
            raise BadInput(f"it has {length} frames, {self.frames} are needed.")
        first = int(rng.integers(length - self.frames + 1))
        large = (round(CLOSER * self.size[0]), round(CLOSER * self.size[1]))
        top, left = (
            int(rng.integers(wide - side + 1)) for wide, side in zip(large, self.size, strict=True)
        )
        mirrored = rng.random() < HALF
        numbers = list(range(first, first + self.frames))
        frames = np.stack(
            [
                resize(frame, large)[top : top + self.size[0], left : left + self.size[1]]
                for frame in self.clips[chosen].load_frames(only=numbers)
            ]
        )
        return np.ascontiguousarray(frames[:, :, ::-1]) if mirrored else frames
