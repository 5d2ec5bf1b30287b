"""Convolutions of 3x3 on CPUs with a quarter of the multiplications.

Winograd's minimal filtering F(4x4, 3x3), after Lavin and Gray, "Fast Algorithms for Convolutional
Neural Networks", CVPR 2016: tiles of 6x6 pixels and the kernel are transformed, multiplied value by
value (all channels at once: 36 matrix products), and transformed back to 4x4 pixels. The paper's
polynomials meet at 0, 1, -1, 2, -2; ours at 0, 3/4, -3/4, 3/2, -3/2, where all transforms enlarge
errors by about as much, so that bfloat16 will do: its result is off by 1.5 times (smooth pictures)
to 5 times (noise) as much as that of a plain convolution in bfloat16, half of what theirs would be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.compiled import VECTORS, compiled
from cleanplate.halves import stored, widened
from cleanplate.scratch import Scratch
from cleanplate.threads import in_parts

Array = NDArray[Any]  # float32, or the bits of bfloat16

TILE, PATCH = 4, 6  # pixels that a tile yields and needs, along either side
PAGE = 4096  # bytes
# Of tiles that are multiplied at once, of many small pictures or a part of a large one. More make
# better use of the kernel, but what is between the steps has to stay near the processor.
MOST_BYTES = 32 << 20
LEAST_CHANNELS = 96  # with fewer the transforms take longer than is saved

_scratch = Scratch()

# Where the polynomials meet, their squares and cubes.
A, B = 0.75, 1.5
A2, B2, A3, B3 = A * A, B * B, A**3, B**3
SUM, PRODUCT = A2 + B2, A2 * B2

# The kernel's transform: values at each point, over the differences to the others.
KERNEL = np.array(
    [
        [1 / PRODUCT, 0, 0],
        *(np.array([1, p, A2]) / (2 * A2 * (A2 - B2)) for p in (A, -A)),
        *(np.array([1, p, B2]) / (2 * B2 * (B2 - A2)) for p in (B, -B)),
        [0, 0, 1],
    ]
)


class FastConv(nn.Module):
    """What a 3x3 convolution of stride 1 computes, for inference on a CPU.

    conv: its padding equals its dilation, so that the size stays. slope: of a LeakyReLU that
    follows and is computed with it; 1 for none. dtype: float32 or bfloat16, in which pictures come
    and go and products are computed; the transforms are computed in float32.
    """

    kernel: Tensor  # (36, C, C')
    bias: Tensor  # (C',), float32

    def __init__(
        self, conv: nn.Conv2d, slope: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.dilation, self.slope = int(conv.dilation[0]), slope
        self.register_buffer("kernel", _transformed(conv.weight.detach(), dtype))
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        self.register_buffer("bias", bias.float().clone())

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C', H, W) of features (N, C, H, W), channels last in memory."""
        pixels = features.permute(0, 2, 3, 1).contiguous()
        out = pixels.new_empty(*pixels.shape[:3], len(self.bias))
        self.convolve(pixels, out)
        return out.permute(0, 3, 1, 2)

    def convolve(self, pixels: Tensor, out: Tensor, *, add: bool = False) -> None:
        """Write what comes of pixels (N, H, W, C) into out (N, H, W, C'), or add it to that.

        Both are contiguous, and not the same.
        """
        count, height, width, channels = pixels.shape
        rows, across = _rows(height, self.dilation), _across(width, self.dilation)
        some = max(1, MOST_BYTES // (PATCH**2 * across * channels * pixels.itemsize))
        for start in range(0, count * rows, some):
            self._convolve(pixels, out, start, min(start + some, count * rows), add)

    def _convolve(self, pixels: Tensor, out: Tensor, top: int, bottom: int, add: bool) -> None:
        """Convolve what lies in some rows of tiles, counted through all pictures."""
        _, height, width, channels = pixels.shape
        rows, across = _rows(height, self.dilation), _across(width, self.dilation)
        common = math.gcd(channels, len(self.bias))
        tiles = _padded((bottom - top) * across, common, pixels.itemsize)
        cut, product = (
            _scratch.take(name, pixels.dtype, PATCH**2, tiles, wide)
            for name, wide in (("cut", channels), ("product", len(self.bias)))
        )
        pictures, patches, products, results = map(array_of, (pixels, cut, product, out))
        bias, slope = self.bias.numpy(), np.float32(self.slope)

        def before(first: int, last: int) -> None:
            for n, start, stop in _pieces(top + first, top + last, rows):
                number = (n * rows + start - top) * across
                _cut(pictures[n], self.dilation, start, stop, number, patches)

        def after(first: int, last: int) -> None:
            for n, start, stop in _pieces(top + first, top + last, rows):
                number = (n * rows + start - top) * across
                _join(products, number, bias, slope, self.dilation, start, stop, add, results[n])

        in_parts(before, bottom - top)
        torch.bmm(cut, self.kernel, out=product)
        in_parts(after, bottom - top)


def _pieces(first: int, last: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """Cut rows counted through all pictures at their borders: (picture, first, last) of it.

    >>> list(_pieces(2, 7, 4))
    [(0, 2, 4), (1, 0, 3)]
    """
    while first < last:
        picture, row = divmod(first, rows)
        stop = min(rows, row + last - first)
        yield picture, row, stop
        first += stop - row


def _transformed(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return kernels (C', C, 3, 3) as (36, C, C'), computed as float64."""
    sides, double = torch.from_numpy(KERNEL), weight.double()
    kernel = torch.empty(PATCH, PATCH, weight.shape[1], weight.shape[0], dtype=dtype)
    for row, side in zip(kernel, sides, strict=True):  # each by itself: that is little memory
        row.copy_(torch.einsum("k,ockl,jl->jco", side, double, sides))
    return kernel.flatten(0, 1)


def _padded(tiles: int, channels: int, itemsize: int) -> int:
    """Return a number of tiles, at least as many, that the 36 values of each lie well for.

    The processor's nearest memory keeps few values that are whole pages apart. With this number
    they share it out, and all are one piece of memory still, as products are computed fastest.
    channels: a number that divides those of what comes and of what goes.
    """
    a_page = PAGE // math.gcd(PAGE, channels * itemsize)  # tiles whose values fill whole pages
    return tiles + (1 - tiles) % a_page


def array_of(tensor: Tensor) -> Array:
    """View a tensor as an array: its numbers, or the bits of bfloat16 as uint16."""
    plain = tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor
    return plain.numpy()


def quicken(network: nn.Module, dtype: torch.dtype = torch.float32) -> None:
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
                setattr(parent, name, FastConv(layer, leaky.negative_slope, dtype))
                setattr(parent, after, nn.Identity())
            else:
                setattr(parent, name, FastConv(layer, dtype=dtype))


def _is_worth_it(conv: nn.Conv2d) -> bool:
    """Tell whether a convolution is of the kind, and wide enough for the products to weigh most."""
    plain = conv.kernel_size == (3, 3) and conv.stride == (1, 1) and conv.groups == 1
    same = conv.padding == conv.dilation and conv.dilation[0] == conv.dilation[1]
    return plain and same and min(conv.in_channels, conv.out_channels) >= LEAST_CHANNELS


def _rows(height: int, dilation: int) -> int:
    """Return how many rows of tiles there are, those of one interleaved part after another."""
    return sum(int(_tiles(height, dilation, phase)) for phase in range(dilation))


_across = _rows  # columns go by the same rule


@compiled()
def _tiles(side: Any, dilation: Any, phase: Any) -> Any:
    """Return how many tiles every dilation-th pixel from `phase` on takes."""
    return ((side - phase + dilation - 1) // dilation + TILE - 1) // TILE


@compiled()
def _phase_of(number: Any, height: Any, dilation: Any) -> Any:
    """Return the interleaved part and the row in it of a row of tiles."""
    phase = 0
    while number >= _tiles(height, dilation, phase):
        number -= _tiles(height, dilation, phase)
        phase += 1
    return phase, number


@compiled(fastmath=VECTORS)
def _cut(pixels: Array, dilation: int, first: int, last: int, number: int, patches: Array) -> None:
    """Write the transformed tiles of some rows of (H, W, C) to (36, N, C), from a number on."""
    height, width, channels = pixels.shape
    d = np.empty((PATCH, PATCH, channels), np.float32)
    t = np.empty((PATCH, PATCH, channels), np.float32)
    s = np.empty((PATCH, channels), np.float32)
    for line in range(first, last):
        py, row = _phase_of(line, height, dilation)
        for px in range(dilation):
            for column in range(_tiles(width, dilation, px)):
                top = py + (TILE * row - 1) * dilation
                left = px + (TILE * column - 1) * dilation
                _gather(pixels, top, left, dilation, d)
                for j in range(PATCH):
                    _spread(d[0, j], d[1, j], d[2, j], d[3, j], d[4, j], d[5, j], t[:, j])
                for i in range(PATCH):
                    # Not straight to where they go: memory of our own lets values go side by side.
                    _spread(t[i, 0], t[i, 1], t[i, 2], t[i, 3], t[i, 4], t[i, 5], s)
                    for j in range(PATCH):
                        to = patches[PATCH * i + j, number]
                        for c in range(channels):
                            to[c] = stored(s[j, c], to)
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
                    d[i, j, c] = widened(pixels[y, x, c])
            else:
                for c in range(channels):
                    d[i, j, c] = 0


@compiled(fastmath=VECTORS, inline="always")
def _spread(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, to: Any) -> None:
    """Transform six values a channel into six."""
    a2, b2 = np.float32(A2), np.float32(B2)
    product, both = np.float32(PRODUCT), np.float32(SUM)
    for n in range(len(a)):
        even, odd = e[n] - b2 * c[n], np.float32(A) * (d[n] - b2 * b[n])
        even2, odd2 = e[n] - a2 * c[n], np.float32(B) * (d[n] - a2 * b[n])
        to[0, n] = product * a[n] - both * c[n] + e[n]
        to[1, n] = even + odd
        to[2, n] = even - odd
        to[3, n] = even2 + odd2
        to[4, n] = even2 - odd2
        to[5, n] = product * b[n] - both * d[n] + f[n]


@compiled(fastmath=VECTORS)
def _join(
    products: Array,
    number: int,
    bias: Array,
    slope: Any,
    dilation: int,
    first: int,
    last: int,
    add: bool,
    out: Array,
) -> None:
    """Write what products (36, N, C) come to into some rows of (H, W, C), or add it to them."""
    height, width, channels = out.shape
    m = np.empty((PATCH**2, channels), np.float32)
    t = np.empty((TILE, PATCH, channels), np.float32)
    u = np.empty((TILE, channels), np.float32)
    for line in range(first, last):
        py, row = _phase_of(line, height, dilation)
        for px in range(dilation):
            for column in range(_tiles(width, dilation, px)):
                for k in range(PATCH**2):
                    values = products[k, number]
                    for c in range(channels):
                        m[k, c] = widened(values[c])
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
                        _finish(u[j], bias, slope, add, out[y, x])
                number += 1


@compiled(fastmath=VECTORS, inline="always")
def _gain(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, to: Any) -> None:
    """Transform six values a channel into four."""
    for n in range(len(a)):
        plus, minus = b[n] + c[n], b[n] - c[n]
        plus2, minus2 = d[n] + e[n], d[n] - e[n]
        to[0, n] = a[n] + plus + plus2
        to[1, n] = np.float32(A) * minus + np.float32(B) * minus2
        to[2, n] = np.float32(A2) * plus + np.float32(B2) * plus2
        to[3, n] = np.float32(A3) * minus + np.float32(B3) * minus2 + f[n]


@compiled(fastmath=VECTORS, inline="always")
def _finish(values: Any, bias: Any, slope: Any, add: Any, out: Any) -> None:
    """Write a pixel with its bias and activation, or add it to what is there."""
    for c in range(len(values)):
        value = values[c] + bias[c]
        value = max(value, slope * value)
        if add:
            value += widened(out[c])
        out[c] = stored(value, out)
