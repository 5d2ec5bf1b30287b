"""I3D, whose features compare sets of videos: two streams inflated from images, the RGB one.

Carreira and Zisserman, CVPR 2017, as the usual PyTorch port of the Kinetics-400 weights has it:
keys and shapes are that file's. Importing this module needs PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.states import fit_state, read_state
from cleanplate.video import Frames

FEATURES = 1024
CLASSES = 400
File = str | os.PathLike[str]
Sizes = tuple[int, int, int]  # in time, height, width


class I3D(nn.Module):
    """The network, (B, 3, T, H, W) float in, logits (B, 400, T') out; 12,697,264 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, 7, stride=2)
        self.MaxPool3d_2a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit(64, 64, 1)
        self.Conv3d_2c_3x3 = Unit(64, 192, 3)
        self.MaxPool3d_3a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.Mixed_3b = Mixed(192, (64, 96, 128, 16, 32, 32))
        self.Mixed_3c = Mixed(256, (128, 128, 192, 32, 96, 64))
        self.MaxPool3d_4a_3x3 = Pool((3, 3, 3), (2, 2, 2))
        self.Mixed_4b = Mixed(480, (192, 96, 208, 16, 48, 64))
        self.Mixed_4c = Mixed(512, (160, 112, 224, 24, 64, 64))
        self.Mixed_4d = Mixed(512, (128, 128, 256, 24, 64, 64))
        self.Mixed_4e = Mixed(512, (112, 144, 288, 32, 64, 64))
        self.Mixed_4f = Mixed(528, (256, 160, 320, 32, 128, 128))
        self.MaxPool3d_5a_2x2 = Pool((2, 2, 2), (2, 2, 2))
        self.Mixed_5b = Mixed(832, (256, 160, 320, 32, 128, 128))
        self.Mixed_5c = Mixed(832, (384, 192, 384, 48, 128, 128))
        self.logits = Unit(FEATURES, CLASSES, 1, plain=True)

    def mixed_5c(self, clips: Tensor) -> Tensor:
        """Return the last block's output, (B, 1024, T/8, H/32, W/32), sizes rounded up."""
        for name, layer in self.named_children():
            if name != "logits":
                clips = layer(clips)
        return clips

    def features(self, clips: Tensor) -> Tensor:
        """Return (B, 1024), the mean over time and space of the last block's output.

        clips: (B, 3, T, H, W), RGB in [0, 1]. The weights were trained on [-1, 1], but the
        published distances between videos are those of [0, 1].
        """
        return self.mixed_5c(clips).mean((2, 3, 4))

    def forward(self, clips: Tensor) -> Tensor:
        """Return logits (B, 400, T'), for clips of at least 9 frames and 193 pixels a side."""
        pooled = functional.avg_pool3d(self.mixed_5c(clips), (2, 7, 7), stride=1)
        logits: Tensor = self.logits(pooled)
        return logits.mean((3, 4))


class Unit(nn.Module):
    """Convolution, batch normalisation, ReLU; `plain` has a bias instead of the latter two."""

    def __init__(
        self, channels: int, out: int, size: int, *, stride: int = 1, plain: bool = False
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, out, size, stride=stride, bias=plain)
        self.bn = None if plain else nn.BatchNorm3d(out, eps=1e-3)
        self.size, self.stride = (size,) * 3, (stride,) * 3

    def forward(self, x: Tensor) -> Tensor:
        """Return as many values as the stride leaves of each side, rounded up."""
        x = self.conv3d(_pad(x, self.size, self.stride))
        return x if self.bn is None else functional.relu(self.bn(x))


class Pool(nn.Module):
    """Maximum over a window; beyond the border lies 0."""

    def __init__(self, size: Sizes, stride: Sizes) -> None:
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Return as many values as the stride leaves of each side, rounded up."""
        return functional.max_pool3d(_pad(x, self.size, self.stride), self.size, self.stride)


class Mixed(nn.Module):
    """Four branches side by side; `widths` are those of their convolutions, in order."""

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        one, two_in, two, three_in, three, four = widths
        self.b0 = Unit(channels, one, 1)
        self.b1a, self.b1b = Unit(channels, two_in, 1), Unit(two_in, two, 3)
        # 3 x 3 x 3 here as well, where the paper's drawing of Inception has 5: so the weights.
        self.b2a, self.b2b = Unit(channels, three_in, 1), Unit(three_in, three, 3)
        self.b3a, self.b3b = Pool((3, 3, 3), (1, 1, 1)), Unit(channels, four, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' channels, one behind the other."""
        branches = [self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))]
        return torch.cat(branches, dim=1)


def load_i3d(path: File | Sequence[File], *, sha256: str | None = None) -> I3D:
    """Return I3D with the weights of a file, ready to be used.

    Raises BadInput for several files, and for one that cannot be read or holds another network's
    weights.
    """
    if not isinstance(path, str | os.PathLike):
        raise BadInput(f"I3D's weights are one file, {len(path)} were given. Give rgb_imagenet.pt.")
    network = I3D()
    fit_state(network, read_state(path, sha256=sha256), name="I3D", source=str(path))
    return network.eval()


def features(frames: Frames, network: I3D) -> NDArray[np.float64]:
    """Return (1024,), the features of a whole clip (T, H, W, 3) uint8 or uint16.

    The clip goes through the network at once and at its own size, on the network's device.
    Raises BadInput for another shape or type.
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype not in (np.uint8, np.uint16):
        raise BadInput(
            f"frames are {frames.dtype} of shape {frames.shape}. "
            "Give (T, H, W, 3), uint8 or uint16."
        )
    scaled = frames.astype(np.float32) / np.float32(np.iinfo(frames.dtype).max)
    clips = torch.from_numpy(scaled).permute(3, 0, 1, 2)[None]
    with torch.inference_mode():
        found = network.features(clips.to(next(network.parameters()).device))
    return found[0].double().cpu().numpy()


def _pad(x: Tensor, size: Sizes, stride: Sizes) -> Tensor:
    """Pad with zeros so that an output side is the input's over the stride, rounded up.

    The smaller half lies in front, as TensorFlow has it.
    """
    sides: list[int] = []
    for length, window, step in zip(x.shape[2:], size, stride, strict=True):
        missing = max(window - (length % step or step), 0)
        sides = [missing // 2, missing - missing // 2, *sides]
    return functional.pad(x, sides)
