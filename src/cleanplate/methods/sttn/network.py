"""STTN's generator: every frame encoded, patches of all frames mixed by attention, decoded.

Zeng, Fu, Chao, "Learning Joint Spatial-Temporal Transformations for Video Inpainting", ECCV 2020.
The keys of its state dict are those of the official code, so that published weights fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.methods.sttn.attention import PatchAttention
from cleanplate.region import Region

LEAK = 0.2  # slope of LeakyReLU below 0
STARTS = ("official", "even")
REDUCTION = 4  # pixels of the picture a pixel of the features, along either side
DECODER_REACH = 4  # pixels of the features, to either side, that a pixel's colour depends on


# What no machine could compute with is refused: a file of weights may say anything.
MOST_HEADS, MOST_BLOCKS, MOST_CHANNELS, LARGEST_SIDE = 16, 64, 4096, 4096


@dataclass(frozen=True)
class Config:
    """How the network is built.

    size: (height, width) of the pictures; their quarter is divisible by every division. channels:
    of the features, 4 times a whole number. blocks: of attention (the paper's text says eight, its
    count of parameters six; the code has eight). divisions: a head for each; it cuts either side of
    a frame into so many patches. mask_attention: patches of holes are not attended to, as in
    equation 4 of the paper; the official code drops its mask, and its weights expect that. depth:
    frames that a patch spans, as the paper's outlook proposes; those that are looked at are taken
    by so many in the order of the list, neighbours first, then references. start: of the weights,
    "official", where features of narrow networks begin next to nothing, or "even", where all layers
    keep what they are given about as large (He et al., ICCV 2015).
    """

    size: tuple[int, int] = (240, 432)
    channels: int = 256
    blocks: int = 8
    divisions: tuple[int, ...] = (1, 3, 6, 12)
    mask_attention: bool = False
    depth: int = 1
    start: str = "official"

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        heads = len(self.divisions)
        for name, value, most in (
            ("divisions", heads, MOST_HEADS), ("blocks", self.blocks, MOST_BLOCKS),
            ("depth", self.depth, MOST_BLOCKS), ("channels", self.channels, MOST_CHANNELS),
            *(("divisions", division, LARGEST_SIDE) for division in self.divisions),
            *(("size", side, LARGEST_SIDE) for side in self.size),
        ):  # fmt: skip
            if not 1 <= value <= most:
                raise BadInput(f"{name} is {getattr(self, name)}. Give 1 to {most} of it.")
        if self.start not in STARTS:
            raise BadInput(f"start is {self.start!r}. Choose one of: {', '.join(STARTS)}.")
        if self.channels < 4 or self.channels % math.lcm(4, heads):
            raise BadInput(f"channels is {self.channels}. Give a multiple of {math.lcm(4, heads)}.")
        if any(side % self.unit for side in self.size):
            raise BadInput(f"size is {self.size}. Give multiples of {self.unit}.")

    @property
    def unit(self) -> int:
        """Pixels that both sides of a picture are a multiple of."""
        return REDUCTION * math.lcm(*self.divisions)

    @classmethod
    def small(cls) -> Config:
        """Return one of 2.7 million parameters, for machines without a GPU."""
        return cls(channels=128, blocks=5, start="even")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(size=(48, 96), channels=16, blocks=2)


class Network(nn.Module):
    """The generator.

    Pictures are (B, T, 3, H, W) from -1 to 1 with nothing (0) in their holes, masks (B, T, 1, H, W)
    with 1 in the holes. The mask goes to the attention only.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        wide, half, quarter = config.channels, config.channels // 2, config.channels // 4
        # The official order: it decides which random numbers a seed gives to which layer.
        self.transformer = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.encoder = nn.Sequential(
            *(nn.Conv2d(3, quarter, 3, 2, 1), nn.LeakyReLU(LEAK)),
            *(nn.Conv2d(quarter, quarter, 3, 1, 1), nn.LeakyReLU(LEAK)),
            *(nn.Conv2d(quarter, half, 3, 2, 1), nn.LeakyReLU(LEAK)),
            *(nn.Conv2d(half, wide, 3, 1, 1), nn.LeakyReLU(LEAK)),
        )
        self.decoder = nn.Sequential(
            *(Enlarge(wide, half), nn.LeakyReLU(LEAK)),
            *(nn.Conv2d(half, quarter, 3, 1, 1), nn.LeakyReLU(LEAK)),
            *(Enlarge(quarter, quarter), nn.LeakyReLU(LEAK)),
            nn.Conv2d(quarter, 3, 3, 1, 1),
        )
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, 0, _spread(name, layer, config))
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, frames: Tensor, masks: Tensor) -> Tensor:
        """Return all frames (B, T, 3, H, W), from -1 to 1."""
        batch, length = frames.shape[:2]
        features = torch.unflatten(self.encode(frames.flatten(0, 1)), 0, (batch, length))
        features = self.mix(features, self.reduce_mask(masks), length)
        return torch.unflatten(self.decode(features.flatten(0, 1)), 0, (batch, length))

    def encode(self, frames: Tensor) -> Tensor:
        """Return the features (N, C, h, w) of pictures (N, 3, H, W), each by itself."""
        features: Tensor = self.encoder(frames)
        return features

    def mix(self, features: Tensor, missing: Tensor, wanted: int) -> Tensor:
        """Let the patches of all frames attend to each other; return the first `wanted` frames.

        features: (B, T, C, h, w). missing: (B, T, h, w), 1 in holes.
        """
        for number, block in enumerate(self.transformer, start=1):
            features = block(features, missing, wanted if number == len(self.transformer) else None)
        return features

    def decode(self, features: Tensor) -> Tensor:
        """Return the pictures (N, 3, H, W) of features (N, C, h, w), each by itself."""
        return torch.tanh(self.decoder(features))

    def decode_part(self, features: Tensor, part: Region, size: tuple[int, int]) -> Tensor:
        """Return the part of the pictures that lies over a part of the features.

        features: (N, C, h, w), those of `part`, where all would be of a size (height, width). The
        result, (N, 3, 4h, 4w), is that of `decode` but for a few pixels (4 * `DECODER_REACH`) on
        sides where the features go on.
        """
        if part == Region(0, size[0], 0, size[1]):
            return self.decode(features)
        for layer in self.decoder:
            if isinstance(layer, Enlarge):
                features = layer.conv(enlarged_part(features, part, size))
                part, size = part.scaled(2), (2 * size[0], 2 * size[1])
            else:
                features = layer(features)
        return torch.tanh(features)

    def reduce_mask(self, masks: Tensor) -> Tensor:
        """Return masks (B, T, 1, H, W) at the size of the features: every fourth pixel."""
        return masks[:, :, 0, ::REDUCTION, ::REDUCTION]


class Block(nn.Module):
    """Attention over all frames, then a small network for each; both are added to what was."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention = PatchAttention(
            config.channels,
            config.divisions,
            masked=config.mask_attention,
            depth=config.depth,
        )
        self.feed_forward = FeedForward(config.channels)

    def forward(self, features: Tensor, missing: Tensor, wanted: int | None) -> Tensor:
        """Return features (B, T, C, h, w), of the first `wanted` frames alone if that is given."""
        features = features[:, :wanted] + self.attention(features, missing, wanted)
        flat = features.flatten(0, 1)
        return torch.unflatten(flat + self.feed_forward(flat), 0, features.shape[:2])


class FeedForward(nn.Module):
    """Two convolutions, the first with holes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(nn.Conv2d(channels, channels, 3, 1, 2, dilation=2), nn.LeakyReLU(LEAK)),
            *(nn.Conv2d(channels, channels, 3, 1, 1), nn.LeakyReLU(LEAK)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, h, w) of the same shape."""
        out: Tensor = self.conv(features)
        return out


class Enlarge(nn.Module):
    """Twice the size, corners on corners, then a convolution."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, out, 2h, 2w) of (N, channels, h, w)."""
        large = functional.interpolate(
            features, scale_factor=2, mode="bilinear", align_corners=True
        )
        out: Tensor = self.conv(large)
        return out


def _spread(name: str, layer: nn.Conv2d, config: Config) -> float:
    """Return the standard deviation of a layer's weights at the start of training."""
    if config.start == "official":
        return 0.02
    followed = not (name.endswith("embedding") or name == "decoder.6")  # by a LeakyReLU
    gain = math.sqrt(2 / (1 + LEAK**2)) if followed else 1.0
    if name.endswith(("output_linear.0", "feed_forward.conv.2")):
        gain /= math.sqrt(2 * config.blocks)  # as many are added up
    return gain / math.sqrt(layer.weight[0].numel())


def enlarged_part(features: Tensor, part: Region, size: tuple[int, int]) -> Tensor:
    """Return a part of (N, C, h, w) at twice the size, as `Enlarge` has all of them.

    size: (height, width) of all. Where the features end but should go on, the last are repeated.
    """
    pixels = features.permute(0, 2, 3, 1)
    for axis, (start, stop, side) in enumerate(
        ((part.top, part.bottom, size[0]), (part.left, part.right, size[1])), start=1
    ):
        places = torch.arange(2 * start, 2 * stop, device=features.device, dtype=torch.float32)
        places = (places * ((side - 1) / (2 * side - 1)) - start).clamp(0, stop - start - 1)
        before = places.floor().long()
        after = (before + 1).clamp(max=stop - start - 1)
        share = (
            (places - before).to(features.dtype).view([-1 if n == axis else 1 for n in range(4)])
        )
        pixels = pixels.index_select(axis, before).lerp_(pixels.index_select(axis, after), share)
    return pixels.permute(0, 3, 1, 2)
