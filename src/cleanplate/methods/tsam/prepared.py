"""The network's layers where nothing is learned: channels last in memory, norms folded.

All take and return features (N, h, w, C), contiguous, in the precision asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cleanplate.methods.tsam.beside import FrameShift, Place, Trio, part_of, trios, whole_place
from cleanplate.methods.tsam.network import ENCODER_FOLD, LEAK, Bottleneck, Gated
from cleanplate.winograd import quicken

RELU = 0.0  # slope of a LeakyReLU that is one


class Where(NamedTuple):
    """The device that computes, and the precision."""

    device: torch.device
    dtype: torch.dtype


class Layer:
    """A convolution, and a LeakyReLU of some slope after it; 1 for none."""

    def __init__(self, conv: nn.Module, where: Where, slope: float = 1.0) -> None:
        assert isinstance(conv, nn.Conv2d)
        self._slope = slope
        self._net: nn.Sequential | None = None
        if conv.kernel_size == (1, 1) and conv.stride == (1, 1):
            self._weight = conv.weight.detach().flatten(1).to(where.device, where.dtype)
            self._bias = None if conv.bias is None else conv.bias.detach().to(self._weight)
            return
        self._net = nn.Sequential(conv, *[nn.LeakyReLU(slope, inplace=True)] * (slope != 1))
        if where.device.type == "cpu":
            quicken(self._net, where.dtype)
        for layer in self._net:
            if isinstance(layer, nn.Conv2d):
                layer.to(where.device, where.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, x: Tensor) -> Tensor:
        """Return (N, h', w', C') of features (N, h, w, C)."""
        if self._net is not None:
            out: Tensor = self._net(x.permute(0, 3, 1, 2))
            return out.permute(0, 2, 3, 1).contiguous()
        product = functional.linear(x, self._weight, self._bias)
        return product if self._slope == 1 else functional.leaky_relu_(product, self._slope)


class Gates:
    """A layer of features, times what its gate lets through, if it has one."""

    def __init__(self, gated: Gated, where: Where, slope: float = LEAK) -> None:
        self._feature = Layer(gated.feature, where, slope)
        self._gate = None if gated.gate is None else Layer(gated.gate, where)

    def __call__(self, shifted: Tensor, seen: Tensor) -> Tensor:
        """Return what becomes of shifted features; seen: what the gate judges by."""
        out = self._feature(shifted)
        return out if self._gate is None else out.mul_(self._gate(seen).sigmoid_())


class Block:
    """A bottleneck of the encoder."""

    def __init__(self, block: Bottleneck, where: Where, *, aligned: bool) -> None:
        norm, self._aligned = block.bn1, aligned
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        feature: Any = block.conv1.feature  # what a gate is a factor of may be scaled before it
        feature.weight.data *= scale.detach()[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        self._bias = bias.detach().to(where.device, where.dtype)
        self._first = Gates(block.conv1, where, slope=1)
        self._middle = Layer(fuse_conv_bn_eval(block.conv2, block.bn2), where, RELU)
        self._last = Layer(fuse_conv_bn_eval(block.conv3, block.bn3), where)
        self._stride = block.conv2.stride[0]
        self._beside: Layer | None = None
        if isinstance(block.downsample, nn.Sequential):
            beside: Any = fuse_conv_bn_eval(*block.downsample)
            beside.stride = (1, 1)  # pixels are left out before it
            self._beside = Layer(beside, where)

    def __call__(self, x: Tensor, shift: FrameShift) -> Tensor:
        """Return (T, h', w', C') of all frames of a window; x may be overwritten."""
        place, fold = whole_place(x), x.shape[-1] // ENCODER_FOLD
        mixed = x.new_empty(*x.shape[:3], len(self._bias))
        for t, trio in enumerate(trios(x)):
            shifted = shift.into(trio.here.clone(), trio, t, fold, place)
            seen = shifted if self._aligned else trio.here
            torch.add(self._first(shifted, seen), self._bias, out=mixed[t]).relu_()
        y = self._middle(mixed)
        del mixed
        if self._beside:
            x = self._beside(x[:, :: self._stride, :: self._stride].contiguous())
        for frame, more in zip(x, y, strict=True):
            frame.add_(self._last(more)).relu_()
        return x


class Paint:
    """The last layer, of features of half the size, whose pixels count for four.

    But for the channels that come from the frames beside, it takes the small features: there 3x3
    pixels of the large ones are no more than 2x2 of them, in four ways.
    """

    def __init__(self, gated: Gated, fold: int, where: Where) -> None:
        feature: Any = gated.feature
        gate: Any = gated.gate
        self._fold, self._moved = fold, _conv(feature.weight[:, : 2 * fold], None, where)
        weight = torch.cat([feature.weight, gate.weight]).detach().clone()
        weight[: len(feature.weight), : 2 * fold] = 0
        bias = torch.cat([feature.bias, gate.bias]).detach().repeat_interleave(4)
        self._rest = _conv(before_enlarging(weight), bias, where)

    def __call__(self, trio: Trio, t: int, shift: FrameShift, place: Place) -> Tensor:
        """Return the part (h', w', 3) that is wanted of frame t."""
        around = place._replace(wanted=place.wanted.grown(1, place.size))
        own = part_of(trio.here[..., : 2 * self._fold], around)
        moved = self._moved(shift.into(own, trio, t, self._fold, around)[None])
        small = self._rest(trio.here[None]).permute(0, 3, 1, 2)
        both = functional.pixel_shuffle(small, 2)[0].permute(1, 2, 0)
        feature, gate = both[place.wanted.within(place.given.scaled(2)).slices].chunk(2, dim=-1)
        return gate.sigmoid() * (feature + moved[0][place.wanted.within(around.wanted).slices])


def before_enlarging(weight: Tensor) -> Tensor:
    """Return a kernel (4 C', C, 3, 3) for features whose pixels are then each repeated twice.

    weight: (C', C, 3, 3), for the large ones. Each four results are those of a pixel's four places,
    as `pixel_shuffle` wants them.
    """
    rows = torch.zeros(2, 3, 3).to(weight)  # place in a pair, small row, large row
    for place, large in ((p, r) for p in (0, 1) for r in (-1, 0, 1)):
        rows[place, (place + large) // 2 + 1, large + 1] = 1
    return torch.einsum("pak,qbl,ockl->opqcab", rows, rows, weight).flatten(0, 2)


def _conv(weight: Tensor, bias: Tensor | None, where: Where) -> Layer:
    """Return the convolution of a kernel (C', C, 3, 3)."""
    conv = nn.Conv2d(weight.shape[1], len(weight), 3, padding=1, bias=bias is not None)
    conv.weight.data = weight.detach().clone()
    if bias is not None:
        conv.bias.data = bias.detach().clone()  # type: ignore[union-attr]
    return Layer(conv, where)
