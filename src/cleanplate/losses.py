"""Loss formulas."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

NOTHING = 1e-12  # below the share of a mask that covers anything


def masked_l1(result: Tensor, truth: Tensor, mask: Tensor, *, joined: bool = False) -> Tensor:
    """Return the mean absolute difference where a mask is 1, over the share that it covers.

    result, truth: (B, T, C, H, W). mask: (B, T, 1, H, W). The mean over all elements is divided by
    the mean of the mask (STTN, equations 6 and 7), clip by clip and then averaged, so that it does
    not matter which clips share a batch; joined: over the whole batch at once, as the official
    code does. A mask that covers nothing counts as no difference.
    """
    off = (mask * (result - truth)).abs()
    if joined:
        return off.mean() / mask.mean().clamp(min=NOTHING)
    each = off.flatten(1).mean(dim=1) / mask.flatten(1).mean(dim=1).clamp(min=NOTHING)
    return each.mean()


def change_l1(result: Tensor, truth: Tensor, mask: Tensor, *, joined: bool = False) -> Tensor:
    """Return the masked L1 between how the result and how the truth change to the next frame.

    Shapes and `joined` as for `masked_l1`, of two frames or more. A pixel counts where the mask is
    1 in both frames; a clip that has none, since its hole moves too far, counts as no difference.
    """
    both = mask[:, 1:] * mask[:, :-1]
    return masked_l1(result.diff(dim=1), truth.diff(dim=1), both, joined=joined)


def hinge_real(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is real (STTN, equation 8)."""
    return functional.relu(1 - scores).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is not (STTN, equation 8)."""
    return functional.relu(1 + scores).mean()
