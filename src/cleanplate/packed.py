"""Masks held in an eighth of their bytes, while they wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packed:
    """A mask (H, W), eight pixels to a byte in row order; size: (height, width)."""

    bits: NDArray[np.uint8]
    size: tuple[int, int]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> Packed:
        """Pack a mask (H, W) bool.

        >>> Packed.of(np.eye(3, dtype=bool)).mask().astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        """
        height, width = mask.shape
        return cls(np.packbits(mask), (height, width))

    def mask(self) -> NDArray[np.bool_]:
        """Return the mask, (H, W) bool, a new array."""
        count = self.size[0] * self.size[1]
        return np.unpackbits(self.bits, count=count).view(np.bool_).reshape(self.size)

    def any(self) -> bool:
        """Tell whether any pixel is marked."""
        return bool(self.bits.any())


def union(masks: Iterable[Packed]) -> NDArray[np.bool_]:
    """Return the pixels (H, W) that any of the masks marks; all are of one size, one at least."""
    first, *others = masks
    bits = first.bits.copy()
    for other in others:
        bits |= other.bits
    return Packed(bits, first.size).mask()
