"""VGG-16 and VGG-19, whose features tell how alike pictures look; weights are a file of the user's.

Importing this module needs PyTorch.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cleanplate.errors import BadInput
from cleanplate.states import fit_state, read_state

WIDTHS = (64, 128, 256, 512, 512)  # channels of each stage
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, for [0, 1]


@dataclass(frozen=True)
class Kind:
    """One of the networks: its name, the convolutions of each stage, the layers that count."""

    name: str
    repeats: tuple[int, ...]
    taps: tuple[int, ...]


VGG16 = Kind("VGG-16", (2, 2, 3, 3, 3), (8, 15, 22))  # relu2_2, relu3_3 and relu4_3
EARLY_VGG16 = Kind("VGG-16", VGG16.repeats, (3, *VGG16.taps))  # relu1_2 as well
VGG19 = Kind("VGG-19", (2, 2, 4, 4, 4), (1, 6, 11, 20, 29))  # relu1_1 to relu5_1


def layers_of(kind: Kind) -> nn.Sequential:
    """Return the convolutional layers up to the last rectifier, numbered as torchvision's."""
    layers: list[nn.Module] = []
    channels = 3
    for stage, (width, repeats) in enumerate(zip(WIDTHS, kind.repeats, strict=True)):
        layers += [nn.MaxPool2d(2)] if stage else []
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers)


class Features(nn.Module):
    """The features at the taps of a kind.

    normalised: pictures are prepared as VGG's were for ImageNet, and not left from 0 to 1 as the
    official code of TSAM does.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, kind: Kind = VGG16, *, normalised: bool = False) -> None:
        super().__init__()
        self.kind, self.normalised = kind, normalised
        self.features = nn.Sequential(*list(layers_of(kind))[: kind.taps[-1] + 1])
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
            if number in self.kind.taps:
                found.append(torch.unflatten(x, 0, clips.shape[:2]))
        return found


def refuse_without(path: str, kind: Kind, *losses: float, otherwise: str = "") -> None:
    """Refuse to go without weights where a loss has a weight above 0; raises BadInput.

    path: of the file, "" for none. losses: weights of those that see features. otherwise: how one
    goes without them.
    """
    if any(losses) and not path:
        raise BadInput(
            f"perceptual and style need weights of {kind.name}. Give vgg, a file of torchvision's, "
            f"or train without these losses{otherwise}."
        )


def load_features(
    path: str | os.PathLike[str], kind: Kind = VGG16, *, normalised: bool = False
) -> Features:
    """Return the network with its weights, which take no part in learning; see `Features`.

    path: torchvision's of that kind, of which what comes after the last tap is left out. Raises
    BadInput for a file that cannot be read or does not fit.
    """
    network = Features(kind, normalised=normalised)
    after = range(kind.taps[-1] + 1, len(layers_of(kind)))
    later = tuple(f"features.{number}." for number in after)
    fit_state(
        network,
        read_state(path),
        name=kind.name,
        source=str(path),
        ignore=("classifier.", *later),
    )
    return network.eval().requires_grad_(False)
