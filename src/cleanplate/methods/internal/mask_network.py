"""The network that finds an object in every frame once it was fitted to its mask in one: a U-Net.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021,
section 4.2; the layers are those of the official code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.methods.internal.network import MOST_WIDTH

DEPTH = 4  # times that pictures are halved
UNIT = 1 << DEPTH  # pixels that both sides of a picture are a multiple of


@dataclass(frozen=True)
class MaskConfig:
    """How the network is built.

    width: channels at full size, doubled wherever the picture is halved. dropout: share of the
    channels' values that is left out in learning, at the two smallest sizes. last: channels that
    the mask is read from.
    """

    width: int = 64
    dropout: float = 0.5
    last: int = 2

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        for name in ("width", "last"):
            if not 1 <= getattr(self, name) <= MOST_WIDTH:
                raise BadInput(f"{name} is {getattr(self, name)}. Give 1 to {MOST_WIDTH}.")
        if not 0 <= self.dropout < 1:
            raise BadInput(f"dropout is {self.dropout}. Give a share from 0 up, below 1.")

    @classmethod
    def official(cls) -> MaskConfig:
        """Return the network of the official code."""
        return cls()

    @classmethod
    def small(cls) -> MaskConfig:
        """Return one for machines without a GPU."""
        return cls(width=8, dropout=0.2, last=8)

    @classmethod
    def tiny(cls) -> MaskConfig:
        """Return the least that shows everything, for tests."""
        return cls(width=2, dropout=0.2, last=2)


class MaskNetwork(nn.Module):
    """Frames go in, and out come the logits of what is the object's."""

    def __init__(self, config: MaskConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MaskConfig()
        widths = [config.width << level for level in range(DEPTH + 1)]
        self.down = nn.ModuleList(
            _pair(before, here) for before, here in zip([3, *widths], widths, strict=False)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(2 * each, each, 2) for each in widths[:-1])
        self.up = nn.ModuleList(_pair(2 * each, each) for each in widths[:-1])
        self.last = nn.Conv2d(config.width, config.last, 3, padding=1)
        self.mask = nn.Conv2d(config.last, 1, 1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
                if part.bias is not None:
                    nn.init.zeros_(part.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits (N, 1, H, W) of frames (N, 3, H, W), whose sides are multiples of 16.

        frames: from 0 to 1.
        """
        seen: list[Tensor] = []
        x = frames
        for level, pair in enumerate(self.down):
            x = pair(x if not level else functional.max_pool2d(x, 2))
            if level >= DEPTH - 1:
                x = functional.dropout(x, self.config.dropout, self.training)
            seen.append(x)
        for level in reversed(range(DEPTH)):
            x = functional.pad(functional.interpolate(x, scale_factor=2.0), (0, 1, 0, 1))
            x = functional.relu(self.narrow[level](x))
            x = self.up[level](torch.cat([seen[level], x], dim=1))
        logits: Tensor = self.mask(functional.relu(self.last(x)))
        return logits


def _pair(before: int, here: int) -> nn.Sequential:
    """Return two convolutions that keep the size, each cut off below 0."""
    return nn.Sequential(
        *(nn.Conv2d(before, here, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(here, here, 3, padding=1), nn.ReLU()),
    )
