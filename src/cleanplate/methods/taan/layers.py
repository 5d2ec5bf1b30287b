"""What all parts of TAAN's network are made of."""

from __future__ import annotations

from torch import nn

LEAK = 0.2  # slope of LeakyReLU below 0


def layer(
    channels: int, out: int, *, kernel: int = 3, stride: int = 1, dilation: int = 1
) -> tuple[nn.Module, nn.Module]:
    """Return a convolution, whose size stays but for its stride, and the rectifier after it."""
    pad = dilation * (kernel // 2)
    return nn.Conv2d(channels, out, kernel, stride, pad, dilation), nn.LeakyReLU(LEAK)
