"""What a network learns from an object's mask in one frame: to find the object anywhere.

Ouyang et al., ICCV 2021, section 4.2: the object is moved within its own frame, and to be found
there. All that is drawn depends on the seed and the number of the step alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.methods.internal.material import to_tensor
from cleanplate.methods.internal.moved import moved
from cleanplate.methods.internal.transform import Ranges, draw_change
from cleanplate.video import Holes
from cleanplate.warp import warp_by

# The paper only moves the object. It also turns and comes closer in later frames.
VIEWS = Ranges(shift=8, turn=15, scale=(0.8, 1.25), shear=10, brightness=0.1)


@dataclass(frozen=True)
class Marked:
    """A frame whose object is known: picture (h, w, 3) from -1 to 1, hole (h, w) bool."""

    picture: NDArray[np.float32]
    hole: Holes


class MaskLesson:
    """Frames into which their own object is pasted once more, anywhere.

    marked: such frames; those without the object tell what is none of it. background: how much it
    counts to be right beside the object: below 1 rather too much is found than too little.
    """

    def __init__(
        self,
        marked: Mapping[int, Marked],
        *,
        batch: int,
        background: float,
        seed: int,
        device: torch.device,
    ) -> None:
        self.marked, self.device = list(marked.values()), device
        self.objects = [each for each in self.marked if each.hole.any()]
        self.batch, self.background, self.seed = batch, background, seed

    def losses(self, network: nn.Module, step: int) -> dict[str, Tensor]:
        """Return the loss of a step as "total"."""
        rng = np.random.default_rng([self.seed, step])
        drawn = [self._draw(rng) for _ in range(self.batch)]
        pictures, wanted, counted = (np.stack(each) for each in zip(*drawn, strict=True))
        truth = to_tensor(wanted[..., None], self.device)
        weight = to_tensor(counted[..., None], self.device)
        found = self._found(network, step, to_tensor(pictures, self.device)).float()
        total = weighted_entropy(found, truth, weight, background=self.background)
        return {"total": total}

    def judge(self, network: nn.Module) -> None:
        """Nothing of the object is held out: the mask of one frame is all there is."""
        return

    def _found(self, network: nn.Module, step: int, pictures: Tensor) -> Tensor:
        """Return logits; what is dropped out depends on the step alone as well."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(np.random.default_rng([self.seed, step, 1]).integers(1 << 62))
            logits: Tensor = network(pictures)
        return logits

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], Holes, Holes]:
        """Return a picture with a pasted object, where it is, and what of the picture counts.

        The object's own place does not: nothing is known of what it would look like there.
        """
        here = self.marked[int(rng.integers(len(self.marked)))]
        other = self.objects[int(rng.integers(len(self.objects)))]
        offset = tuple(int(rng.integers(side)) for side in here.hole.shape)
        change = draw_change(here.hole.shape, VIEWS, rng)
        rolled = np.roll(other.picture, offset, axis=(0, 1))
        hole = moved(other.hole[None], (offset[0], offset[1]))[0]
        pasted = warp_by(hole.astype(np.float32), change.flow) > 0.5
        bright = (warp_by(rolled, change.flow) + 1) * np.float32(change.brightness) - 1
        picture = np.where(pasted[..., None], bright, here.picture).astype(np.float32)
        flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
        return picture[:, flip], pasted[:, flip], ~here.hole[:, flip]


def weighted_entropy(logits: Tensor, truth: Tensor, weight: Tensor, *, background: float) -> Tensor:
    """Return the mean cross entropy, (N, 1, H, W) each, where the background counts less.

    truth: 1 where the object is, else 0. weight: of each pixel.
    """
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (each * weight * (truth + background * (1 - truth))).mean()
