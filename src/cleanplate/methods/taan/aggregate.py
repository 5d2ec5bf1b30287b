"""Put the aligned references together: by how alike they are to the target, where they are seen.

Liu et al., IJCAI 2020, section 3.3. `literal` is what the formulas say, word by word. By default
they are repaired where they cannot be meant so:

- In the literal form the shares of all references add up to 1 everywhere, so that nothing is ever
  missing, and what no reference shows is made up of what lies in their holes. By default a
  reference's share is multiplied by how far it is seen, as in the work that the formulas come from
  (Lee et al., "Copy-and-Paste Networks for Deep Video Inpainting", ICCV 2019). One that is hidden
  keeps its part of the softmax, so that the less is missing the more references are seen.
- The literal form compares the target with references that are not aligned yet (equation 2), by the
  product of their features, which are of any size. By default it is the aligned ones, as the text
  has it, by the cosine between their features: from -1 to 1, which a softmax bears.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

NOTHING = 1e-6  # added to what is divided by: where nothing is seen, nothing is alike


def aggregate(
    target: Tensor,
    references: Tensor,
    aligned: Tensor,
    hole: Tensor,
    hidden: Tensor,
    *,
    literal: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the mean of R aligned references (B, C, h, w), and how far it is missing (B, 1, h, w).

    target: (B, C, h, w). references, aligned: (B, R, C, h, w), before and after the alignment.
    hole: (B, 1, h, w), 1 where the target is not seen. hidden: (B, R, K, h, w), 0 to 1, how far
    each aligned reference is not, for each of K equal groups of channels. R may be 0: then all is
    missing.
    """
    theta = similarity(
        target, references if literal else aligned, hole[:, None], hidden, literal=literal
    )
    shares = (theta * (1 - hidden)).softmax(dim=1)
    if not literal:
        shares = shares * (1 - hidden)
    mean = (aligned * _each_channel(shares, aligned)).sum(dim=1)
    missing = 1 - shares.sum(dim=1)
    return mean, missing.mean(dim=1, keepdim=True)


def similarity(
    target: Tensor, compared: Tensor, hole: Tensor, hidden: Tensor, *, literal: bool
) -> Tensor:
    """Return how alike each reference is to the target where both are seen, (B, R, 1, 1, 1).

    Shapes as for `aggregate`, hole: (B, 1, 1, h, w). Where nothing of both is seen it is 0.
    """
    seen = (1 - hole) * (1 - hidden)
    if literal:
        seen = _each_channel(seen, compared)
        alike = target[:, None] * compared
    else:
        seen = seen.mean(dim=2, keepdim=True)
        alike = functional.cosine_similarity(target[:, None], compared, dim=2)[:, :, None]
    total, weight = (x.flatten(2).sum(dim=2) for x in (seen * alike, seen))
    return (total / (weight + NOTHING))[..., None, None, None]


def _each_channel(grouped: Tensor, features: Tensor) -> Tensor:
    """Return (B, R, K, h, w) for each of the channels of features (B, R, C, h, w)."""
    return grouped.repeat_interleave(features.shape[2] // grouped.shape[2], dim=2)
