"""The networks that are fitted to a clip: gated convolutions, a coarse picture, then a fine one.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput

KINDS = ("base", "stacked", "coarse-to-fine")
PADDINGS = ("zeros", "reflect")
ENLARGEMENTS = ("nearest", "bilinear")
BRANCHES = ("official", "paper")
STARTS = ("official", "even")

# What no machine could compute with is refused: a file may say anything.
MOST_WIDTH = 1024
EVEN_GAIN = 2.24  # at which a gated ELU of normal numbers is about as large as they are


@dataclass(frozen=True)
class Config:
    """How the network is built.

    kind: "base" paints once; "stacked" once more over the first picture; "coarse-to-fine" has a
    second look at that picture's surroundings for it as well. width: channels at full size, the
    paper's 24; half of it is a whole number. padding: "zeros" as TensorFlow's SAME has them, one
    more at the bottom and the right where a layer halves, or "reflect". enlargement: "nearest" or
    "bilinear". last: the kernel of the convolution that paints, 3 or 1. branches: the second look
    as the official code has it, or as the "paper" describes it. start: of the weights, "official"
    (Glorot and Bengio, AISTATS 2010), where every gate halves what it is given and little comes
    through, or "even", where all layers keep what they are given about as large: a short fit cannot
    wait for that. doubts: channels that say how far pixels of a draft are to be doubted; with any,
    the network is shown a draft, and corrects it, and begins by correcting nothing.
    """

    kind: str = "coarse-to-fine"
    width: int = 24
    padding: str = "zeros"
    enlargement: str = "nearest"
    last: int = 3
    branches: str = "official"
    start: str = "official"
    doubts: int = 0

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        for name, known in (
            ("kind", KINDS), ("padding", PADDINGS), ("enlargement", ENLARGEMENTS),
            ("branches", BRANCHES), ("start", STARTS),
        ):  # fmt: skip
            if getattr(self, name) not in known:
                raise BadInput(
                    f"{name} {getattr(self, name)!r} is unknown. Choose one of: {', '.join(known)}."
                )
        if not 2 <= self.width <= MOST_WIDTH or self.width % 2:
            raise BadInput(f"width is {self.width}. Give an even number from 2 to {MOST_WIDTH}.")
        if not 0 <= self.doubts <= MOST_WIDTH:
            raise BadInput(f"doubts is {self.doubts}. Give 0 to {MOST_WIDTH} of it.")
        if self.last not in (1, 3):
            raise BadInput(f"last is {self.last}. Give 3, as the official code has it, or 1.")

    @classmethod
    def official(cls) -> Config:
        """Return the network of the official code."""
        return cls()

    @classmethod
    def paper(cls) -> Config:
        """Return the network as the paper describes it."""
        return cls(padding="reflect", enlargement="bilinear", last=1, branches="paper")

    @classmethod
    def small(cls) -> Config:
        """Return one of a ninth of the arithmetic, for machines without a GPU."""
        return cls(width=8, start="even")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(width=2, start="even")


class Layer(NamedTuple):
    """One gated convolution.

    channels: that come out of the gate, in halves of the network's width. double: the picture is
    enlarged to twice its size first.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    rectifier: str = "elu"
    double: bool = False


_DILATED = tuple(Layer(8, dilation=dilation) for dilation in (2, 4, 8, 16))
_PAINT = (Layer(4, double=True), Layer(4), Layer(2, double=True), Layer(1))
_ENTER = (Layer(2, kernel=5), Layer(4, stride=2), Layer(4), Layer(8, stride=2))
_ENTER_LATE = (Layer(2, kernel=5), Layer(2, stride=2), Layer(4), Layer(4, stride=2))

COARSE = (*_ENTER, Layer(8), Layer(8), *_DILATED, Layer(8), Layer(8), *_PAINT)
SURROUNDINGS = (*_ENTER_LATE, Layer(8), Layer(8), *_DILATED)
DETAIL = {
    "official": (
        *_ENTER_LATE[:3],
        *(Layer(8, stride=2), Layer(8), Layer(8, rectifier="relu"), Layer(8), Layer(8)),
    ),
    "paper": (*_ENTER, Layer(8), Layer(8), Layer(8, dilation=2), Layer(8), Layer(8)),
}
FINE = (Layer(8), Layer(8), *_PAINT)


class Network(nn.Module):
    """The generator: a frame and its hole go in, the painted frame comes out."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        wide = 8 * (config.width // 2)
        self.coarse = _painter(COARSE, 4 + config.doubts, config)
        self.surroundings = self.detail = self.fine = None
        if config.kind == "coarse-to-fine":
            self.surroundings = _branch(SURROUNDINGS, 3, config)
        if config.kind != "base":
            self.detail = _branch(DETAIL[config.branches], 3, config)
            self.fine = _painter(FINE, wide if self.surroundings is None else 2 * wide, config)

    def forward(
        self, frames: Tensor, masks: Tensor, doubts: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return what every part painted, each (N, 3, H, W), from -1 to 1, the best one last.

        frames: (N, 3, H, W) from -1 to 1 with nothing (0) in their holes, sides multiples of 4.
        masks: (N, 1, H, W), 1 in the holes. doubts: (N, D, H, W) from 0 to 1, as many as the config
        has; then frames are drafts, and so may be a little beyond -1 and 1 what is painted.
        """
        given = [frames, masks] if doubts is None else [frames, masks, doubts]
        first = self._limited(self.coarse(torch.cat(given, dim=1)), frames, masks)
        if self.detail is None or self.fine is None:
            return (first,)
        joined = first * masks + frames * (1 - masks)
        looks = [look(joined) for look in (self.surroundings, self.detail) if look is not None]
        return first, self._limited(self.fine(torch.cat(looks, dim=1)), joined, masks)

    def _limited(self, colours: Tensor, before: Tensor, masks: Tensor) -> Tensor:
        """Return colours as they are to be, or added to those before where that is a draft."""
        return before + masks * colours if self.config.doubts else torch.tanh(colours)

    def features(self, frames: Tensor) -> Tensor:
        """Return features (N, C, H/4, W/4) of whole pictures (N, 3, H, W), as the coarse part sees.

        They are those before its dilated convolutions.
        """
        seen: Tensor = self.coarse[: len(_ENTER) + 2](
            torch.cat([frames, torch.zeros_like(frames[:, :1])], dim=1)
        )
        return seen


class Convolution(nn.Module):
    """A convolution that keeps the size, but for its stride."""

    def __init__(self, channels: int, out: int, layer: Layer, padding: str) -> None:
        super().__init__()
        self.layer, self.reflect = layer, padding == "reflect"
        self.conv = nn.Conv2d(
            channels, out, layer.kernel, stride=layer.stride, dilation=layer.dilation
        )
        nn.init.xavier_uniform_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, H/stride, W/stride) of (N, channels, H, W)."""
        reach = self.layer.dilation * (self.layer.kernel - 1)
        if self.reflect:
            return self.conv(reflected(x, reach // 2))  # type: ignore[no-any-return]
        if self.layer.stride == 1:  # as much on either side: the convolution can see to it
            conv = self.conv
            return functional.conv2d(
                x, conv.weight, conv.bias, padding=reach // 2, dilation=self.layer.dilation
            )
        (top, bottom), (left, right) = (
            same_padding(side, self.layer.stride, reach) for side in x.shape[2:]
        )
        return self.conv(functional.pad(x, (left, right, top, bottom)))  # type: ignore[no-any-return]


class Gated(nn.Module):
    """A gated convolution: half of its channels say how far the other half counts.

    Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019.
    """

    def __init__(self, channels: int, out: int, layer: Layer, config: Config) -> None:
        super().__init__()
        self.conv = Convolution(channels, 2 * out, layer, config.padding)
        self.rectify = functional.relu if layer.rectifier == "relu" else functional.elu
        self.enlargement = config.enlargement if layer.double else None
        if config.start == "even":
            weight = self.conv.conv.weight
            nn.init.normal_(weight, 0, EVEN_GAIN / math.sqrt(weight[0].numel()))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out, H', W') of (N, channels, H, W)."""
        if self.enlargement:
            x = functional.interpolate(x, scale_factor=2, mode=self.enlargement)
        values, gates = self.conv(x).chunk(2, dim=1)
        return self.rectify(values) * torch.sigmoid(gates)


def same_padding(side: int, stride: int, reach: int) -> tuple[int, int]:
    """Return how many zeros TensorFlow's SAME puts before and after a side.

    reach: pixels between the first and the last that a kernel covers.

    >>> same_padding(64, 2, 2), same_padding(63, 2, 2), same_padding(64, 1, 4)
    ((0, 1), (1, 1), (2, 2))
    """
    total = max((-(-side // stride) - 1) * stride + reach + 1 - side, 0)
    return total // 2, total - total // 2


def reflected(x: Tensor, by: int) -> Tensor:
    """Return (N, C, H + 2 by, W + 2 by): (N, C, H, W) mirrored at its borders, as often as needed.

    The border's own pixels are not repeated.
    """
    for axis in (2, 3):
        period = max(2 * (x.shape[axis] - 1), 1)
        places = torch.arange(-by, x.shape[axis] + by, device=x.device) % period
        x = x.index_select(axis, torch.minimum(places, period - places))
    return x


def _branch(layers: tuple[Layer, ...], channels: int, config: Config) -> nn.Sequential:
    """Return gated convolutions, one after the other, of so many channels to begin with."""
    made, half = [], config.width // 2
    for layer in layers:
        made.append(Gated(channels, layer.channels * half, layer, config))
        channels = layer.channels * half
    return nn.Sequential(*made)


def _painter(layers: tuple[Layer, ...], channels: int, config: Config) -> nn.Sequential:
    """Return such, and the convolution that paints, whose colours are still to be limited."""
    branch = _branch(layers, channels, config)
    last = Layer(3, kernel=config.last)
    half = config.width // 2
    painting = Convolution(layers[-1].channels * half, 3, last, config.padding)
    if config.doubts:
        nn.init.zeros_(painting.conv.weight)
    return branch.append(painting)
