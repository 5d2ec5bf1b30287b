"""T-PatchGAN: tells real clips from filled ones, patch by patch in space and time (section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from cleanplate.errors import BadInput

MOST_CHANNELS = 1024
KERNEL, STRIDE = (3, 5, 5), (1, 2, 2)


@dataclass(frozen=True)
class CriticConfig:
    """How the critic is built.

    channels: of its first layer; the others have two and four times as many. norm_all: the last
    layer is normalised as well, as table 5 of the paper says; the official code leaves it out.
    """

    channels: int = 64
    norm_all: bool = False

    def __post_init__(self) -> None:
        """Refuse what no critic can be built of; raises BadInput."""
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise BadInput(f"channels is {self.channels}. Give 1 to {MOST_CHANNELS}.")


class Critic(nn.Module):
    """Six convolutions over space and time, with spectral normalisation.

    The keys of its state dict are those of the official code.
    """

    def __init__(self, config: CriticConfig | None = None) -> None:
        super().__init__()
        config = config or CriticConfig()
        wide = config.channels
        widths = [3, wide, 2 * wide, 4 * wide, 4 * wide, 4 * wide]
        layers: list[nn.Module] = []
        for number in range(5):
            pad = (1, 1, 1) if number == 0 else (1, 2, 2)  # the official code's first differs
            layer = nn.Conv3d(widths[number], widths[number + 1], KERNEL, STRIDE, pad, bias=False)
            layers += [spectral_norm(layer), nn.LeakyReLU(0.2)]
        last = nn.Conv3d(4 * wide, 4 * wide, KERNEL, STRIDE, (1, 2, 2))
        layers.append(spectral_norm(last) if config.norm_all else last)
        self.conv = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                weight = getattr(module, "weight_orig", module.weight)
                nn.init.normal_(weight, 0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, clips: Tensor) -> Tensor:
        """Return scores (B, T, C, h, w) of clips (B, T, 3, H, W) from -1 to 1; high is real."""
        scores: Tensor = self.conv(clips.transpose(1, 2))
        return scores.transpose(1, 2)
