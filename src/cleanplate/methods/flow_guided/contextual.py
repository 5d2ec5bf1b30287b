"""Contextual attention: what a hole shows is put together from patches of its surroundings.

Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4.1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

RATE = 2  # features that a patch compared stands for, along either side
SHARPNESS = 10.0  # of the softmax over patches
_LEAST_NORM = 1e-4  # of a patch, so that an even one can be divided by it


def contextual_attention(features: Tensor, missing: Tensor) -> Tensor:
    """Return features put together anew from patches without a hole, those that are most alike.

    features: (B, C, h, w), sides even. missing: (B, 1, h/2, w/2), 1 in holes. Patches of 3 x 3 are
    compared by cosine similarity at half the size; scores of neighbours that point to neighbours
    support each other; then patches of 4 x 4 at full size are added up by softmax. Where there is
    no patch without a hole the result is 0. Returns the like of `features`.
    """
    return torch.cat(
        [_attend(features[n : n + 1], missing[n : n + 1]) for n in range(len(features))]
    )


def _attend(features: Tensor, missing: Tensor) -> Tensor:
    """Return what one sample (1, C, h, w) gathers."""
    small = features[:, :, ::RATE, ::RATE]
    size = (small.shape[2], small.shape[3])
    patches = functional.unfold(small, 3, padding=1)[0]
    normed = patches / patches.norm(dim=0).clamp(min=_LEAST_NORM)
    scores = supported(normed.T @ patches, size)
    usable = (functional.unfold(missing, 3, padding=1)[0] == 0).all(dim=0)[:, None]
    weights = (SHARPNESS * scores * usable).softmax(dim=0) * usable
    large = functional.unfold(features, 2 * RATE, stride=RATE, padding=RATE // 2)[0]
    # Patches overlap: four of them lie over each feature.
    return functional.fold(
        (large @ weights)[None], features.shape[2:], 2 * RATE, stride=RATE, padding=RATE // 2
    ) / (2 * RATE)


def supported(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Add to each score those of the neighbours, first along the rows, then along the columns.

    scores: (N, N), of patch i at place j, both numbered row after row of a size (height, width).
    A neighbour's patch lies at the neighbour's place. As in the official code the last of a row
    has the first of the next one for a neighbour.
    """
    scores = _along_diagonal(scores)
    turned = scores.reshape(*size, *size).permute(1, 0, 3, 2).reshape(scores.shape)
    turned = _along_diagonal(turned).reshape(*size[::-1], *size[::-1])
    return turned.permute(1, 0, 3, 2).reshape(scores.shape)


def _along_diagonal(scores: Tensor) -> Tensor:
    """Add to each score the one before it and the one after it on the same diagonal."""
    total = scores.clone()
    total[1:, 1:] += scores[:-1, :-1]
    total[:-1, :-1] += scores[1:, 1:]
    return total
