"""Loss formulas."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

NOTHING = 1e-12  # below the share of a mask that covers anything


def masked_l1(result: Tensor, truth: Tensor, mask: Tensor, *, joined: bool = False) -> Tensor:
    """Return the mean absolute difference where a mask is 1, over the share that it covers.

    result, truth: (B, ..., C, H, W). mask: (B, ..., 1, H, W). The mean over all elements is divided
    by the mean of the mask (STTN, equations 6 and 7), clip by clip and then averaged, so that it
    does not matter which clips share a batch; joined: over the whole batch at once, as the official
    code of STTN does, and that of DFC-Net. A mask that covers nothing counts as no difference.
    """
    off = (mask * (result - truth)).abs()
    if joined:
        return off.mean() / mask.mean().clamp(min=NOTHING)
    each = off.flatten(1).mean(dim=1) / mask.flatten(1).mean(dim=1).clamp(min=NOTHING)
    return each.mean()


def masked_l2(result: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared difference where a mask is 1, over all that it covers of a batch.

    Shapes as for `masked_l1`; the mean over channels. A mask that covers nothing counts as no
    difference.
    """
    off = (mask * (result - truth)).square()
    return off.mean() / mask.mean().clamp(min=NOTHING)


def plain_l1(
    result: Tensor, truth: Tensor, mask: Tensor | None = None, *, norm: bool = False
) -> Tensor:
    """Return the mean absolute difference over everything, of what a mask covers if one is given.

    Shapes as for `masked_l1`. It is not divided by the share that the mask covers (TSAM; Liu et
    al., ECCV 2018, partial convolutions), so a small hole counts little. norm: the sum of each
    clip instead, as a plain norm is written; their mean.
    """
    off = (result - truth).abs()
    if mask is not None:
        off = off * mask
    return off.flatten(1).sum(dim=1).mean() if norm else off.mean()


def total_variation(pictures: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return how much neighbouring pixels differ: the mean across plus the mean down.

    pictures: (..., C, H, W). mask: (..., 1, H, W), 0 or 1; where it is given, only pairs that lie
    in it count, and the means are over all, as in Liu et al., ECCV 2018.
    """
    across, down = pictures.diff(dim=-1).abs(), pictures.diff(dim=-2).abs()
    if mask is not None:
        across = across * mask[..., 1:] * mask[..., :-1]
        down = down * mask[..., 1:, :] * mask[..., :-1, :]
    return across.mean() + down.mean()


def change_l1(result: Tensor, truth: Tensor, mask: Tensor, *, joined: bool = False) -> Tensor:
    """Return the masked L1 between how the result and how the truth change to the next frame.

    Shapes and `joined` as for `masked_l1`, of two frames or more. A pixel counts where the mask is
    1 in both frames; a clip that has none, since its hole moves too far, counts as no difference.
    """
    both = mask[:, 1:] * mask[:, :-1]
    return masked_l1(result.diff(dim=1), truth.diff(dim=1), both, joined=joined)


def end_point_error(result: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return how far off flow is inside a mask: the mean over clips of each clip's mean.

    result, truth: (B, 2, H, W). mask: (B, 1, H, W), 0 or 1; a clip without any counts as 0.
    """
    off = ((result - truth).square().sum(dim=1, keepdim=True) + 1e-6).sqrt()  # 0 has no slope
    sums, counts = (each.flatten(1).sum(dim=1) for each in (off * mask, mask))
    return (sums / counts.clamp(min=1)).mean()


def hard_flow_l1(result: Tensor, truth: Tensor, mask: Tensor, *, share: float = 0.5) -> Tensor:
    """Return the mean error of the flow, |dx| + |dy|, over the hard pixels of all clips.

    Shapes as for `masked_l1`, C = 2; a mask is 0 or 1. Source: hard flow example mining, Xu et
    al., CVPR 2019, section 3.1; share: `p` there, see `hard_pixels`. Without a hard pixel it is 0.
    """
    error = (result - truth).abs().sum(dim=-3, keepdim=True)
    hard = hard_pixels(error.detach(), mask, share=share)
    return (error * hard).sum() / hard.sum().clamp(min=1)


def hard_pixels(error: Tensor, mask: Tensor, *, share: float = 0.5) -> Tensor:
    """Return where the error is above that of all but a share of a clip's masked pixels, bool.

    error, mask: (B, ..., 1, H, W), a mask is 0 or 1. Pixels as bad as the limit itself are not
    hard, as in the official code of DFC-Net, so that none are where all are alike.
    """
    hard = mask > 0
    for number, inside in enumerate(hard):
        ranked = error[number][inside].sort().values
        if len(ranked):
            limit = ranked[min(int((1 - share) * len(ranked)), len(ranked) - 1)]
            hard[number] = inside & (error[number] > limit)
    return hard


def feature_l1(result: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Return the perceptual loss: the mean absolute difference of features, summed over taps.

    result, truth: (B, T, C, H, W) for each tap, as of `vgg.Features`. Source: Johnson et al.,
    ECCV 2016, with L1 as TSAM has it.
    """
    return torch.stack([(a - b).abs().mean() for a, b in zip(result, truth, strict=True)]).sum()


def gram_l1(
    result: Sequence[Tensor],
    truth: Sequence[Tensor],
    *,
    joined: bool = False,
    even: bool = False,
) -> Tensor:
    """Return the style loss: how far the products of features are off, summed over taps.

    Shapes as for `feature_l1`. Of each frame the products of all pairs of channels, over C H W, by
    mean absolute difference; the first tap counts 1/2, each later one half as much (TSAM). joined:
    the channels of all clips are paired, over B C H W, as the official code of TSAM does. even: the
    mean of all taps, each counting the same (TAAN).
    """
    total = result[0].new_zeros(())
    for number, (a, b) in enumerate(zip(result, truth, strict=True)):
        off = (_gram(a, joined=joined) - _gram(b, joined=joined)).abs().mean()
        total = total + off / (len(result) if even else 2 ** (number + 1))
    return total


def contextual(features: Tensor, reference: Tensor) -> Tensor:
    """Return how unlike the features of a picture are to those of another, wherever they lie.

    features, reference: (N, C, h, w); each of a picture's is compared with all of the other's by
    `cosine_distances`. Every feature of the reference looks for the one that prefers it most. The
    mean over pictures. Source: the contextual loss, Mechrez et al., ECCV 2018, with the numbers of
    the official code of IIVI (Ouyang et al., ICCV 2021).
    """
    distances = cosine_distances(features, reference)
    relative = distances / (distances.min(dim=2, keepdim=True).values + 1e-5)
    alike = torch.softmax((1 - relative) * 2, dim=2)
    return -alike.max(dim=1).values.mean(dim=1).log().mean()


def nearest_cosine(features: Tensor, reference: Tensor) -> Tensor:
    """Return the mean distance of features to the nearest of a reference.

    Shapes as for `contextual`. Source: Ouyang et al., ICCV 2021, equation 9.
    """
    return cosine_distances(features, reference).min(dim=2).values.mean()


def cosine_distances(features: Tensor, reference: Tensor) -> Tensor:
    """Return 1 - cosine of all pairs, (N, P, Q), of (N, C, h, w) with P and Q places each.

    What all of the reference has in common, its mean over pictures and places, is left out of both.
    """
    mean = reference.mean(dim=(0, 2, 3), keepdim=True)
    ours, theirs = (functional.normalize((x - mean).flatten(2)) for x in (features, reference))
    return 1 - ours.mT @ theirs


def _gram(features: Tensor, *, joined: bool) -> Tensor:
    """Return (..., C, C) of features (B, T, C, H, W)."""
    pixels = features.transpose(0, 1).flatten(3)  # (T, B, C, N)
    if joined:
        pixels = pixels.flatten(1, 2)
    return pixels @ pixels.mT / (pixels.shape[-2] * pixels.shape[-1])


def hinge_real(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is real (STTN, equation 8)."""
    return functional.relu(1 - scores).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """Return the hinge loss of a critic's scores for what is not (STTN, equation 8)."""
    return functional.relu(1 + scores).mean()


def least_squares(scores: Tensor, wanted: float) -> Tensor:
    """Return how far a critic's scores are from those that are wanted, squared.

    Source: Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017.
    """
    return (scores - wanted).square().mean()
