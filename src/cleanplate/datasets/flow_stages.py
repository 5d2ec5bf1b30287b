"""Training samples for the stages of DFC-Net: stretches of flow whose hole was filled smoothly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.flows import KnownFlow, drawn_holes
from cleanplate.errors import BadInput
from cleanplate.flow.dfc import begin_smoothly
from cleanplate.flow.dfc_stages import Config
from cleanplate.masks.draw import draw_holes
from cleanplate.video import Holes

KINDS = ("bbox", "mid-bbox", "shapes")
HEIGHT = 240  # pixels, of the pictures that the official numbers are meant for
MARGIN = 10 / HEIGHT  # that a box keeps from the border, as a share of the height


@dataclass(frozen=True)
class Masks:
    """What holes are drawn.

    kind: "bbox", a box anywhere; "mid-bbox", a quarter of the sides in the middle, as the paper
    tests it; "shapes", those of `masks.draw`, which stand still or move, as the paper has them for
    objects. box: the most that the sides of a box are, as a share of the picture's; shrunk: the
    most that is taken off them. still: a box is the same in all frames, else drawn for each.
    """

    kind: str = "bbox"
    box: float = 1 / 2
    shrunk: float = 1 / 8
    still: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn; raises BadInput."""
        if self.kind not in KINDS:
            raise BadInput(f"masks is {self.kind!r}. Choose one of: {', '.join(KINDS)}.")
        if not 0 <= self.shrunk < self.box <= 1 - 2 * MARGIN:
            raise BadInput(
                f"box is {self.box}, shrunk {self.shrunk}. Give shares of the picture's sides: "
                f"shrunk below box, box up to {1 - 2 * MARGIN:.2f}."
            )

    def drawn(self, count: int, size: tuple[int, int], rng: np.random.Generator) -> Holes:
        """Draw the holes of so many frames, (count, height, width) bool."""
        if self.kind == "shapes":
            return drawn_holes(count, size, rng)
        if self.kind == "mid-bbox":
            return draw_holes("fixed", count, size)
        holes = np.zeros((count, *size), np.bool_)
        for number in range(count):
            if number == 0 or not self.still:
                rows, columns = self._box(size, rng)
            holes[number, rows, columns] = True
        return holes

    def _box(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[slice, slice]:
        """Draw the rows and columns of a box."""
        margin, sides = round(MARGIN * size[0]), []
        for side in size:
            length = max(round(side * (self.box - self.shrunk * rng.random())), 1)
            start = int(rng.integers(margin, max(side - margin - length, margin) + 1))
            sides.append(slice(start, start + length))
        return sides[0], sides[1]


@dataclass(frozen=True)
class StageSample:
    """A stretch of one clip's flow, N fields each way.

    begun: (2, N, 2, h, w) float32, forward and backward, as the first stage is given it. truth:
    (2, N, 2, H, W), as the last one is to find it. lost: (2, N, 1, H, W) bool, where. clip: its
    name. skipped: clips that should have been here and are broken, each with a sentence.
    """

    begun: NDArray[np.float32]
    truth: NDArray[np.float32]
    lost: NDArray[np.bool_]
    clip: str
    skipped: Mapping[str, str] = field(default_factory=dict)


class StageSamples(KnownFlow[StageSample]):
    """The samples of a data set, in a random order without an end: `samples[number]`.

    As `KnownFlow`; network: what is to learn. size: (height, width) of the pictures that its stages
    work at shares of; the flow is found for the last one's.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        network: Config,
        masks: Masks,
        frames: int,
        seed: int,
        made_up: float,
    ) -> None:
        last = network.size(network.stages - 1, size)
        super().__init__(clips, last, frames=frames, seed=seed, made_up=made_up)
        self.network, self.masks, self.full = network, masks, size

    def _made(
        self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]
    ) -> StageSample:
        name, truth = self._known(chosen, rng)
        holes = self.masks.drawn(self.frames, self.size, rng)
        lost = np.stack([holes[:-1], holes[1:]])
        begun = [
            [begin_smoothly(f, hole, self.network, self.full) for f, hole in zip(*way, strict=True)]
            for way in zip(truth, lost, strict=True)
        ]
        wanted = np.stack(truth).transpose(0, 1, 4, 2, 3)
        return StageSample(
            np.array(begun), np.ascontiguousarray(wanted), lost[:, :, None], name, skipped
        )
