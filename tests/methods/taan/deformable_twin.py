"""Slow renderings of the deformable convolution, for tests and measurements."""

from __future__ import annotations

import math

import torch
from torch.nn import functional


def one_by_one(features, offsets, modulators, weight, bias):
    """Equation 1 of DCNv2, a pixel, a tap and a channel after the other."""
    count, channels, height, width = features.shape
    groups = offsets.shape[1]
    out = bias[None, :, None, None].repeat(count, 1, height, width)
    for n in range(count):
        for y in range(height):
            for x in range(width):
                for tap in range(9):
                    for channel in range(channels):
                        group = channel // (channels // groups)
                        dy, dx = offsets[n, group, tap, :, y, x].tolist()
                        place = (y + tap // 3 - 1 + dy, x + tap % 3 - 1 + dx)
                        seen = bilinear(features[n, channel], *place)
                        seen = seen * modulators[n, group, tap, y, x]
                        out[n, :, y, x] += weight[:, channel, tap // 3, tap % 3] * seen
    return out


def bilinear(picture, y, x):
    """The value between the pixels of a picture (H, W), which is 0 around it."""
    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * picture[row, column].item()
    return total


def by_grid_sample(features, offsets, modulators, weight, bias):
    """As one writes it first: each tap sampled by grid_sample, then one product."""
    count, channels, height, width = features.shape
    groups = offsets.shape[1]
    parts = features.contiguous().view(count * groups, channels // groups, height, width)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    samples = []
    for tap in range(9):
        y = rows + (tap // 3 - 1) + offsets[:, :, tap, 0]
        x = columns + (tap % 3 - 1) + offsets[:, :, tap, 1]
        # grid_sample's pixel centres go from -1 to 1.
        grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
        seen = functional.grid_sample(parts, grid.flatten(0, 1), align_corners=True)
        seen = seen * modulators[:, :, tap].flatten(0, 1)[:, None]
        samples.append(seen.view(count, channels, height, width))
    matrix = torch.stack(samples, dim=2).flatten(1, 2).flatten(2)
    out = weight.flatten(1) @ matrix + bias[:, None]
    return out.view(count, len(bias), height, width)
