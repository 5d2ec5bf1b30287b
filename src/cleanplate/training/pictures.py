"""Batches as networks that fill pictures want them, and pictures of what they make of a clip."""

from __future__ import annotations

import torch
from torch import Tensor

from cleanplate.training.batches import Batch


def scaled(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return frames (B, T, 3, H, W) from -1 to 1, and masks (B, T, 1, H, W), 1 in holes."""
    frames = batch.frames.permute(0, 1, 4, 2, 3).float() / 255 * 2 - 1
    return frames, batch.holes[:, :, None].float()


def in_rows(*clips: Tensor) -> Tensor:
    """Draw clips (T, 3, H, W) from -1 to 1 below each other, a picture (3, H', W') from 0 to 1."""
    rows = [clip.permute(1, 2, 0, 3).flatten(2) for clip in clips]
    return (torch.cat(rows, dim=1) + 1) / 2
