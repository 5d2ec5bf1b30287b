"""Where the taps of the alignment's kernel look in a reference, and how much each counts.

Liu et al., IJCAI 2020, section 3.2: every place has offsets of its own, "deformable". The others
are what the paper holds against it: no alignment, "plain", and one "affine" map for the whole
picture, as in Lee et al., "Copy-and-Paste Networks for Deep Video Inpainting", ICCV 2019.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.methods.taan.align import TAPS
from cleanplate.methods.taan.layers import layer


class Places(NamedTuple):
    """For each of G groups of channels and each of nine taps.

    offsets: (N, G, 9, 2, h, w), (dy, dx) in pixels of the features, from where the tap would look
    in an ordinary convolution. modulators: (N, G, 9, h, w), how much it counts.
    """

    offsets: Tensor
    modulators: Tensor


class Aligner(nn.Module, ABC):
    """What tells where targets look in their references."""

    @abstractmethod
    def begin_at_rest(self) -> None:
        """Have every tap look at its own place and count by 1."""

    @abstractmethod
    def forward(self, targets: Tensor, references: Tensor) -> Places:
        """Return where N targets look in their references, (N, C, h, w) each."""


class Deformable(Aligner):
    """Each place has offsets and modulators of its own, which a U-Net estimates."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self._groups = groups
        self.estimator = OffsetEstimator(channels)
        self.offsets = nn.Conv2d(channels, 3 * len(TAPS) * groups, 3, padding=1)

    def begin_at_rest(self) -> None:
        """Have every tap look at its own place and count by 1."""
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)  # type: ignore[arg-type]

    def forward(self, targets: Tensor, references: Tensor) -> Places:
        """Return where N targets look in their references, (N, C, h, w) each."""
        estimated = self.offsets(self.estimator(torch.cat([targets, references], dim=1))).float()
        shifts = torch.unflatten(estimated, 1, (self._groups, len(TAPS), 3))
        return Places(shifts[:, :, :, :2], 2 * shifts[:, :, :, 2].sigmoid())


class Plain(Aligner):
    """No alignment: every tap looks at its own place."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self._groups = groups

    def begin_at_rest(self) -> None:
        """Nothing is learned."""

    def forward(self, targets: Tensor, references: Tensor) -> Places:
        """Return where N targets look in their references, (N, C, h, w) each."""
        shape = len(references), self._groups, len(TAPS), *references.shape[2:]
        nothing, one = references.new_zeros(()).float(), references.new_ones(()).float()
        return Places(nothing.expand(*shape[:3], 2, *shape[3:]), one.expand(shape))


class Affine(Aligner):
    """One affine map for each pair of pictures, which a network estimates."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self._groups = groups
        self.estimator = nn.Sequential(
            *layer(2 * channels, channels, stride=2),
            *layer(channels, 2 * channels, stride=2),
            *layer(2 * channels, 2 * channels),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.map = nn.Linear(2 * channels, 6)

    def begin_at_rest(self) -> None:
        """Map every place to itself."""
        nn.init.zeros_(self.map.weight)
        nn.init.zeros_(self.map.bias)

    def forward(self, targets: Tensor, references: Tensor) -> Places:
        """Return where N targets look in their references, (N, C, h, w) each."""
        pairs = torch.cat([targets, references], dim=1)
        count, _, height, width = references.shape
        # (N, 2, 3): how far (dy, dx) it goes in the middle, and how much further at the borders.
        terms = self.map(self.estimator(pairs)).float().view(count, 1, 1, 2, 3, 1, 1)
        kernel = terms.new_tensor(TAPS).view(1, 1, len(TAPS), 2, 1, 1)
        y, x = (_centred(side, kernel[:, :, :, axis], axis)
                for axis, side in enumerate((height, width)))  # fmt: skip
        flat = terms[..., 0, :, :] + terms[..., 1, :, :] * y[:, :, :, None]
        offsets = flat + terms[..., 2, :, :] * x[:, :, :, None]
        offsets = offsets.expand(-1, self._groups, -1, -1, -1, -1)
        return Places(offsets, offsets.new_ones(()).expand_as(offsets[:, :, :, 0]))


def _centred(side: int, taps: Tensor, axis: int) -> Tensor:
    """Return where taps look along a side, -1 to 1 from border to border; (1, 1, 9, h, w) or 1."""
    own = torch.arange(side, device=taps.device).view((-1, 1) if axis == 0 else (1, -1))
    return (2 * (own + taps) + 1) / side - 1


class OffsetEstimator(nn.Module):
    """A U-Net over target and reference, down to a quarter of the features' size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fine = nn.Sequential(*layer(2 * channels, channels))
        self.middle = nn.Sequential(*layer(channels, channels, stride=2))
        self.coarse = nn.Sequential(*layer(channels, 2 * channels, stride=2))
        self.to_middle = nn.Sequential(*layer(3 * channels, channels))
        self.to_fine = nn.Sequential(*layer(2 * channels, channels))

    def forward(self, pair: Tensor) -> Tensor:
        """Return (N, C, h, w) of (N, 2C, h, w), whose sides are multiples of 4."""
        fine = self.fine(pair)
        middle = self.middle(fine)
        up = self.to_middle(torch.cat([_twice(self.coarse(middle)), middle], dim=1))
        out: Tensor = self.to_fine(torch.cat([_twice(up), fine], dim=1))
        return out


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


ALIGNMENTS: dict[str, Callable[[int, int], Aligner]] = {
    "deformable": Deformable,
    "plain": Plain,
    "affine": Affine,
}
