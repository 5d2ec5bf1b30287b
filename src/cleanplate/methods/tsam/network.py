"""TSAM's generator: a ResNet whose blocks look at the frames beside, and a decoder with gates.

Zou, Yang, Liu, Lee, "Progressive Temporal Feature Alignment Network for Video Inpainting", CVPR
2021. Where paper and official code differ, `Config` has a setting; `official` has the code's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import remove_spectral_norm, spectral_norm

from cleanplate.errors import BadInput
from cleanplate.methods.tsam.shift import GRIDS, MASKS, Alignment, Shift

UNIT = 8  # sides of pictures are multiples of it
LEAK = 0.2  # slope of LeakyReLU below 0
ENCODER_FOLD = 8  # one of so many channels comes from the next frame, as many from the one before
WIDER = 4  # times the width of a block has its result
STAGES = ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4))  # stride, dilation of the first, of the rest
GATES = ("original", "aligned")
MOST_CHANNELS, MOST_BLOCKS, LARGEST_SIDE = 1024, 64, 4096


@dataclass(frozen=True)
class Config:
    """How the network is built. The defaults follow the paper.

    size: (height, width) of the pictures that it is made for, multiples of 8; it takes any such.
    width: channels of the first layer, blocks: of each of four stages, decoder: channels of the
    decoder; multiples of 8. Where the official code differs from the paper: future_first, mask: see
    `shift.Shift`. grid: see `shift.places`. decoder_fold: one of so many channels of the decoder
    comes from the next frame (8; 4 in the code). gate: what the gates of the encoder see, the
    "original" features or the "aligned" ones. gated_enlarging: the three layers that enlarge have
    gates. spectral_norm: the decoder's layers but the last are normalised; the code asks for it,
    and goes on with the plain weights. guidance: a fifth plane of zeros is given to the network.
    aligned: shifted channels are drawn along the flow; without it there is none (table 2).
    """

    size: tuple[int, int] = (240, 432)
    width: int = 64
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    decoder: int = 256
    future_first: bool = False
    mask: str = "own"
    grid: str = "centres"
    decoder_fold: int = 8
    gate: str = "original"
    gated_enlarging: bool = True
    spectral_norm: bool = True
    guidance: bool = False
    aligned: bool = True

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        for name, values, unit, most in (
            ("size", self.size, UNIT, LARGEST_SIDE),
            ("width", (self.width,), 8, MOST_CHANNELS),
            ("decoder", (self.decoder,), 8, MOST_CHANNELS),
            ("blocks", self.blocks, 1, MOST_BLOCKS),
            ("decoder_fold", (self.decoder_fold,), 2, 8),
        ):
            if any(not unit <= value <= most or value % unit for value in values):
                raise BadInput(
                    f"{name} is {getattr(self, name)}. Give multiples of {unit} up to {most}."
                )
        for name, known in (("mask", MASKS), ("grid", GRIDS), ("gate", GATES)):
            if getattr(self, name) not in known:
                raise BadInput(
                    f"{name} is {getattr(self, name)!r}. Choose one of: {', '.join(known)}."
                )

    @property
    def inputs(self) -> int:
        """Channels that the network is given: the picture, its mask, and perhaps the guidance."""
        return 5 if self.guidance else 4

    @classmethod
    def official(cls, **more: Any) -> Config:
        """Return that of the official code, whose published weights expect all that it does."""
        return cls(
            future_first=True,
            mask="left",
            grid="corners",
            decoder_fold=4,
            gate="aligned",
            gated_enlarging=False,
            spectral_norm=False,
            guidance=True,
            **more,
        )

    @classmethod
    def published(cls, state: Mapping[str, Tensor]) -> Config:
        """Return that of the official network whose tensors, by our keys, are given.

        Width and blocks are read from them; raises BadInput where no network has such.
        """
        first, skip = state.get("encoder.conv1.weight"), state.get("decoder.skip2.feature.weight")
        if first is None or skip is None or not first.ndim or not skip.ndim:
            return cls.official()
        ends = [key.split(".")[1] for key in state if key.endswith(".conv3.weight")]
        blocks = tuple(ends.count(f"layer{number}") for number in (1, 2, 3, 4))
        return cls.official(width=len(first), decoder=len(skip), blocks=blocks)

    @classmethod
    def small(cls) -> Config:
        """Return one of 2.9 million parameters, for machines without a GPU."""
        return cls(width=24, blocks=(2, 2, 2, 2), decoder=96)

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(size=(48, 96), width=8, blocks=(1, 1, 1, 1), decoder=16)


class Network(nn.Module):
    """The generator; 32,314,502 parameters, 31,661,510 as in the official code."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(self, frames: Tensor, masks: Tensor, alignment: Alignment | None = None) -> Tensor:
        """Return the clips (B, T, 3, H, W) with their holes filled, and the same elsewhere.

        frames: (B, T, 3, H, W) from 0 to 1, with 0 in their holes; H and W multiples of UNIT.
        masks: (B, T, 1, H, W), 1 in the holes. alignment: of the clips; without it, or where the
        config says so, features are shifted and not aligned (the first row of the paper's
        ablation). What is filled in may lie outside of 0 to 1. Raises BadInput for other sizes, and
        for flow between other frames.
        """
        if any(side % UNIT for side in frames.shape[-2:]):
            raise BadInput(
                f"frames are {tuple(frames.shape[-2:])}. Give multiples of {UNIT} (height, width)."
            )
        config, known = self.config, 1 - masks
        shift = Shift(
            frames.shape[1],
            alignment if config.aligned else None,
            future_first=config.future_first,
            mask=config.mask,
        )
        planes = [frames, known] + [torch.zeros_like(known)] * config.guidance
        features = self.encoder(torch.cat(planes, dim=2).flatten(0, 1), shift)
        filled = torch.unflatten(self.decoder(features, shift), 0, frames.shape[:2])
        out: Tensor = filled * masks + frames * known
        return out

    def settle(self) -> None:
        """Put normalised weights in the place of those that they are made of; no more training."""
        for layer in self.modules():
            if hasattr(layer, "weight_orig"):
                remove_spectral_norm(layer)


class Encoder(nn.Module):
    """ResNet-50 (He et al., CVPR 2016), whose last two stages are dilated instead of smaller."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(config.inputs, config.width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.width)
        channels = config.width
        for number, (count, (stride, first, rest)) in enumerate(
            zip(config.blocks, STAGES, strict=True)
        ):
            width, blocks = config.width << number, nn.ModuleList()
            for n in range(count):
                step, dilation = (1, rest) if n else (stride, first)
                blocks.append(Bottleneck(channels, width, step, dilation, config))
                channels = WIDER * width
            self.add_module(f"layer{number + 1}", blocks)
        self._begin()

    def _begin(self) -> None:
        """Draw the weights of the start; gates begin as what they are gates of."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        for layer in self.modules():
            if isinstance(layer, Gated) and layer.gate is not None:
                layer.gate.load_state_dict(layer.feature.state_dict())

    def forward(self, x: Tensor, shift: Shift) -> list[Tensor]:
        """Return the results of the four stages, at a quarter and three times an eighth."""
        x = functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        stages = []
        for number in range(len(STAGES)):
            for block in self.get_submodule(f"layer{number + 1}").children():
                x = block(x, shift)
            stages.append(x)
        return stages


class Bottleneck(nn.Module):
    """Three convolutions beside a way past them; the first sees the frames beside."""

    def __init__(
        self, channels: int, width: int, stride: int, dilation: int, config: Config
    ) -> None:
        super().__init__()
        self.conv1 = Gated(
            nn.Conv2d(channels, width, 1, bias=False),
            nn.Conv2d(channels, width, 1, bias=False),
            fold=ENCODER_FOLD,
            aligned=config.gate == "aligned",
        )
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, WIDER * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(WIDER * width)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != WIDER * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, WIDER * width, 1, stride, bias=False),
                nn.BatchNorm2d(WIDER * width),
            )

    def forward(self, x: Tensor, shift: Shift) -> Tensor:
        """Return (N, 4 width, h / stride, w / stride) of (N, channels, h, w)."""
        y = self.bn1(self.conv1(x, shift)).relu()
        y = self.bn2(self.conv2(y)).relu()
        out: Tensor = (self.bn3(self.conv3(y)) + self.downsample(x)).relu()
        return out


class Gated(nn.Module):
    """A convolution of shifted features, times what a gate lets through (Yu et al., ICCV 2019).

    gate: a convolution like the other, or none. fold: one of so many channels comes from the next
    frame, and as many from the one before; 0 for no shift. aligned: the gate sees shifted features
    as well. leaky: the features go through a LeakyReLU.
    """

    def __init__(
        self,
        feature: nn.Module,
        gate: nn.Module | None,
        *,
        fold: int,
        aligned: bool = False,
        leaky: bool = False,
    ) -> None:
        super().__init__()
        self.feature, self.gate = feature, gate
        self._fold, self._aligned, self._leaky = fold, aligned, leaky

    def forward(self, x: Tensor, shift: Shift) -> Tensor:
        """Return (N, out, h, w) of (N, channels, h, w)."""
        shifted = shift(x, x.shape[1] // self._fold) if self._fold else x
        out: Tensor = self.feature(shifted)
        if self._leaky:
            out = functional.leaky_relu(out, LEAK)
        if self.gate is not None:
            out = self.gate(shifted if self._aligned else x).sigmoid() * out
        return out


class Decoder(nn.Module):
    """Back to the full size, where a gate at every scale chooses what becomes of the frames beside.

    Layers of one pixel come before an enlargement and not after it, as in the paper: where pixels
    are repeated, the result is the same for a quarter of the work.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        wide, width = config.decoder, config.width

        def layer(channels: int, out: int, size: int, *, last: bool = False) -> nn.Module:
            conv = nn.Conv2d(channels, out, size, padding=size // 2)
            nn.init.kaiming_uniform_(conv.weight, a=1)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            return spectral_norm(conv) if config.spectral_norm and not last else conv

        def gated(channels: int, out: int, size: int, *, last: bool = False) -> Gated:
            pair = (layer(channels, out, size, last=last) for _ in range(2))
            return Gated(*pair, fold=config.decoder_fold, leaky=not last)

        def enlarging(channels: int) -> Gated:
            gate = layer(channels, wide, 1) if config.gated_enlarging else None
            return Gated(layer(channels, wide, 1), gate, fold=0, leaky=True)

        self.skip2 = gated(2 * WIDER * width, wide, 1)
        self.skip3 = gated(4 * WIDER * width, wide, 1)
        self.enlarge1 = enlarging(8 * WIDER * width)
        self.mix1 = gated(wide, wide, 3)
        self.enlarge2 = enlarging(wide)
        self.mix2 = gated(wide, wide, 3)
        self.enlarge3 = enlarging(wide)
        self.skip1 = nn.Identity() if wide == WIDER * width else layer(WIDER * width, wide, 1)
        self.paint = gated(wide, 3, 3, last=True)

    def forward(self, stages: list[Tensor], shift: Shift) -> Tensor:
        """Return pictures (N, 3, H, W) of the features of four stages."""
        c1, c2, c3, c4 = stages
        x = self.enlarge1(c4, shift) + self.skip3(c3, shift)
        x = self.mix1(enlarged(x), shift)
        x = self.enlarge2(x, shift) + enlarged(self.skip2(c2, shift))
        x = self.mix2(enlarged(x), shift)
        x = self.enlarge3(x, shift) + enlarged(self.skip1(c1))
        out: Tensor = self.paint(enlarged(x), shift)
        return out


def enlarged(x: Tensor) -> Tensor:
    """Return (N, C, 2 h, 2 w) of (N, C, h, w): every pixel four times."""
    return functional.interpolate(x, scale_factor=2)
