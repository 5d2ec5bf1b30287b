"""What is said for sure of a picture's pixels, in GrabCut's terms, of a smaller picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.region import reduce_picture


def reduced_hints(hints: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reduce hints (H, W) to a size (h, w); what is said for sure is not lost between the pixels.

    >>> hints = np.zeros((4, 4), np.uint8); hints[1, 1:3] = cv2.GC_PR_FGD
    >>> (reduced_hints(hints, (2, 2)) == cv2.GC_PR_FGD).tolist()
    [[True, True], [False, False]]
    """
    if hints.shape == size:
        return hints
    small = np.asarray(cv2.resize(hints, size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    for kind, least in ((cv2.GC_BGD, 0.5), (cv2.GC_FGD, 0.0)):
        small[_share(hints, kind, size) > least] = kind
    if not ((small == cv2.GC_PR_FGD) | (small == cv2.GC_FGD)).any():  # a box thinner than a pixel
        small[_share(hints, cv2.GC_PR_FGD, size) > 0] = cv2.GC_PR_FGD
    return small


def _share(hints: NDArray[np.uint8], kind: int, size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(reduce_picture((hints == kind).astype(np.float32), size), np.float32)
