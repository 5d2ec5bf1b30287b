"""Pictures, masks, boxes and clicks as the network takes them: in squares of its own size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cleanplate.masks.generous import sure_of
from cleanplate.masks.select import Point
from cleanplate.region import Region

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of what it has learned from

OUTSIDE, INSIDE, TOP_LEFT, BOTTOM_RIGHT = 0, 1, 2, 3  # what a point says, in its numbers


def pixels_of(picture: NDArray[np.uint8], side: int, device: torch.device) -> Tensor:
    """Return a picture (h, w, 3) as the network sees it, (3, side, side)."""
    levels = torch.from_numpy(np.ascontiguousarray(picture)).to(device).permute(2, 0, 1)
    mean, std = (torch.tensor(v, device=device)[:, None, None] for v in (MEAN, STD))
    return (_squared(levels.float() / 255, side) - mean) / std


def mask_of(soft: NDArray[Any], side: int) -> Tensor:
    """Return a mask (h, w), soft or bool, as the network is given it: (1, 1, side, side)."""
    share = torch.from_numpy(np.ascontiguousarray(soft, np.float32))
    sure: Tensor = sure_of(_squared(share[None], side))
    return sure.float()[None]


def _squared(planes: Tensor, side: int) -> Tensor:
    """Return planes (C, h, w) at the network's size."""
    square: Tensor = functional.interpolate(
        planes[None], (side, side), mode="bilinear", align_corners=False, antialias=True
    )
    return square[0]


def points_of(
    box: Region | None,
    inside: Sequence[Point],
    outside: Sequence[Point],
    *,
    size: tuple[int, int],
    side: int,
) -> tuple[Tensor, Tensor]:
    """Return where the points lie, (1, 1, N, 2), x first, and what they say, (1, 1, N).

    A box is two of them, its corner pixels. size: (height, width) of the picture in whose pixels
    they are.
    """
    given: list[tuple[int, int, int]] = []
    if box is not None:
        given.append((box.left, box.top, TOP_LEFT))
        given.append((box.right - 1, box.bottom - 1, BOTTOM_RIGHT))
    given += [(int(x), int(y), INSIDE) for x, y in inside]
    given += [(int(x), int(y), OUTSIDE) for x, y in outside]
    height, width = size
    # Centres of pixels at integers, here and there.
    places = [
        ((x + 0.5) * side / width - 0.5, (y + 0.5) * side / height - 0.5) for x, y, _ in given
    ]
    labels = [label for _, _, label in given]
    return torch.tensor([[places]]), torch.tensor([[labels]], dtype=torch.int32)


def soft_of(logits: Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return what the network says of an object, logits (1, 1, h, w), as a mask of a size."""
    plane = logits.float()[0, 0].cpu().numpy()
    large = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(torch.sigmoid(torch.from_numpy(large)).numpy(), np.float32)
