"""What a network learns from rehearsals: how to correct what another method makes of a hole.

It begins by correcting nothing, so that the fit starts from all that the other method knows.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.losses import masked_l1, masked_l2
from cleanplate.methods.internal.belief import KINDS, Picture, beliefs
from cleanplate.methods.internal.lesson import JUDGED
from cleanplate.methods.internal.material import to_tensor
from cleanplate.methods.internal.network import Network
from cleanplate.methods.internal.plan import Teaching
from cleanplate.methods.internal.rehearsal import Draft
from cleanplate.region import Region
from cleanplate.video import Holes

CROP = (128, 176)  # (height, width) that a step looks at, around a pixel that was rehearsed
LOSSES = {"fidelity": (masked_l2, 2), "removal": (masked_l1, 1)}  # and their powers


class Correction:
    """Parts of rehearsals, whose truth is known; the first of them is held out.

    truth: (T, H, W, 3) from -1 to 1, with nothing (0) in the real holes.
    """

    def __init__(
        self,
        truth: NDArray[np.float32],
        rehearsals: list[tuple[Draft, Holes]],
        teaching: Teaching,
        device: torch.device,
    ) -> None:
        self.truth, self.rehearsals, self.device = truth, rehearsals, device
        self.teaching, (self.loss, self.power) = teaching, LOSSES[teaching.tune]
        held = rehearsals[0][1] if teaching.held else np.zeros(truth.shape[:3], bool)
        self.told = [known & ~held for _, known in rehearsals]
        self.held = held
        # Each pixel that was rehearsed is as likely as another, in whichever frame it lies.
        self.places = [np.flatnonzero(told) for told in self.told]
        self.shares = np.cumsum([len(each) for each in self.places])

    @property
    def possible(self) -> bool:
        """Whether there is anything to learn from."""
        return bool(self.shares[-1])

    def losses(self, network: Network, step: int) -> dict[str, Tensor]:
        """Return the loss of a step as "total"."""
        rng = np.random.default_rng([self.teaching.seed, step])
        parts = [self._part(rng) for _ in range(self.teaching.batch)]
        seen, truth, told = (np.stack(each) for each in zip(*parts, strict=True))
        wanted, known = to_tensor(truth, self.device), to_tensor(told[..., None], self.device)
        painted = corrected(network, seen, self.device)
        total = torch.stack([self.loss(each.float(), wanted, known) for each in painted]).sum()
        return {"total": total}

    def judge(self, network: Network) -> float | None:
        """Return how far off it is where pixels are held out, in levels of 0 to 255; or None.

        It is the mean over frames spread over the clip, or of squares its root.
        """
        losses, counts = [], []
        for t in _spread(self.held):
            seen = inputs(self.rehearsals[0][0], t)[None]
            painted = corrected(network, seen, self.device)[-1].float()
            truth = to_tensor(self.truth[t][None], self.device)
            known = to_tensor(self.held[t][None, ..., None], self.device)
            losses.append(float(self.loss(painted, truth, known)))
            counts.append(int(self.held[t].sum()))
        if not counts:
            return None
        mean = np.average(losses, weights=counts)
        return float(mean ** (1 / self.power) * 127.5)

    def beliefs(self, network: Network) -> NDArray[np.float32]:
        """Return how far what a network changes is to be believed: as all rehearsals bear it out.

        A share is the least of those of any, for what helps in one place may harm in another.
        """
        without = np.ones(KINDS, np.float32)
        if not self.held.any():
            return without
        each = [self._beliefs(network, draft, known) for draft, known in self.rehearsals]
        return np.asarray(np.min([without, *each], axis=0), np.float32)

    def _beliefs(self, network: Network, draft: Draft, known: Holes) -> NDArray[np.float32]:
        """Return the same by one rehearsal."""

        def case(t: int) -> tuple[Picture, Picture, Picture]:
            there, seen = known[t], inputs(draft, t)[known[t]]
            change = change_of(network, draft, t, self.device)[there]
            return change, self.truth[t][there] - seen[:, :3], seen[:, 4:]

        return beliefs(case(t) for t in _spread(known))

    def _part(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """Return what is seen of a part of a rehearsal, the truth, and where it is told."""
        drawn = int(rng.integers(self.shares[-1]))
        number = int(np.searchsorted(self.shares, drawn, side="right"))
        place = self.places[number][drawn - self.shares[number]]
        t, row, column = np.unravel_index(place, self.truth.shape[:3])
        part = _around(int(row), int(column), self.truth.shape[1:3])
        seen = part.crop(inputs(self.rehearsals[number][0], int(t)))
        truth, told = part.crop(self.truth[t]), part.crop(self.told[number][t])
        flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
        return seen[:, flip], truth[:, flip], told[:, flip].astype(np.float32)


def _spread(known: Holes) -> list[int]:
    """Return frames in which something is known, spread over the clip."""
    frames = np.flatnonzero(known.any(axis=(1, 2)))
    spread = np.linspace(0, len(frames) - 1, min(JUDGED, len(frames)))
    return [int(t) for t in frames[spread.round().astype(np.intp)]]


def inputs(draft: Draft, t: int) -> NDArray[np.float32]:
    """Return what a network is shown of frame t of a draft, (H, W, 7): see `corrected`."""
    picture = draft.pictures[t].astype(np.float32) / 127.5 - 1
    hole, doubts = draft.holes[t][..., None], draft.doubts[t].astype(np.float32) / 255
    return np.concatenate([picture, hole, doubts], axis=-1).astype(np.float32)


def corrected(
    network: Network, seen: NDArray[np.float32], device: torch.device
) -> tuple[Tensor, ...]:
    """Return the pictures (N, 3, H, W) that each part of a network makes of drafts.

    seen: (N, H, W, 7), a picture from -1 to 1, its hole, and doubts.
    """
    given = to_tensor(seen, device)
    painted: tuple[Tensor, ...] = network(given[:, :3], given[:, 3:4], given[:, 4:])
    return painted


def change_of(network: Network, draft: Draft, t: int, device: torch.device) -> NDArray[np.float32]:
    """Return what frame t of a draft is changed by, (H, W, 3), where 2 is from black to white."""
    seen = inputs(draft, t)
    painted = corrected(network, seen[None], device)[-1][0].float()
    return np.asarray(painted.permute(1, 2, 0).cpu().numpy() - seen[..., :3], np.float32)


def _around(row: int, column: int, size: tuple[int, ...]) -> Region:
    """Return a box around a pixel of a picture of a size, as large as a step looks at."""
    (top, bottom), (left, right) = (
        _span(at, most, side) for at, most, side in zip((row, column), CROP, size, strict=True)
    )
    return Region(top, bottom, left, right)


def _span(at: int, most: int, side: int) -> tuple[int, int]:
    """Return where a stretch of a side begins and ends that has a place in its middle."""
    length = min(most, side)
    start = min(max(at - length // 2, 0), side - length)
    return start, start + length
