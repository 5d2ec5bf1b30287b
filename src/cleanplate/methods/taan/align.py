"""TAAN's idea: features of a reference are drawn to where the target has them.

By the modulated deformable convolution of Zhu et al., "Deformable ConvNets v2", CVPR 2019, eq. 1:
each of the nine taps of a 3x3 kernel looks where its own offset leads, and counts by its own
modulator. Samples are bilinear, and beyond the features' border lies 0; the samples of all taps
make a matrix, so that the convolution is a product with the kernel.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cleanplate.compiled import VECTORS, compiled
from cleanplate.scratch import Scratch
from cleanplate.threads import in_parts
from cleanplate.warp import shares_around

# Where the taps of a 3x3 kernel lie, row by row: (dy, dx).
TAPS = tuple(product((-1, 0, 1), repeat=2))
MOST_BYTES = 6 << 20  # of samples that are multiplied at once: they stay near the processor

_scratch = Scratch()


def deformable(
    features: Tensor, offsets: Tensor, modulators: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """Return the modulated deformable convolution (N, C', H, W) of features (N, C, H, W).

    offsets: (N, G, 9, 2, H, W), (dy, dx) in pixels of the features, for each tap of each of G
    groups of channels. modulators: (N, G, 9, H, W). weight: (C', C, 3, 3). bias: (C',). On a CPU,
    float32 without gradients is sampled by compiled code; the result is the same but for rounding.
    """
    if _is_compiled(features, offsets, modulators, weight, bias):
        return _compiled(*(x.detach() for x in (features, offsets, modulators, weight, bias)))
    samples = _sampled(features, offsets, modulators)
    out = weight.flatten(1) @ samples.flatten(1, 3).flatten(2) + bias[:, None]
    return torch.unflatten(out, 2, features.shape[2:])


def deformed_mean(values: Tensor, offsets: Tensor, modulators: Tensor) -> Tensor:
    """Return the mean (N, G, H, W) of what the taps of each group see, counted by their modulators.

    values: (N, 1, H, W), the same for all groups. offsets, modulators: see `deformable`.
    """
    same = values.expand(-1, offsets.shape[1], -1, -1)
    seen = _sampled(same, offsets, modulators)[:, :, 0].sum(dim=2)
    return seen / modulators.sum(dim=2).clamp(min=1e-6)


def _sampled(features: Tensor, offsets: Tensor, modulators: Tensor) -> Tensor:
    """Return the samples of features (N, C, H, W), each times its modulator, (N, G, C/G, 9, H, W).

    By tensor operations, which have gradients: all taps of a group are one tall picture.
    """
    (count, groups, taps), (channels, height, width) = offsets.shape[:3], features.shape[1:]
    own = [torch.arange(side, device=offsets.device) for side in (height, width)]
    kernel = offsets.new_tensor(TAPS).view(taps, 2, 1, 1)
    y = offsets[:, :, :, 0] + kernel[:, 0] + own[0][:, None]
    x = offsets[:, :, :, 1] + kernel[:, 1] + own[1]
    # From -1 at one border to 1 at the other, half a pixel beyond the outermost centres.
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    samples = functional.grid_sample(
        features.reshape(count * groups, channels // groups, height, width),
        grid.view(count * groups, taps * height, width, 2),
        align_corners=False,
    )
    samples = samples.view(count, groups, channels // groups, taps, height, width)
    return samples * modulators[:, :, None]


def _is_compiled(*given: Tensor) -> bool:
    """Tell whether compiled code can do it: in float32 on a CPU, without gradients."""
    traced = torch.is_grad_enabled() and any(x.requires_grad for x in given)
    return not traced and all(x.device.type == "cpu" and x.dtype == torch.float32 for x in given)


def _compiled(
    features: Tensor, offsets: Tensor, modulators: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """Return the convolution, computed for some rows of a picture at a time."""
    pixels = features.permute(0, 2, 3, 1)
    where, counts = offsets.permute(0, 4, 5, 1, 2, 3), modulators.permute(0, 3, 4, 1, 2)
    given = [x.contiguous().numpy() for x in (pixels, where, counts)]
    kernel = _grouped(weight, offsets.shape[1])
    count, height, width, _ = pixels.shape
    out = pixels.new_empty(count, height, width, len(bias))
    some = max(1, MOST_BYTES // (width * len(kernel) * kernel.itemsize))
    for n, top in product(range(count), range(0, height, some)):
        bottom = min(top + some, height)
        samples = _scratch.take("samples", kernel.dtype, (bottom - top) * width, len(kernel))
        _gather_rows([x[n] for x in given], samples, top, bottom)
        torch.addmm(bias, samples, kernel, out=out[n, top:bottom].flatten(0, 1))
    return out.permute(0, 3, 1, 2)


def _grouped(weight: Tensor, groups: int) -> Tensor:
    """Return a kernel (C', C, 3, 3) as (G 9 C/G, C'), in the order of the samples."""
    parts = torch.unflatten(weight.flatten(2), 1, (groups, -1))
    return parts.permute(1, 3, 2, 0).flatten(0, 2)


def _gather_rows(given: list[Any], samples: Tensor, top: int, bottom: int) -> None:
    """Write the samples of some rows of a picture, on all cores; see `_gather`."""
    array = samples.numpy()

    def gather(first: int, last: int) -> None:
        _gather(*given, array, top, top + first, top + last)

    in_parts(gather, bottom - top)


@compiled(fastmath=VECTORS)
def _gather(
    pixels: Any, offsets: Any, modulators: Any, samples: Any, top: int, first: int, last: int
) -> None:
    """Sample rows `first` to `last` of a picture (H, W, C), each sample times its modulator.

    samples: (P, G 9 C/G), of the pixels from row `top` on.
    """
    height, width, channels = pixels.shape
    groups, taps = modulators.shape[2:]
    size = channels // groups
    # Flat and by numbers without a sign, which cannot count from the end: so it becomes vectors.
    flat, out = pixels.ravel(), samples.ravel()
    for row in range(first, last):
        for column in range(width):
            at = ((row - top) * width + column) * groups * taps * size
            for group in range(groups):
                start = group * size
                for tap in range(taps):
                    dy, dx = TAPS[tap]
                    y = offsets[row, column, group, tap, 0] + np.float32(row + dy)
                    x = offsets[row, column, group, tap, 1] + np.float32(column + dx)
                    y0, y1, upper, lower = shares_around(y, height)
                    x0, x1, left, right = shares_around(x, width)
                    upper *= modulators[row, column, group, tap]
                    lower *= modulators[row, column, group, tap]
                    a = np.uint64((y0 * width + x0) * channels + start)
                    b = np.uint64((y0 * width + x1) * channels + start)
                    c = np.uint64((y1 * width + x0) * channels + start)
                    d = np.uint64((y1 * width + x1) * channels + start)
                    to = np.uint64(at)
                    wa, wb, wc, wd = upper * left, upper * right, lower * left, lower * right
                    for k in range(np.uint64(size)):
                        out[to + k] = (
                            wa * flat[a + k]
                            + wb * flat[b + k]
                            + wc * flat[c + k]
                            + wd * flat[d + k]
                        )
                    at += size
