"""What the network of a finer step learns from: parts of the clip, as coarser ones left them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cleanplate.methods.internal.correction import LOSSES, corrected
from cleanplate.methods.internal.ladder import Ladder
from cleanplate.methods.internal.lesson import JUDGED
from cleanplate.methods.internal.material import to_tensor
from cleanplate.methods.internal.network import Network
from cleanplate.methods.internal.plan import Teaching
from cleanplate.methods.internal.view import Picture, View
from cleanplate.region import Region
from cleanplate.video import Holes


@dataclass(frozen=True)
class Case:
    """A frame of which something is hidden whose truth is known.

    shown: what a network sees. truth: the same frame, of which less is covered. wanted: (H, W),
    what is covered in the first alone: there it is told, or judged.
    """

    shown: View
    truth: View
    wanted: Holes


class Cases(Protocol):
    """Frames to learn from, and others to be judged by."""

    def draw(self, rng: np.random.Generator) -> Case:
        """Return one to learn from."""
        ...

    def held(self) -> list[Callable[[], Case]]:
        """Return those that are held out, each to be made when it is needed."""
        ...


class Refining:
    """Parts of frames at a step of a ladder, whose networks below see them first.

    Nothing but what was hidden and is known counts.
    """

    def __init__(self, cases: Cases, ladder: Ladder, step: int, teaching: Teaching) -> None:
        self.cases, self.ladder, self.step, self.teaching = cases, ladder, step, teaching
        self.loss, self.power = LOSSES[teaching.tune]
        self.judged = list(self._held())

    def losses(self, network: Network, step: int) -> dict[str, Tensor]:
        """Return the loss of a step as "total"."""
        rng = np.random.default_rng([self.teaching.seed, self.step, step])
        parts = [self._part(self.cases.draw(rng), rng) for _ in range(self.teaching.batch)]
        seen, truth, told = (np.stack(each) for each in zip(*parts, strict=True))
        wanted, known = (to_tensor(each, self.ladder.device) for each in (truth, told))
        painted = corrected(network, seen, self.ladder.device)
        total = torch.stack([self.loss(each.float(), wanted, known) for each in painted]).sum()
        return {"total": total}

    def judge(self, network: Network) -> float | None:
        """Return how far off it is where pixels are held out, as `Correction.judge` does."""
        losses, counts = [], []
        for seen, truth, told in self.judged:
            painted = corrected(network, seen[None], self.ladder.device)[-1].float()
            wanted, known = (to_tensor(each[None], self.ladder.device) for each in (truth, told))
            losses.append(float(self.loss(painted, wanted, known)))
            counts.append(int(told.sum()))
        if not sum(counts):
            return None
        return float(np.average(losses, weights=counts) ** (1 / self.power) * 127.5)

    def _held(self) -> list[tuple[Picture, Picture, Picture]]:
        """Return the parts that are judged, which stay the same through a fit."""
        rng, held = np.random.default_rng([self.teaching.seed, self.step]), self.cases.held()
        spread = np.linspace(0, len(held) - 1, min(JUDGED, len(held))).round().astype(int)
        with torch.no_grad():
            return [self._part(held[number](), rng) for number in spread]

    def _part(self, case: Case, rng: np.random.Generator) -> tuple[Picture, Picture, Picture]:
        """Return what is seen of a part, (h, w, 7), the truth (h, w, 3), and where it is told."""
        place = self._place(case, rng)
        factor = self.ladder.factors[self.step]
        seen, truth = self.ladder.seen(case.shown, place, self.step), case.truth.part(place, factor)
        told = (seen[..., 3] > 0) & (truth[..., 3] == 0)
        return seen, truth[..., :3], told[..., None].astype(np.float32)

    def _place(self, case: Case, rng: np.random.Generator) -> Region:
        """Return a part around a pixel that is wanted, any as likely as another."""
        places = np.flatnonzero(case.wanted)
        row, column = divmod(int(rng.choice(places)) if len(places) else 0, case.wanted.shape[1])
        factor = self.ladder.factors[self.step]
        return self.ladder.around(self.step, row / factor, column / factor)
