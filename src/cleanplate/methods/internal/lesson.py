"""What a network learns from a clip, step by step, and what it is judged by.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021,
sections 3.1 to 3.3. All that is drawn depends on the seed and the number of the step alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cleanplate.losses import contextual, nearest_cosine, plain_l1
from cleanplate.methods.internal.material import Material, shown, to_tensor
from cleanplate.methods.internal.moved import draw_offset, moved
from cleanplate.methods.internal.network import Network
from cleanplate.methods.internal.plan import Teaching
from cleanplate.methods.internal.transform import RANGES, Change, draw_change
from cleanplate.training.lesson import frozen
from cleanplate.vgg import Kind, load_features
from cleanplate.video import Holes

MATCH = {"contextual": contextual, "nearest": nearest_cosine}
RELU4_2 = Kind("VGG-19", (2, 2, 4, 4, 4), (22,))  # block4_conv2 of the official code
JUDGED = 8  # frames at most: a judgement is to cost less than the steps between two


class Lesson:
    """Whole frames with moved holes, to be told again from what is around them and from memory."""

    def __init__(self, material: Material, teaching: Teaching, device: torch.device) -> None:
        self.material, self.teaching, self.device = material, teaching, device
        self.marked = np.flatnonzero(material.holes.any(axis=(1, 2)))  # frames that have a hole
        judged = np.flatnonzero(material.held.any(axis=(1, 2)))
        spread = np.linspace(0, len(judged) - 1, min(JUDGED, len(judged)))
        self.judged = judged[spread.round().astype(np.intp)]
        self.vgg = None
        if teaching.vgg and teaching.ambiguity:
            self.vgg = load_features(teaching.vgg, RELU4_2, normalised=True).to(device)

    def losses(self, network: Network, step: int) -> dict[str, Tensor]:
        """Return the loss of a step as "total", and the terms that it is put together from."""
        told, rng = self.teaching, np.random.default_rng([self.teaching.seed, step])
        frames, hidden = self._draw(step, rng)
        pictures, secret = self.material.pictures[frames], self.material.secret[frames]
        truth, unknown = shown(pictures, secret, self.device)
        painted = self._painted(network, pictures, secret | hidden)
        terms = {"known": _l1(painted, [truth] * len(painted), 1 - unknown)}
        total = terms["known"]
        if told.ambiguity:
            terms["ambiguity"] = self._ambiguity(network, painted[-1], truth, 1 - unknown)
            total = total + told.ambiguity * terms["ambiguity"]
        if told.stabilisation:
            change = draw_change(secret.shape[1:], RANGES[told.transforms], rng)
            terms["stabilisation"] = self._stabilisation(
                network, painted, pictures, (secret, hidden), change
            )
            total = total + told.stabilisation * terms["stabilisation"]
        return {"total": total, **terms}

    def judge(self, network: Network) -> float | None:
        """Return how far off the network is where pixels are held out, in levels of 0 to 255.

        It is the mean absolute difference, over frames spread over the clip; None where nothing is
        held out.
        """
        if not len(self.judged):
            return None
        off, count = 0.0, 0
        for t in self.judged:
            picture, held = self.material.pictures[t], self.material.held[t]
            painted = self._painted(network, picture[None], self.material.secret[t][None])[-1]
            result = painted[0].permute(1, 2, 0).cpu().numpy()[held]
            off += float(np.abs(result - picture[held]).sum())
            count += result.size
        return off / count * 255 / 2

    def _draw(self, step: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], Holes]:
        """Return the frames of a step, and the moved holes (N, H, W) that are hidden in them."""
        holes, told = self.material.holes, self.teaching
        if told.order == "consecutive":
            frames = (step * told.batch + np.arange(told.batch)) % len(holes)
        else:
            frames = rng.integers(len(holes), size=told.batch)
        taken = rng.choice(self.marked, told.batch)
        offset = draw_offset(holes[taken[0]], rng, near=told.near)
        return frames, moved(holes[taken], offset)

    def _painted(
        self, network: Network, pictures: NDArray[np.float32], hidden: Holes
    ) -> list[Tensor]:
        """Return what every part of the network paints, (N, 3, H, W) each."""
        return [each.float() for each in network(*shown(pictures, hidden, self.device))]

    def _ambiguity(self, network: Network, painted: Tensor, truth: Tensor, known: Tensor) -> Tensor:
        """Return how unlike what is painted is to another frame of the batch (section 3.2)."""
        reference, there = truth.flip(0), known.flip(0)
        with frozen(network), torch.autocast(painted.device.type, enabled=False):
            ours, theirs = (self._features(network, each * there) for each in (painted, reference))
            return MATCH[self.teaching.matching](ours, theirs)

    def _features(self, network: Network, pictures: Tensor) -> Tensor:
        """Return features (N, C, h, w) at an eighth of the size."""
        if self.vgg is not None:
            return cast(Tensor, self.vgg(pictures[None])[0][0])
        return functional.avg_pool2d(network.features(pictures), 2, ceil_mode=True)

    def _stabilisation(
        self,
        network: Network,
        painted: list[Tensor],
        pictures: NDArray[np.float32],
        hidden: tuple[Holes, Holes],
        change: Change,
    ) -> Tensor:
        """Return how far what is painted does not change as its frames do (section 3.3).

        hidden: what is secret of the pictures, and the moved holes.
        """
        secret, more = hidden
        before = np.where(secret[..., None], np.float32(0), pictures)
        after, lost = change.apply(before, secret)
        again = self._painted(network, *change.apply(before, secret | more))
        changes = [two - one for one, two in zip(painted, again, strict=True)]
        wanted = to_tensor(after - before, self.device)
        known = to_tensor(~(secret | lost)[..., None], self.device)
        return _l1(changes, [wanted] * len(changes), known)


def _l1(results: Sequence[Tensor], wanted: Sequence[Tensor], known: Tensor) -> Tensor:
    """Return the sum over parts of the mean difference where it is known, over all pixels."""
    each = [plain_l1(a, b, known) for a, b in zip(results, wanted, strict=True)]
    return torch.stack(each).sum()
