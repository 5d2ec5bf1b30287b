"""How far a correction is to be believed, by how far the draft is to be doubted.

What is held out tells: where the draft was sure already, a correction may do harm, though it helps
where nothing was seen.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

KINDS = 3  # of pixels: sure, unsure, seen nowhere
_UNSEEN, _OFF = 0.5, 0.25  # doubts from which on a pixel is of the last, of the second kind
_FEWEST = 200  # pixels of a kind: fewer say nothing

Picture = NDArray[np.float32]


def kinds_of(doubts: Picture) -> NDArray[np.intp]:
    """Return the kind of each pixel, (H, W), from doubts (H, W, 3), 0 to 1.

    >>> kinds_of(np.array([[[0, 0, 1], [0, 0.5, 0], [1, 0, 0]]], np.float32)).tolist()
    [[0, 1, 2]]
    """
    unsure = np.where(doubts[..., 1] > _OFF, 1, 0)
    return np.asarray(np.where(doubts[..., 0] > _UNSEEN, 2, unsure), np.intp)


def beliefs(cases: Iterable[tuple[Picture, Picture, Picture]]) -> Picture:
    """Return for each kind which share of a correction brings a draft closest to the truth.

    cases: of held-out pixels, corrections and what would have been right, (N, 3), and doubts,
    (N, 3). The shares (KINDS,), 0 to 1, are those of least squares; of too few pixels they are that
    of all, and without any 1.
    """
    along, long, count = np.zeros(KINDS), np.zeros(KINDS), np.zeros(KINDS, np.intp)
    for change, right, doubts in cases:
        kinds = kinds_of(doubts)
        along += np.bincount(kinds, (change * right).sum(axis=1), KINDS)
        long += np.bincount(kinds, np.square(change).sum(axis=1), KINDS)
        count += np.bincount(kinds, minlength=KINDS)
    if not long.sum():
        return np.ones(KINDS, np.float32)
    overall = along.sum() / long.sum()
    enough = (count >= _FEWEST) & (long > 0)
    shares = np.where(enough, along / np.maximum(long, 1e-12), overall)
    return np.clip(shares, 0, 1).astype(np.float32)
