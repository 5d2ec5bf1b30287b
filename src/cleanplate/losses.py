"""Loss formulas."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def masked_l1(result: Tensor, truth: Tensor, mask: Tensor, *, joined: bool = False) -> Tensor:
    """Return the mean absolute difference where a mask is 1, over the share that it covers.

    result, truth: (B, T, C, H, W). mask: (B, T, 1, H, W). The mean over all elements is divided by
    the mean of the mask (STTN, equations 6 and 7), clip by clip and then averaged, so that it does
    not matter which clips share a batch; joined: over the whole batch at once, as the official
    code does.
    """
    off = (mask * (result - truth)).abs()
    if joined:
        return off.mean() / mask.mean()
    each = off.flatten(1).mean(dim=1) / mask.flatten(1).mean(dim=1)
    return each.mean()


def hinge_real(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is real (STTN, equation 8)."""
    return functional.relu(1 - scores).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is not (STTN, equation 8)."""
    return functional.relu(1 + scores).mean()
