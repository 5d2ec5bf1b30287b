"""The network that decides what to trust in a hole: which of the candidates, and how far.

A U-Net (Ronneberger et al., MICCAI 2015) at half the size of the picture. Importing this module
needs PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.video import whole

SIDES = 4  # candidates: by the flow from past and future, by the camera from past and future
CHOICES = SIDES + 2  # and what they were merged to, and the smooth fill
MERGED = SIDES  # its number among the choices

# Of what the network is given, see Network.
PICTURE = slice(0, 3)
CANDIDATES = tuple(slice(3 + 3 * side, 6 + 3 * side) for side in range(SIDES))
VARIANCES = slice(15, 19)
SMOOTH = slice(19, 22)
HOLE, SEEN, DEPTH = 22, 23, 24
CHANNELS = 25

UNIT = 8  # sides of what the network is given are multiples of it
_HALF = 2  # of a side, what the network works at
_SLOPE = 0.1  # of the leaky rectifiers
_TRUST = 3.0  # in what was merged before anything is learned: four fifths


@dataclass(frozen=True)
class Config:
    """How the network is built: widths are its channels at a half, a quarter, ... of the size."""

    widths: tuple[int, ...] = (48, 64, 96)

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        object.__setattr__(self, "widths", tuple(self.widths))
        if len(self.widths) != 3:
            raise BadInput(f"widths are {self.widths}. Give the channels of three scales.")
        for value in self.widths:
            if not whole(value) or value < 1:
                raise BadInput(f"widths hold {value!r}. Give whole numbers above 0.")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls((4, 4, 6))


class Network(nn.Module):
    """Weighs what is known of each hole pixel.

    It is given (B, 25, h, w), colours in units of 64 levels: the merged picture less its mean
    outside the hole (3 channels); what each candidate has more than that, in CANDIDATES' order
    (12); the logarithm of each one's variance, 1 where there is none, -1 outside the hole (4); what
    the smooth fill has more (3); the hole (1); where any frame shows the pixel (1); the distance to
    the hole's edge in units of 20 pixels (1). h and w are multiples of UNIT.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        near, middle, far = config.widths
        self.near = nn.Sequential(_layer(CHANNELS * _HALF**2, near), _layer(near, near))
        self.middle = nn.Sequential(_layer(near, middle, stride=2), _layer(middle, middle))
        self.far = nn.Sequential(_layer(middle, far, stride=2), _layer(far, far), _layer(far, far))
        self.back = _layer(far + middle, middle)
        self.here = nn.Sequential(_layer(middle + near, near), _layer(near, near))
        self.out = nn.Conv2d(near, (CHOICES + 3) * _HALF**2, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        trust = torch.zeros(CHOICES + 3, _HALF**2)
        trust[MERGED] = _TRUST
        self.out.bias = nn.Parameter(trust.flatten())

    def forward(self, given: Tensor) -> Tensor:
        """Return what is to be added to the merged picture, (B, 3, h, w), in the same units."""
        shares, correction = self.verdict(given)
        added = correction + shares[:, MERGED + 1 :] * given[:, SMOOTH]
        for side, candidate in enumerate(CANDIDATES):
            added = added + shares[:, side : side + 1] * given[:, candidate]
        return added

    def verdict(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Return the shares of the choices, (B, 6, h, w), that add up to 1, and a correction.

        The choices: the candidates, the merged colour, the smooth one. The correction, (B, 3, h,
        w), is added to what these come to.
        """
        near = self.near(functional.pixel_unshuffle(given, _HALF))
        middle = self.middle(near)
        back = self.back(torch.cat([_resized(self.far(middle), middle), middle], dim=1))
        here = self.here(torch.cat([_resized(back, near), near], dim=1))
        found = functional.pixel_shuffle(self.out(here), _HALF).float()
        return found[:, :CHOICES].softmax(dim=1), found[:, CHOICES:]


def _layer(channels: int, out: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)
    )


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)
