"""TAAN's network: references are aligned with the target, put together, and decoded with it.

Liu et al., "Temporal Adaptive Alignment Network for Deep Video Inpainting", IJCAI 2020. No code was
published, and the paper leaves much open: what the layers are is a choice of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.methods.taan.aggregate import aggregate
from cleanplate.methods.taan.align import TAPS, deformable, deformed_mean
from cleanplate.methods.taan.layers import LEAK, layer
from cleanplate.methods.taan.places import ALIGNMENTS, Aligner

REDUCTION = 4  # pixels of the picture a pixel of the features, along either side
UNIT = 16  # pixels that both sides of a picture are a multiple of: the U-Net goes down to it
REDUCTIONS = ("any", "nearest")
MASK_ALIGNMENTS = ("visibility", "learned")

# What no machine could compute with is refused: a file of weights may say anything.
MOST_CHANNELS, MOST_BLOCKS, LARGEST_SIDE = 4096, 64, 4096


@dataclass(frozen=True)
class Config:
    """How the network is built.

    size: (height, width) of the pictures in training, multiples of 16; any other such will do.
    channels: of the features. groups: of channels, each with offsets of its own. dilations: of the
    reconstruction's blocks. alignment: a name in ALIGNMENTS, see `places`. mask_reduction: a pixel
    of the features is hidden where "any" of its pictures' pixels is, or the "nearest" one.
    mask_alignment: "visibility" is averaged over the places that the features come from, and there
    is none beyond the border; or masks go through a "learned" deformable convolution and are cut to
    0 to 1, as the paper can be read. literal: the formulas of the aggregation as they are printed,
    see `aggregate`.
    """

    size: tuple[int, int] = (256, 256)
    channels: int = 128
    groups: int = 8
    dilations: tuple[int, ...] = (2, 4, 8, 16)
    alignment: str = "deformable"
    mask_reduction: str = "any"
    mask_alignment: str = "visibility"
    literal: bool = False

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        for name, value, most in (
            ("channels", self.channels, MOST_CHANNELS), ("groups", self.groups, MOST_CHANNELS),
            ("dilations", len(self.dilations), MOST_BLOCKS),
            *(("dilations", dilation, LARGEST_SIDE) for dilation in self.dilations),
            *(("size", side, LARGEST_SIDE) for side in self.size),
        ):  # fmt: skip
            if not 1 <= value <= most:
                raise BadInput(f"{name} is {getattr(self, name)}. Give 1 to {most} of it.")
        if self.channels % self.groups or self.channels % 2:
            raise BadInput(
                f"channels is {self.channels}. Give an even multiple of the {self.groups} groups."
            )
        if any(side % UNIT for side in self.size):
            raise BadInput(f"size is {self.size}. Give multiples of {UNIT}.")
        for name, known in (
            ("alignment", tuple(ALIGNMENTS)), ("mask_reduction", REDUCTIONS),
            ("mask_alignment", MASK_ALIGNMENTS),
        ):  # fmt: skip
            if getattr(self, name) not in known:
                raise BadInput(
                    f"{name} {getattr(self, name)!r} is unknown. Choose one of: {', '.join(known)}."
                )

    @property
    def unit(self) -> int:
        """Pixels that both sides of a picture are a multiple of."""
        return UNIT

    @classmethod
    def small(cls) -> Config:
        """Return one of a quarter of the parameters, for machines without a GPU."""
        return cls(size=(128, 128), channels=64)

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(size=(48, 96), channels=8, groups=2, dilations=(2, 4))


class Aligned(NamedTuple):
    """References as the target sees them.

    features: (B, R, C, h, w). hidden: (B, R, K, h, w), from 0 to 1, how far they are not seen; a
    part for each group or channel. offsets: (B, R, G, 9, 2, h, w), (dy, dx) in pixels of the
    features, where each tap looked.
    """

    features: Tensor
    hidden: Tensor
    offsets: Tensor


class Network(nn.Module):
    """The generator.

    Pictures are (..., 3, H, W) from -1 to 1 with nothing (0) in their holes, masks (..., 1, H, W)
    with 1 in the holes.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        wide, half = config.channels, config.channels // 2
        self.encoder = nn.Sequential(
            *layer(4, half, kernel=5),
            *layer(half, half, stride=2),
            *layer(half, wide),
            *layer(wide, wide, stride=2),
            *layer(wide, wide),
            *layer(wide, wide),
        )
        self.alignment = TemporalAlignment(config)
        self.reconstruction = nn.Sequential(
            *layer(2 * wide + 1, wide),
            *(DilationBlock(wide, dilation) for dilation in config.dilations),
            *layer(wide, wide),
            nn.Upsample(scale_factor=2),
            *layer(wide, half),
            nn.Upsample(scale_factor=2),
            *layer(half, half),
            nn.Conv2d(half, 3, 3, padding=1),
        )
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, a=LEAK)  # He et al., ICCV 2015
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        self.alignment.begin_at_rest()

    def forward(self, frames: Tensor, masks: Tensor) -> Tensor:
        """Return the target, (B, 3, H, W) from -1 to 1.

        frames: (B, 1 + R, 3, H, W), the target first, then its references, any number. masks:
        (B, 1 + R, 1, H, W).
        """
        size = frames.shape[:2]
        features = torch.unflatten(self.encode(frames.flatten(0, 1), masks.flatten(0, 1)), 0, size)
        hidden = torch.unflatten(self.reduce_mask(masks.flatten(0, 1)), 0, size)
        return self.fill(features[:, 0], hidden[:, 0], features[:, 1:], hidden[:, 1:])

    def encode(self, frames: Tensor, masks: Tensor) -> Tensor:
        """Return the features (N, C, h, w) of pictures (N, 3, H, W) and masks (N, 1, H, W)."""
        features: Tensor = self.encoder(torch.cat([frames, masks], dim=1))
        return features

    def reduce_mask(self, masks: Tensor) -> Tensor:
        """Return masks (N, 1, H, W) at the size of the features, (N, 1, h, w)."""
        if self.config.mask_reduction == "any":
            return functional.max_pool2d(masks, REDUCTION)
        return masks[:, :, ::REDUCTION, ::REDUCTION]

    def fill(self, target: Tensor, hole: Tensor, references: Tensor, hidden: Tensor) -> Tensor:
        """Return the target (B, 3, H, W), given what is encoded.

        target: (B, C, h, w). hole: (B, 1, h, w). references: (B, R, C, h, w). hidden: their masks
        (B, R, 1, h, w).
        """
        aligned = self.align(target, references, hidden)
        literal = self.config.literal
        found, missing = aggregate(
            target, references, aligned.features, hole, aligned.hidden, literal=literal
        )
        return torch.tanh(self.reconstruction(torch.cat([target, found, missing], dim=1)))

    def align(self, target: Tensor, references: Tensor, hidden: Tensor) -> Aligned:
        """Return references as the target sees them; shapes as for `fill`."""
        batch, count = references.shape[:2]
        targets = target[:, None].expand_as(references).flatten(0, 1)
        flat = self.alignment(targets, references.flatten(0, 1), hidden.flatten(0, 1))
        return Aligned(*(torch.unflatten(part, 0, (batch, count)) for part in flat))


class TemporalAlignment(nn.Module):
    """Temporal adaptive alignment (section 3.2): offsets are estimated, features drawn along them.

    Masks go the same way.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        wide = config.channels
        self.places: Aligner = ALIGNMENTS[config.alignment](wide, config.groups)
        self.features = Kernel(wide)
        self.masks = Kernel(wide) if config.mask_alignment == "learned" else None

    def begin_at_rest(self) -> None:
        """Have every tap look at its own place and count by 1; of masks the mean is taken."""
        self.places.begin_at_rest()
        if self.masks is not None:
            with torch.no_grad():
                nn.init.dirac_(self.masks.weight)
                self.masks.weight[:] = self.masks.weight.sum(dim=(2, 3), keepdim=True) / len(TAPS)

    def forward(self, targets: Tensor, references: Tensor, hidden: Tensor) -> Aligned:
        """Return N references as their targets see them, without the batch's dimension.

        targets, references: (N, C, h, w). hidden: (N, 1, h, w).
        """
        offsets, modulators = self.places(targets, references)
        # Places need all their digits.
        with torch.autocast(offsets.device.type, enabled=False):
            features = self.features(references.float(), offsets, modulators)
            return Aligned(features, self._hidden(hidden, offsets, modulators), offsets)

    def _hidden(self, hidden: Tensor, offsets: Tensor, modulators: Tensor) -> Tensor:
        """Return how far aligned references are not seen, (N, K, h, w)."""
        if self.masks is None:
            return 1 - deformed_mean(1 - hidden, offsets, modulators)
        repeated = hidden.expand(-1, self.masks.weight.shape[1], -1, -1)
        out: Tensor = self.masks(repeated, offsets, modulators)
        return out.clamp(0, 1)


class Kernel(nn.Module):
    """The kernel of a deformable convolution of 3x3, from as many channels to as many."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.kaiming_normal_(self.weight, a=LEAK)

    def forward(self, features: Tensor, offsets: Tensor, modulators: Tensor) -> Tensor:
        """Return (N, C, h, w); see `deformable`."""
        return deformable(features, offsets, modulators, self.weight, self.bias)


class DilationBlock(nn.Module):
    """Two convolutions, the first with holes; what they find is added to what was."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *layer(channels, channels, dilation=dilation),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, h, w) of the same shape."""
        out: Tensor = features + self.layers(features)
        return out
