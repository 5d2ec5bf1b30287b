"""VGG-16, whose features tell how alike pictures look; its weights are a file of the user's.

Importing this module needs PyTorch.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn

from cleanplate.states import fit_state, read_state

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions
TAPS = (8, 15, 22)  # relu2_2, relu3_3 and relu4_3
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, for [0, 1]


def vgg16() -> nn.Sequential:
    """Return the convolutional layers up to relu5_3, numbered as torchvision's."""
    layers: list[nn.Module] = []
    channels = 3
    for stage, (width, repeats) in enumerate(STAGES):
        layers += [nn.MaxPool2d(2)] if stage else []
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers)


class Features(nn.Module):
    """The features at TAPS.

    normalised: pictures are prepared as VGG's were for ImageNet, and not left from 0 to 1 as the
    official code of TSAM does.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, *, normalised: bool = False) -> None:
        super().__init__()
        self.normalised = normalised
        self.features = nn.Sequential(*list(vgg16())[: TAPS[-1] + 1])
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)

    def forward(self, clips: Tensor) -> list[Tensor]:
        """Return (B, T, C, h, w) for each tap, of clips (B, T, 3, H, W) from -1 to 1, RGB."""
        x = (clips.flatten(0, 1) + 1) / 2
        if self.normalised:
            x = (x - self.mean) / self.deviation
        found = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in TAPS:
                found.append(torch.unflatten(x, 0, clips.shape[:2]))
        return found


def load_features(path: str | os.PathLike[str], *, normalised: bool = False) -> Features:
    """Return the network with its weights, which take no part in learning; see `Features`.

    path: torchvision's VGG-16, of which what comes after the last tap is left out. Raises
    BadInput for a file that cannot be read or does not fit.
    """
    network = Features(normalised=normalised)
    later = tuple(f"features.{number}." for number in range(TAPS[-1] + 1, len(vgg16())))
    fit_state(
        network,
        read_state(path),
        name="VGG-16",
        source=str(path),
        ignore=("classifier.", *later),
    )
    return network.eval().requires_grad_(False)
