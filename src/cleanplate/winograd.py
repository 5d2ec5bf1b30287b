"""Convolutions of 3x3 on CPUs with a quarter of the multiplications.

Winograd's minimal filtering F(4x4, 3x3), after Lavin and Gray, "Fast Algorithms for Convolutional
Neural Networks", CVPR 2016: tiles of 6x6 pixels and the kernel are transformed, multiplied value by
value (all channels at once: 36 matrix products), and transformed back to 4x4 pixels. The result
differs from a plain float32 convolution by about 1e-5 of its largest value.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.compiled import compiled
from cleanplate.threads import each_frame

Array = NDArray[np.float32]

# What lets products and sums be computed as one.
VECTORS = {"contract", "nsz"}

TILE, PATCH = 4, 6  # pixels that a tile yields and needs, along either side
LEAST_CHANNELS = 96  # with fewer the transforms take longer than is saved
TOGETHER = 2  # pictures that are worked on at once; each takes 36/16 of its own memory, twice

# Equation 12 of the paper's F(4, 3), extended: the kernel's transform.
KERNEL = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


class FastConv(nn.Module):
    """What a 3x3 convolution of stride 1 computes, for inference in float32 on a CPU.

    conv: its padding equals its dilation, so that the size stays. slope: of a LeakyReLU that
    follows and is computed with it; 1 for none.
    """

    kernel: Tensor  # (36, C, C')
    bias: Tensor  # (C',)

    def __init__(self, conv: nn.Conv2d, slope: float = 1.0) -> None:
        super().__init__()
        self.dilation, self.slope = int(conv.dilation[0]), slope
        weight = conv.weight.detach().double()
        sides = torch.from_numpy(KERNEL)
        kernel = torch.einsum("ik,ockl,jl->ijco", sides, weight, sides)
        self.register_buffer("kernel", kernel.flatten(0, 1).float().contiguous())
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        self.register_buffer("bias", bias.float().clone())

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C', H, W) of features (N, C, H, W), channels last in memory."""
        count, channels, height, width = features.shape
        pixels = features.permute(0, 2, 3, 1).contiguous()
        out = torch.empty(count, height, width, len(self.bias))
        room = min(count, TOGETHER) * tile_count(height, width, self.dilation)
        cut = _space.take("cut", PATCH**2, room, channels)
        product = _space.take("product", PATCH**2, room, len(self.bias))
        for first in range(0, count, TOGETHER):
            some = slice(first, first + TOGETHER)
            self._convolve(pixels[some].numpy(), out[some].numpy(), cut, product)
        return out.permute(0, 3, 1, 2)

    def _convolve(self, pixels: Array, out: Array, cut: Tensor, product: Tensor) -> None:
        """Convolve (n, H, W, C) into (n, H, W, C'), with room for tiles and their products."""
        count, height, width, _ = pixels.shape
        tiles = tile_count(height, width, self.dilation)
        patches, products, bias = cut.numpy(), product.numpy(), self.bias.numpy()
        slope = np.float32(self.slope)

        def before(n: int) -> None:
            _cut(pixels[n], self.dilation, patches[:, n * tiles :])

        def after(n: int) -> None:
            _join(products[:, n * tiles :], bias, slope, self.dilation, out[n])

        each_frame(before, count)
        used = slice(0, count * tiles)
        torch.bmm(cut[:, used], self.kernel, out=product[:, used])
        each_frame(after, count)


class _Space(threading.local):
    """Memory that one call after the other works in: to be given new pages takes long."""

    def __init__(self) -> None:
        self._held: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """Return a tensor of whatever was there before."""
        size = math.prod(shape)
        if name not in self._held or self._held[name].numel() < size:
            self._held[name] = torch.empty(size)
        return self._held[name][:size].view(shape)


_space = _Space()


def quicken(network: nn.Module) -> None:
    """Replace the convolutions of a network, in place, that are faster this way.

    Those in an nn.Sequential take the LeakyReLU that follows them along.
    """
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if not (isinstance(layer, nn.Conv2d) and _is_worth_it(layer)):
                continue
            after = str(int(name) + 1) if isinstance(parent, nn.Sequential) else ""
            leaky = dict(parent.named_children()).get(after)
            if isinstance(leaky, nn.LeakyReLU):
                setattr(parent, name, FastConv(layer, leaky.negative_slope))
                setattr(parent, after, nn.Identity())
            else:
                setattr(parent, name, FastConv(layer))


def _is_worth_it(conv: nn.Conv2d) -> bool:
    """Tell whether a convolution is of the kind, and wide enough for the products to weigh most."""
    plain = conv.kernel_size == (3, 3) and conv.stride == (1, 1) and conv.groups == 1
    same = conv.padding == conv.dilation and conv.dilation[0] == conv.dilation[1]
    return plain and same and min(conv.in_channels, conv.out_channels) >= LEAST_CHANNELS


def tile_count(height: int, width: int, dilation: int) -> int:
    """Return how many tiles cover a picture, each of its interleaved parts by itself."""
    rows, columns = (
        sum(int(_tiles(side, dilation, phase)) for phase in range(dilation))
        for side in (height, width)
    )
    return rows * columns


@compiled()
def _tiles(side: Any, dilation: Any, phase: Any) -> Any:
    """Return how many tiles every dilation-th pixel from `phase` on takes."""
    return ((side - phase + dilation - 1) // dilation + TILE - 1) // TILE


@compiled(fastmath=VECTORS)
def _cut(pixels: Array, dilation: int, patches: Array) -> None:
    """Write the transformed tiles of (H, W, C) to (36, N, C), those of one part after another."""
    height, width, channels = pixels.shape
    d = np.empty((PATCH, PATCH, channels), np.float32)
    t = np.empty((PATCH, PATCH, channels), np.float32)
    number = 0
    for py in range(dilation):
        for px in range(dilation):
            for row in range(_tiles(height, dilation, py)):
                for column in range(_tiles(width, dilation, px)):
                    top = py + (TILE * row - 1) * dilation
                    left = px + (TILE * column - 1) * dilation
                    _gather(pixels, top, left, dilation, d)
                    for j in range(PATCH):
                        _spread(d[0, j], d[1, j], d[2, j], d[3, j], d[4, j], d[5, j], t[:, j])
                    for i in range(PATCH):
                        to = patches[PATCH * i : PATCH * i + PATCH, number]
                        _spread(t[i, 0], t[i, 1], t[i, 2], t[i, 3], t[i, 4], t[i, 5], to)
                    number += 1


@compiled(inline="always")
def _gather(pixels: Array, top: int, left: int, dilation: int, d: Array) -> None:
    """Copy a patch, zeros outside the picture."""
    height, width, channels = pixels.shape
    for i in range(PATCH):
        y = top + i * dilation
        for j in range(PATCH):
            x = left + j * dilation
            if 0 <= y < height and 0 <= x < width:
                for c in range(channels):
                    d[i, j, c] = pixels[y, x, c]
            else:
                for c in range(channels):
                    d[i, j, c] = 0


@compiled(fastmath=VECTORS, inline="always")
def _spread(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, to: Any) -> None:
    """Transform six values a channel into six."""
    for n in range(len(a)):
        even, odd = e[n] - 4 * c[n], d[n] - 4 * b[n]
        even2, odd2 = e[n] - c[n], 2 * (d[n] - b[n])
        to[0, n] = 4 * a[n] - 5 * c[n] + e[n]
        to[1, n] = even + odd
        to[2, n] = even - odd
        to[3, n] = even2 + odd2
        to[4, n] = even2 - odd2
        to[5, n] = 4 * b[n] - 5 * d[n] + f[n]


@compiled(fastmath=VECTORS)
def _join(products: Array, bias: Array, slope: Any, dilation: int, out: Array) -> None:
    """Write what products (36, N, C) come to into (H, W, C), with bias and activation."""
    height, width, channels = out.shape
    t = np.empty((TILE, PATCH, channels), np.float32)
    u = np.empty((TILE, channels), np.float32)
    number = 0
    for py in range(dilation):
        for px in range(dilation):
            for row in range(_tiles(height, dilation, py)):
                for column in range(_tiles(width, dilation, px)):
                    m = products[:, number]
                    for j in range(PATCH):
                        _gain(m[j], m[6 + j], m[12 + j], m[18 + j], m[24 + j], m[30 + j], t[:, j])
                    for i in range(TILE):
                        y = py + (TILE * row + i) * dilation
                        if y >= height:
                            break
                        _gain(t[i, 0], t[i, 1], t[i, 2], t[i, 3], t[i, 4], t[i, 5], u)
                        for j in range(TILE):
                            x = px + (TILE * column + j) * dilation
                            if x >= width:
                                break
                            for c in range(channels):
                                value = u[j, c] + bias[c]
                                out[y, x, c] = max(value, slope * value)
                    number += 1


@compiled(fastmath=VECTORS, inline="always")
def _gain(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, to: Any) -> None:
    """Transform six values a channel into four."""
    for n in range(len(a)):
        plus, minus, plus2, minus2 = b[n] + c[n], b[n] - c[n], d[n] + e[n], d[n] - e[n]
        to[0, n] = a[n] + plus + plus2
        to[1, n] = minus + 2 * minus2
        to[2, n] = plus + 4 * plus2
        to[3, n] = minus + 8 * minus2 + f[n]
