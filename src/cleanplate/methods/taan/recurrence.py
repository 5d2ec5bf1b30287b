"""Frames are completed one after the other; a completed one is a reference of those to come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.canvas import Clip
from cleanplate.devices import exact_convolutions
from cleanplate.methods.taan.network import Aligned, Network
from cleanplate.methods.taan.references import references_of

Picture = NDArray[np.float32]  # (h, w, 3), -1 to 1


class Recurrence:
    """A clip on its way to completion, at the network's size.

    network: on its device, in float32. done: frames that are complete already, by number. What
    is encoded is kept while frames near it are completed.
    """

    def __init__(
        self,
        network: Network,
        clip: Clip,
        distances: Sequence[int],
        done: dict[int, Picture] | None = None,
    ) -> None:
        self.network, self.clip, self.distances = network, clip, tuple(distances)
        self.done = dict(done or {})
        self._like = next(network.parameters())
        self._encoded: dict[tuple[int, bool], Tensor] = {}  # by number, and whether completed

    @torch.inference_mode()
    def complete(self, t: int) -> Picture:
        """Complete frame t and return it; from then on it is a reference as it was returned."""
        target, references, hidden = self._seen(t)
        hole = self._reduced(t, completed=False)
        with exact_convolutions(self._like.device, self._like.dtype):
            out = self.network.fill(target, hole, references, hidden)
        painted = out[0].float().permute(1, 2, 0).cpu().numpy()
        picture = np.where(self.clip.hole(t)[..., None], painted, self.clip.picture(t))
        self.done[t] = picture
        self._encoded.pop((t, True), None)
        return picture

    @torch.inference_mode()
    def aligned(self, t: int) -> tuple[list[int], Tensor, Tensor, Aligned]:
        """Return how frame t sees its references: their numbers, what is encoded, and aligned.

        That is the target's features (C, h, w), the references' (R, C, h, w), and `Aligned`
        without the batch's dimension.
        """
        target, references, hidden = self._seen(t)
        found = self.network.align(target, references, hidden)
        return self._references(t), target[0], references[0], Aligned(*(part[0] for part in found))

    def _references(self, t: int) -> list[int]:
        return references_of(t, len(self.clip.frames), self.distances)

    def _seen(self, t: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return a target's features, those of its references, and the masks of these."""
        target, numbers = self._features(t, completed=False), self._references(t)
        reach = max(map(abs, self.distances), default=0)
        self._encoded = {key: x for key, x in self._encoded.items() if abs(key[0] - t) <= reach}
        completed = [number in self.done for number in numbers]
        which = list(zip(numbers, completed, strict=True))
        features = [self._features(number, completed=state) for number, state in which]
        hidden = [self._reduced(number, completed=state) for number, state in which]
        # With an empty one in front, there may be none.
        return target, _joined(target[:0], features), _joined(target[:0, :1], hidden)

    def _features(self, t: int, *, completed: bool) -> Tensor:
        """Return the features (1, C, h, w) of a frame as it is given, or as it was completed."""
        key = t, completed
        if key not in self._encoded:
            picture = self.done[t] if completed else self.clip.picture(t)
            given = torch.from_numpy(picture).permute(2, 0, 1)[None].to(self._like)
            mask = self._mask(t, completed=completed)
            with exact_convolutions(given.device, given.dtype):
                self._encoded[key] = self.network.encode(given, mask)
        return self._encoded[key]

    def _reduced(self, t: int, *, completed: bool) -> Tensor:
        """Return the mask of a frame at the size of the features, (1, 1, h, w)."""
        return self.network.reduce_mask(self._mask(t, completed=completed))

    def _mask(self, t: int, *, completed: bool) -> Tensor:
        hole = self.clip.hole(t) & (not completed)
        return torch.from_numpy(hole)[None, None].to(self._like)


def _joined(empty: Tensor, pictures: list[Tensor]) -> Tensor:
    """Return pictures (1, C, h, w), any number, as (1, R, C, h, w)."""
    return torch.cat([empty, *pictures])[None]
