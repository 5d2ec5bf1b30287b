"""From coarse to fine: networks that correct, part by part, what coarser ones made of a picture.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021,
section 4.1: first the whole picture, small; then parts of it at twice the size and twice again,
with what comes from below as a further input. How seams are blended the paper does not say.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.methods.internal.correction import corrected
from cleanplate.methods.internal.network import Network
from cleanplate.methods.internal.options import UNIT
from cleanplate.methods.internal.view import Picture, View
from cleanplate.region import Region

_WORTH = 1.5  # times the working size, either way: from there on a picture is worth a step


def factors_of(size: tuple[int, ...], coarsest: tuple[int, int]) -> list[int]:
    """Return how many pixels of a picture are one at each step above the coarsest, 1 the last.

    >>> factors_of((2160, 3840), (240, 432)), factors_of((480, 854), (240, 432))
    ([4, 2, 1], [1])
    >>> factors_of((300, 500), (240, 432))
    []
    """
    ratio = math.sqrt(size[0] * size[1] / (coarsest[0] * coarsest[1]))
    steps = 0 if ratio < _WORTH else max(1, round(math.log2(ratio)))
    return [1 << step for step in reversed(range(steps))]


class Ladder:
    """Networks for pictures of a size (height, width), one for each step above the coarsest.

    patch: (height, width) of the parts that they see. networks: those that are there already.
    """

    def __init__(
        self,
        size: tuple[int, ...],
        factors: list[int],
        patch: tuple[int, int],
        device: torch.device,
    ) -> None:
        self.factors, self.device = factors, device
        self.real = [tuple(-(-side // factor) for side in size) for factor in factors]
        self.sizes = [tuple(_up(side) for side in real) for real in self.real]
        self.patches = [
            tuple(min(_up(most), side) for most, side in zip(patch, whole, strict=True))
            for whole in self.sizes
        ]
        self.networks: list[Network] = []

    def around(self, step: int, row: float, column: float) -> Region:
        """Return the part of a step's picture around a place, as large as its network sees."""
        (top, bottom), (left, right) = (
            _span(at, length, side)
            for at, length, side in zip(
                (row, column), self.patches[step], self.sizes[step], strict=True
            )
        )
        return Region(top, bottom, left, right)

    def seen(self, view: View, place: Region, step: int) -> Picture:
        """Return what the network of a step is shown of a part, (h, w, 7), with what lies below."""
        return self._seen(view, place, step)[0]

    def whole(self, view: View) -> Picture:
        """Return all that is added to a view, (H, W, 3), at its own size, in parts that overlap.

        Without a step above the coarsest that is all, at its size.
        """
        total = view.coarse
        if not self.networks:
            return total
        for step, network in enumerate(self.networks):
            total = self._enlarged(total, step)
            self._add(network, view, step, total)
        height, width = view.frame.shape[:2]
        return total[:height, :width]

    def _seen(self, view: View, place: Region, step: int) -> tuple[Picture, Picture]:
        """Return what a network is shown of a part, and what of that the steps below added."""
        seen, below = view.part(place, self.factors[step]), self._below(view, place, step)
        seen[..., :3] += seen[..., 3:4] * below
        return seen, below

    def _below(self, view: View, place: Region, step: int) -> Picture:
        """Return what the steps below add to a part, (h, w, 3)."""
        if step == 0:
            return place.crop(self._enlarged(view.coarse, step))
        half = place.shrunk(2)
        under = self.around(step - 1, (half.top + half.bottom) / 2, (half.left + half.right) / 2)
        seen, below = self._seen(view, under, step - 1)
        change = (below + self._change(self.networks[step - 1], seen)).astype(np.float32)
        large = cv2.resize(change, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        return place.within(under.scaled(2)).crop(np.asarray(large, np.float32))

    def _add(self, network: Network, view: View, step: int, total: Picture) -> None:
        """Add what a network corrects of a step's whole picture, in place."""
        changes = np.zeros_like(total)
        weights = np.zeros((*total.shape[:2], 1), np.float32)
        size, patch = self.sizes[step], self.patches[step]
        box = view.cover.box.shrunk(self.factors[step])
        for top in _starts(patch[0], size[0]):
            for left in _starts(patch[1], size[1]):
                place = Region(top, top + patch[0], left, left + patch[1])
                if _apart(place, box):
                    continue
                seen = view.part(place, self.factors[step])
                if not seen[..., 3].any():
                    continue
                seen[..., :3] += seen[..., 3:4] * place.crop(total)
                ramp = np.outer(_ramp(patch[0]), _ramp(patch[1]))[..., None]
                place.crop(changes)[...] += ramp * self._change(network, seen)
                place.crop(weights)[...] += ramp
        total += changes / np.maximum(weights, 1e-6)

    @torch.no_grad()
    def _change(self, network: Network, seen: Picture) -> Picture:
        """Return what a network adds to what it is shown, (h, w, 3)."""
        painted = corrected(network, seen[None], self.device)[-1][0].float()
        return np.asarray(painted.permute(1, 2, 0).cpu().numpy() - seen[..., :3], np.float32)

    def _enlarged(self, below: Picture, step: int) -> Picture:
        """Bring what lies below a step to its size; beyond the border it goes on as it ends."""
        height, width = self.sizes[step]
        if step:
            large = cv2.resize(below, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
            return np.array(large[:height, :width], np.float32)
        real = self.real[step]
        large = cv2.resize(below, (real[1], real[0]), interpolation=cv2.INTER_LINEAR)
        more = height - real[0], width - real[1]
        large = cv2.copyMakeBorder(large, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE)
        return np.asarray(large, np.float32)


def _up(side: int) -> int:
    """Return the next multiple of UNIT."""
    return -(-side // UNIT) * UNIT


def _span(at: float, length: int, side: int) -> tuple[int, int]:
    """Return where a stretch of a side begins and ends that has a place in its middle."""
    start = min(max(int(at) - length // 2, 0), side - length)
    return start, start + length


def _starts(length: int, side: int) -> list[int]:
    """Return where stretches begin that cover a side, each of which shares half with the next.

    >>> _starts(4, 9), _starts(4, 4)
    ([0, 2, 4, 5], [0])
    """
    starts = list(range(0, side - length + 1, max(length // 2, 1)))
    return starts if starts[-1] == side - length else [*starts, side - length]


def _ramp(length: int) -> NDArray[np.float32]:
    """Return weights that fall from the middle of a stretch towards both ends, above 0."""
    away = np.abs(np.arange(length) - (length - 1) / 2)
    return np.asarray(1 - away / (length / 2), np.float32)


def _apart(one: Region, other: Region) -> bool:
    return (
        one.bottom <= other.top
        or other.bottom <= one.top
        or one.right <= other.left
        or other.right <= one.left
    )
