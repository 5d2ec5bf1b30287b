"""A stage of DFC-Net: a dilated ResNet over the flows around the one wanted.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.1. The keys of its
state dict are those of the official code, so that published weights fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput

WINDOW = 11  # flows that are looked at together, the one wanted in the middle
TRIPLE = 3  # channels of each: dx, dy, mask
LAYERS = ("layer1", "layer2", "layer3", "layer4")
STRIDES = (1, 2, 1, 1)
DILATIONS = (1, 1, 2, 4)
BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
DIRECTIONS = {"first": 1, "refinement": 2}  # flows that a stage completes at once
PAIRINGS = ("frame", "pair")
LEAST_SIDE = 4  # pixels, that a picture has to have
STARTS = ("official", "even")
SPREAD = 0.01  # of the weights of a new network, officially


@dataclass(frozen=True)
class Config:
    """How the network is built, and what its weights expect.

    backbone: "resnet50", whose head brings features to the input's size in three steps, or
    "resnet101", whose head does so in one. stage: "first" completes one flow, "refinement" one of
    either direction jointly. pairing: which two flows those are: of a "frame", to the next one and
    to the one before, as in the official code; or of a "pair" of neighbours, from the first to the
    second and back, as in the paper. width: channels of the first convolution, 64 as published.
    free_shortcuts: the normalisation of shortcuts learns its scale and shift, the only one to do
    so, as in the official code. start: of the weights, "official", with which hardly anything
    comes through unless a backbone that knows pictures takes their place, or "even", where all
    layers begin alike.
    """

    backbone: str = "resnet101"
    stage: str = "first"
    pairing: str = "frame"
    width: int = 64
    free_shortcuts: bool = False
    start: str = "official"

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        known = {
            "backbone": tuple(BLOCKS),
            "stage": tuple(DIRECTIONS),
            "pairing": PAIRINGS,
            "start": STARTS,
        }
        for name, choices in known.items():
            value = getattr(self, name)
            if value not in choices:
                raise BadInput(f"{name} is {value!r}. Choose one of: {', '.join(choices)}.")
        if self.width < 1:
            raise BadInput(f"width is {self.width}. Give 1 or more.")

    @property
    def channels_in(self) -> int:
        """Channels that the network is given: 33, or 66 in the refinement."""
        return DIRECTIONS[self.stage] * WINDOW * TRIPLE

    @property
    def channels_out(self) -> int:
        """Channels that it returns: dx and dy of one flow, or of two."""
        return DIRECTIONS[self.stage] * 2

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(backbone="resnet50", width=4)


class Network(nn.Module):
    """The network of one stage.

    Windows of flows are (B, 33, H, W): of 11 flows in the order of time dx and dy, in pixels at
    this size, and the mask, 1 in the hole. In the refinement 11 flows of the other direction
    follow. Sides are LEAST_SIDE pixels or more.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        width, free = config.width, config.free_shortcuts
        self.conv1 = nn.Conv2d(config.channels_in, width, 7, 2, 3)
        self.bn1 = FrozenNorm(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        channels = width
        for number, count in enumerate(BLOCKS[config.backbone]):
            inner = width * 2**number
            first = Bottleneck(channels, inner, STRIDES[number], DILATIONS[number], free=free)
            channels = first.channels
            rest = (Bottleneck(channels, inner, 1, DILATIONS[number]) for _ in range(count - 1))
            self.add_module(LAYERS[number], nn.Sequential(first, *rest))
        head = MultiScale if config.backbone == "resnet50" else SingleScale
        self.layer5 = head(channels, config.channels_out)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, 0, self._spread(name, layer))

    def _spread(self, name: str, layer: nn.Conv2d) -> float:
        """Return the standard deviation of a layer's weights at the start of training."""
        if self.config.start == "official":
            return SPREAD
        even = math.sqrt(2 / layer.weight[0].numel())
        if name.endswith("conv3") and name.startswith("layer") and "layer5" not in name:
            # What blocks add to their shortcuts adds up: so that it comes to as much again.
            return even / math.sqrt(sum(BLOCKS[self.config.backbone]))
        return even

    def forward(self, windows: Tensor) -> Tensor:
        """Return the middle flow (B, 2, H, W), of the refinement those of both directions (4)."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(windows))))
        for name in LAYERS:
            x = self.get_submodule(name)(x)
        flow: Tensor = self.layer5(x, windows.shape[-2:])
        return flow


class FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation by the statistics that it was given, in training too.

    learns: whether its scale and shift do.
    """

    def __init__(self, channels: int, *, learns: bool = False) -> None:
        super().__init__(channels)
        self.requires_grad_(learns)
        self.eval()

    def train(self, mode: bool = True) -> FrozenNorm:
        """Stay as it is: the statistics of a batch are never looked at."""
        return super().train(False)


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut, which is projected where the shape changes.

    The stride lies in the first one, of a single pixel, as in Caffe's ResNet. free: the projection
    is normalised by a scale and shift that learn.
    """

    def __init__(
        self, channels: int, inner: int, stride: int, dilation: int, *, free: bool = False
    ) -> None:
        super().__init__()
        self.channels = 4 * inner
        self.conv1 = nn.Conv2d(channels, inner, 1, stride, bias=False)
        self.bn1 = FrozenNorm(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, 1, dilation, dilation, bias=False)
        self.bn2 = FrozenNorm(inner)
        self.conv3 = nn.Conv2d(inner, self.channels, 1, bias=False)
        self.bn3 = FrozenNorm(self.channels)
        self.downsample = (
            None
            if channels == self.channels
            else nn.Sequential(
                nn.Conv2d(channels, self.channels, 1, stride, bias=False),
                FrozenNorm(self.channels, learns=free),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 4 * inner, H, W), each side divided by the stride."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return functional.relu(self.bn3(self.conv3(y)) + shortcut)


class MultiScale(nn.Module):
    """The head of ResNet-50: to a quarter, to a half, to the whole size."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels // 8, 5, padding=2)
        self.conv2 = nn.Conv2d(channels // 8, channels // 16, 3, padding=1)
        self.conv3 = nn.Conv2d(channels // 16, out, 1)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Return (B, out, height, width) for a size (height, width)."""
        height, width = size
        x = functional.relu(self.conv1(_resized(x, (height // 4, width // 4))))
        x = functional.relu(self.conv2(_resized(x, (height // 2, width // 2))))
        flow: Tensor = self.conv3(_resized(x, size))
        return flow


class SingleScale(nn.Module):
    """The head of ResNet-101: all at once."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Return (B, out, height, width) for a size (height, width)."""
        return _resized(self.conv1(x), size)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(x, size, mode="bilinear", align_corners=False)
