"""A clip as a fit sees it: pictures without their holes, and what is kept from the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.canvas import Clip, Pictures
from cleanplate.threads import stack_frames
from cleanplate.video import Holes


@dataclass(frozen=True)
class Material:
    """Pictures (T, H, W, 3) from -1 to 1 with nothing (0) in their holes (T, H, W).

    held: (T, H, W), known pixels that nothing is learned from.
    """

    pictures: Pictures
    holes: Holes
    held: Holes

    @property
    def secret(self) -> Holes:
        """What the network is neither shown nor told in learning, (T, H, W)."""
        return self.holes | self.held


def seen(clip: Clip) -> tuple[Pictures, Holes]:
    """Return the pictures of a clip at the network's size, from -1 to 1, and its holes."""
    count = len(clip.frames)
    return stack_frames(clip.picture, count), stack_frames(clip.hole, count)


def shown(pictures: Pictures, hidden: Holes, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return pictures as tensors (N, 3, H, W) with nothing where they are hidden, and masks.

    hidden: (N, H, W). Masks are (N, 1, H, W), 1 where hidden.
    """
    open_ = np.where(hidden[..., None], np.float32(0), pictures)
    return to_tensor(open_, device), to_tensor(hidden[..., None], device)


def to_tensor(pictures: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return pictures (N, H, W, C) as a tensor (N, C, H, W) of float32."""
    rows = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)
    return torch.from_numpy(rows).to(device)
