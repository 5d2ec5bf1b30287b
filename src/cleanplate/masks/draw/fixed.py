"""The fixed region: a quarter of each side, in the centre.

Xu et al., CVPR 2019, section 4 (DFGVI); the same region is the fixed mask of Ouyang et al., ICCV
2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cleanplate.video import Holes


def fixed(count: int, size: tuple[int, int], rng: np.random.Generator) -> Iterator[Holes]:
    """Draw a box of (H / 4, W / 4) at (3 H / 8, 3 W / 8), cut to whole pixels, at least one.

    Nothing is random about it. Gives ``count`` holes, (H, W) bool.
    """
    hole = np.zeros(size, np.bool_)
    rows, columns = (slice(3 * side // 8, 3 * side // 8 + max(side // 4, 1)) for side in size)
    hole[rows, columns] = True
    return (hole.copy() for _ in range(count))
