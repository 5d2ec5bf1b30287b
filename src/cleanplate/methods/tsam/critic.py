"""TSAM's critics: the T-PatchGAN that the paper names, and the one that the code is set to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from cleanplate.errors import BadInput
from cleanplate.methods.tsam.network import Gated
from cleanplate.methods.tsam.shift import Shift
from cleanplate.patchgan import MOST_CHANNELS, PatchGAN

KINDS = ("volumes", "shifted")
FOLD = 4  # one of so many channels comes from the next frame, as many from the one before


@dataclass(frozen=True)
class CriticConfig:
    """How the critic is built.

    kind: "volumes" is the paper's, of convolutions over space and time; "shifted" the official
    code's, of pictures whose channels are shifted. channels: of the first layer. guidance: it is
    given a plane of zeros, too. future_first: see `shift.Shift`. spectral_norm: of the shifted one;
    the official code asks for it, and goes on with the plain weights.
    """

    kind: str = "volumes"
    channels: int = 64
    guidance: bool = False
    future_first: bool = False
    spectral_norm: bool = True

    def __post_init__(self) -> None:
        """Refuse what no critic can be built of; raises BadInput."""
        if self.kind not in KINDS:
            raise BadInput(f"kind is {self.kind!r}. Choose one of: {', '.join(KINDS)}.")
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise BadInput(f"channels is {self.channels}. Give 1 to {MOST_CHANNELS}.")

    @classmethod
    def official(cls) -> CriticConfig:
        """Return that of the official code."""
        return cls("shifted", guidance=True, future_first=True, spectral_norm=False)


class Critic(nn.Module):
    """Says how real every patch of a clip is, from 0 to 1."""

    def __init__(self, config: CriticConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or CriticConfig()
        inputs = 5 if config.guidance else 4
        self.net: nn.Module
        if config.kind == "volumes":
            self.net = PatchGAN(inputs, config.channels)
        else:
            self.net = Shifted(inputs, config)

    def forward(self, frames: Tensor, masks: Tensor) -> Tensor:
        """Return (B, T, C, h, w) of clips (B, T, 3, H, W) from 0 to 1; masks: 1 in their holes."""
        known = 1 - masks
        planes = [frames, known] + [torch.zeros_like(known)] * self.config.guidance
        scores: Tensor = self.net(torch.cat(planes, dim=2)).sigmoid()
        return scores


class Shifted(nn.Module):
    """Six convolutions of pictures, each of which sees channels of the frames beside."""

    def __init__(self, inputs: int, config: CriticConfig) -> None:
        super().__init__()
        wide, self._future_first = config.channels, config.future_first
        widths = [inputs, wide, 2 * wide, 4 * wide, 4 * wide, 4 * wide, 4 * wide]
        self.layers = nn.ModuleList()
        for number in range(6):
            pad, last = 2 if number else 1, number == 5
            layer: nn.Module = nn.Conv2d(widths[number], widths[number + 1], 5, 2, pad)
            if config.spectral_norm and not last:
                layer = spectral_norm(layer)
            self.layers.append(Gated(layer, None, fold=FOLD, leaky=not last))

    def forward(self, clips: Tensor) -> Tensor:
        """Return (B, T, C, h, w) of clips (B, T, inputs, H, W), before they are told apart."""
        shift = Shift(clips.shape[1], None, future_first=self._future_first)
        x = clips.flatten(0, 1)
        for layer in self.layers:
            x = layer(x, shift)
        return torch.unflatten(x, 0, clips.shape[:2])
