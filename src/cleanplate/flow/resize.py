"""Bring flow to another size of the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_flow(flow: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a flow field for pictures of another size, its vectors scaled with the picture.

    flow: (H, W, 2), pixels of its own size. size: (height, width). Bilinear; vectors longer than
    the picture is wide or high are cut to that first, as the official code of Xu et al., CVPR 2019,
    does it. Returns (height, width, 2) float32, a new array.

    >>> resize_flow(np.full((2, 4, 2), 1, np.float32), (4, 12))[0, 0].tolist()
    [3.0, 2.0]
    """
    height, width = flow.shape[:2]
    large = cv2.resize(flow, size[::-1], interpolation=cv2.INTER_LINEAR)
    limit = np.array([width, height], np.float32)
    scale = np.array([size[1] / width, size[0] / height], np.float32)
    return np.asarray(np.clip(large, -limit, limit) * scale, np.float32)
