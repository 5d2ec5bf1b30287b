"""DeepFill v1, which completes single pictures: a coarse stage, and one that attends to patches.

Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, as the official code
of Xu et al., CVPR 2019, has it: for what no frame shows. The keys of its state dict are those of
that code, so that published weights fit; its pictures are BGR.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.errors import BadInput
from cleanplate.methods.flow_guided.contextual import contextual_attention

UNIT = 8  # pixels that both sides of the network's pictures are a multiple of
INPUTS = 5  # planes: a picture's three, one of ones, and the mask
DILATIONS = (2, 4, 8, 16)


@dataclass(frozen=True)
class Config:
    """How the network is built. width: channels of its first layer, an even number."""

    width: int = 32

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        if self.width < 2 or self.width % 2:
            raise BadInput(f"width is {self.width}. Give an even number from 2 up.")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(width=4)


class Network(nn.Module):
    """The generator; 3,601,542 parameters as published.

    Pictures are (B, 3, H, W), BGR from -1 to 1, with 0 in their holes, sides multiples of UNIT.
    Masks are (B, 1, H, W), 1 in holes; small masks the same at an eighth of the size.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        self.stage_1 = Coarse(config.width)
        self.stage_2 = Fine(config.width)

    def forward(
        self, pictures: Tensor, masks: Tensor, small_masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what either stage paints, (B, 3, H, W) from -1 to 1, in holes and beside."""
        planes = torch.cat([torch.ones_like(masks), masks], dim=1)
        coarse = self.stage_1(torch.cat([pictures, planes], dim=1))
        composed = pictures * (1 - masks) + coarse * masks
        return coarse, self.stage_2(torch.cat([composed, planes], dim=1), small_masks)


class Coarse(nn.Module):
    """The first stage: down to a quarter, wide looks around, and up again."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = Reduce(width, (1, 2, 2, 4, 4, 4))
        self.atrous = Atrous(4 * width)
        self.up = Enlarge(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 3, H, W) of (B, 5, H, W)."""
        out: Tensor = self.up(self.atrous(self.down(x)))
        return out


class Fine(nn.Module):
    """The second stage: two branches side by side, one of which attends to patches."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down_conv_branch = Reduce(width, (1, 1, 2, 2, 4, 4))
        self.down_attn_branch = Reduce(width, (1, 1, 2, 4, 4, 4), last=nn.ReLU)
        self.atrous = Atrous(4 * width)
        self.CAttn = Attention(4 * width)
        self.up = Enlarge(width, 8 * width)

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:
        """Return (B, 3, H, W) of (B, 5, H, W); missing: (B, 1, H/8, W/8)."""
        convolved = self.atrous(self.down_conv_branch(x))
        attended = self.CAttn(self.down_attn_branch(x), missing)
        out: Tensor = self.up(torch.cat([convolved, attended], dim=1))
        return out


class Layers(nn.Module):
    """Layers one behind the other, numbered in `out`, as the official keys want it."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.out = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last layer makes of it."""
        out: Tensor = self.out(x)
        return out


class Conv(nn.Module):
    """A convolution that keeps the size or halves it, and what follows it."""

    def __init__(
        self,
        channels: int,
        out: int,
        *,
        size: int = 3,
        stride: int = 1,
        dilation: int = 1,
        then: type[nn.Module] = nn.ELU,
    ) -> None:
        super().__init__()
        layers: list[nn.Module]
        if stride == 1:
            around = dilation * (size // 2)
            layers = [nn.Conv2d(channels, out, size, padding=around, dilation=dilation)]
        else:
            # Where a side is halved one row of zeros is lacking: at the bottom, and at the right.
            layers = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(channels, out, size, stride)]
        self.conv = nn.Sequential(*layers, then())

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, h, w) of (B, channels, stride * h, stride * w)."""
        out: Tensor = self.conv(x)
        return out


class Reduce(Layers):
    """From a picture to features of a quarter of its size; `factors` times `width` channels."""

    def __init__(
        self, width: int, factors: tuple[int, ...], *, last: type[nn.Module] = nn.ELU
    ) -> None:
        channels = [factor * width for factor in factors]
        layers = [Conv(INPUTS, channels[0], size=5)]
        for number in range(1, len(channels)):
            layers.append(
                Conv(
                    channels[number - 1],
                    channels[number],
                    stride=2 if number in (1, 3) else 1,
                    then=last if number == len(channels) - 1 else nn.ELU,
                )
            )
        super().__init__(layers)


class Atrous(Layers):
    """Convolutions with ever larger holes."""

    def __init__(self, channels: int) -> None:
        super().__init__(Conv(channels, channels, dilation=each) for each in DILATIONS)


class Attention(Layers):
    """Contextual attention, then two convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__(Conv(channels, channels) for _ in range(2))

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:  # type: ignore[override]
        """Return the like of x (B, C, h, w); missing: (B, 1, h/2, w/2)."""
        return super().forward(contextual_attention(x, missing))


class Enlarge(Layers):
    """From features (B, channels, h, w) to a picture (B, 3, 4h, 4w) from -1 to 1."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__(
            [
                *(Conv(channels, 4 * width), Conv(4 * width, 4 * width)),
                nn.Upsample(scale_factor=2),
                *(Conv(4 * width, 2 * width), Conv(2 * width, 2 * width)),
                nn.Upsample(scale_factor=2),
                *(Conv(2 * width, width), Conv(width, width // 2)),
                Conv(width // 2, 3, then=nn.Hardtanh),
            ]
        )


def complete(
    network: Network, picture: NDArray[Any], hole: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return a picture whose hole is painted; pixels outside it keep their values.

    picture: (H, W, 3), RGB from 0 to 255, uint8 or float; what lies in its hole is not read. hole:
    (H, W) bool. Sides that are no multiple of UNIT go on as they end. Memory grows with the square
    of the number of pixels, 0.7 GB at 854x480. Returns (H, W, 3) float32.
    """
    known = np.where(hole[..., None], 0, picture.astype(np.float32) / 127.5 - 1)
    device = next(network.parameters()).device
    pictures = _prepared(known[..., ::-1], device)
    masks = _prepared(hole[..., None], device)
    with torch.inference_mode():
        painted = network(pictures, masks, masks[:, :, ::UNIT, ::UNIT])[1]
    levels = ((painted[0].permute(1, 2, 0) + 1) * 127.5).cpu().numpy()
    inside = levels[: hole.shape[0], : hole.shape[1], ::-1]
    return np.where(hole[..., None], inside, picture).astype(np.float32)


def _prepared(picture: NDArray[Any], device: torch.device) -> Tensor:
    """Return a picture (H, W, C) as (1, C, H', W'), whose sides are multiples of UNIT."""
    height, width = picture.shape[:2]
    beyond = ((0, -height % UNIT), (0, -width % UNIT), (0, 0))
    padded = np.pad(picture.astype(np.float32), beyond, mode="edge")
    return torch.from_numpy(padded.transpose(2, 0, 1)[None].copy()).to(device)
