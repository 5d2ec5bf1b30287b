"""The network that completes flow inside a hole: it chooses between guesses, and corrects them.

A U-Net (Ronneberger et al., MICCAI 2015) for what a cheap completion leaves open. Importing this
module needs PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.video import whole

CHANNELS = 16  # of what the network is given, see Network
PAST, FUTURE = slice(2, 4), slice(5, 7)  # the guesses among them, less the smooth one
UNIT = 8  # sides of what the network is given are multiples of it
_SLOPE = 0.1  # of the leaky rectifiers
_HALF = 2  # of a side, what the network works at
_SMOOTH = 2  # the weight of the smooth guess, among what is found of a pixel
_TRUST = 2.0  # in the smooth guess before anything is learned: three quarters and more


@dataclass(frozen=True)
class Config:
    """How the network is built.

    widths: channels at a half, a quarter, ... of the size that it is given. head: channels of the
    last layer but one.
    """

    widths: tuple[int, ...] = (32, 64, 96, 128)
    head: int = 48

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        object.__setattr__(self, "widths", tuple(self.widths))
        if len(self.widths) < 2:
            raise BadInput(f"widths are {self.widths}. Give the channels of at least two scales.")
        for value in (*self.widths, self.head):
            if not whole(value) or value < 1:
                raise BadInput(f"widths and head hold {value!r}. Give whole numbers above 0.")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls((4, 6), head=4)


class Network(nn.Module):
    """Improves residual flow that was completed smoothly, given what was carried into the hole.

    It is given (B, 16, h, w), all flow in units of how much moves beside the hole: the smooth
    guess (2 channels); what was carried from the past, less the smooth one (2), and how much that
    counts (1), from 1 beside the hole to 0 where nothing came; the same from the future (3); the
    hole, 1 in it (1); the distance to its edge (1); the smooth guess and the hole of the flow
    before (3) and after (3). h and w may be any, but were multiples of UNIT in training. Its finest
    features have half the size; what comes of them has all of it, so that edges of motion stay
    where the guesses show them.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        widths = config.widths
        last = len(widths) - 1
        self.down = nn.ModuleList(
            _stage((CHANNELS, *widths)[scale], width, 3 if scale == last else 2)
            for scale, width in enumerate(widths)
        )
        outs = (config.head, *widths[1:])  # of the way up, at each scale
        self.up = nn.ModuleList(
            _layer(outs[scale + 1] + widths[scale], outs[scale]) for scale in range(last)
        )
        self.out = nn.Conv2d(outs[0], 5 * _HALF**2, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        trust = torch.zeros(5, _HALF**2)
        trust[_SMOOTH] = _TRUST
        self.out.bias = nn.Parameter(trust.flatten())

    def forward(self, given: Tensor) -> Tensor:
        """Return what is to be added to the smooth guess, (B, 2, h, w), in the same units."""
        found = self._found(given)
        shares = found[:, 2:].softmax(dim=1)  # of the smooth guess, past, future
        past, future = shares[:, 1:2] * given[:, PAST], shares[:, 2:] * given[:, FUTURE]
        return found[:, :2] + past + future

    def _found(self, given: Tensor) -> Tensor:
        """Return a correction and three weights, (B, 5, h, w)."""
        x, seen = given, []
        for stage in self.down:
            x = stage(x)
            seen.append(x)
        for layer, beside in zip(reversed(self.up), reversed(seen[:-1]), strict=True):
            x = layer(torch.cat([_resized(x, beside), beside], dim=1))
        height, width = given.shape[-2:]
        return functional.pixel_shuffle(self.out(x), _HALF)[..., :height, :width]


def _stage(channels: int, out: int, layers: int) -> nn.Sequential:
    """Halve the size, and look at it again."""
    rest = (_layer(out, out) for _ in range(layers - 1))
    return nn.Sequential(_layer(channels, out, stride=2), *rest)


def _layer(channels: int, out: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)
    )


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)
