"""T-PatchGAN: tells real clips from filled ones, patch by patch in space and time.

Chang, Liu, Lee, Hsu, "Free-form Video Inpainting with 3D Gated Convolution and Temporal PatchGAN",
ICCV 2019; STTN and TSAM are trained against it. Importing this module needs PyTorch.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

KERNEL, STRIDE = (3, 5, 5), (1, 2, 2)
MOST_CHANNELS = 1024


class PatchGAN(nn.Module):
    """Six convolutions over space and time, with spectral normalisation.

    inputs: channels of the clips. channels: of the first layer; the others have two and four times
    as many. norm_all: the last layer is normalised as well. The keys of its state dict are those of
    STTN's official code.
    """

    def __init__(self, inputs: int, channels: int, *, norm_all: bool = False) -> None:
        super().__init__()
        widths = [inputs, channels, 2 * channels, 4 * channels, 4 * channels, 4 * channels]
        layers: list[nn.Module] = []
        for number in range(5):
            pad = (1, 1, 1) if number == 0 else (1, 2, 2)  # the official code's first differs
            layer = nn.Conv3d(widths[number], widths[number + 1], KERNEL, STRIDE, pad, bias=False)
            layers += [spectral_norm(layer), nn.LeakyReLU(0.2)]
        last = nn.Conv3d(4 * channels, 4 * channels, KERNEL, STRIDE, (1, 2, 2))
        layers.append(spectral_norm(last) if norm_all else last)
        self.conv = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                weight = getattr(module, "weight_orig", module.weight)
                nn.init.normal_(weight, 0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, clips: Tensor) -> Tensor:
        """Return scores (B, T, C, h, w) of clips (B, T, inputs, H, W); high is real."""
        scores: Tensor = self.conv(clips.transpose(1, 2))
        return scores.transpose(1, 2)
