"""The losses are the official ones, and do not depend on what shares a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import golden_rule

torch = pytest.importorskip("torch")

from cleanplate.losses import (  # noqa: E402
    change_l1,
    end_point_error,
    feature_l1,
    gram_l1,
    hard_flow_l1,
    hard_pixels,
    hinge_fake,
    hinge_real,
    least_squares,
    masked_l1,
    plain_l1,
    total_variation,
)

GOLDEN = np.load(Path(__file__).parents[2] / "golden" / "losses.npz")


def tensor(seed, shape):
    return torch.from_numpy(golden_rule.normal(seed, shape))


def case():
    """One clip of six frames."""
    shape = (6, 3, 20, 30)
    mask = torch.from_numpy(golden_rule.boxes(6, 20, 30)[None, :, None].astype(np.float32))
    return tensor(43, shape)[None], tensor(44, shape)[None], mask


def test_golden_hinge():
    real, fake = tensor(41, (1, 5, 8, 3, 4)), tensor(42, (1, 5, 8, 3, 4))
    assert hinge_real(real).item() == pytest.approx(GOLDEN["sttn_hinge_real"].item(), rel=1e-5)
    assert hinge_fake(fake).item() == pytest.approx(GOLDEN["sttn_hinge_fake"].item(), rel=1e-5)
    assert -fake.mean().item() == pytest.approx(GOLDEN["sttn_hinge_gen"].item(), rel=1e-5)


def test_golden_least_squares():
    for name, seed, wanted in (("real", 41, 1), ("fake", 41, 0)):
        scores = tensor(seed, (1, 5, 8, 3, 4)).sigmoid()
        found = least_squares(scores, wanted).item()
        assert found == pytest.approx(GOLDEN[f"tsam_lsgan_{name}"].item(), rel=1e-5)


def test_golden_plain_l1():
    truth, result = tensor(50, (2, 3, 3, 16, 16)), tensor(51, (2, 3, 3, 16, 16))
    mask = torch.from_numpy(golden_rule.boxes(3, 16, 16)[None, :, None].astype(np.float32))
    for name, found in (
        ("tsam_recon", plain_l1(result, truth)),
        ("tsam_recon_hole", plain_l1(result, truth, mask)),
    ):
        assert found.item() == pytest.approx(GOLDEN[name].item(), rel=1e-5)


@pytest.mark.parametrize("joined", [True, False])
def test_golden_l1(joined):
    result, truth, mask = case()
    hole = masked_l1(result, truth, mask, joined=joined).item()
    valid = masked_l1(result, truth, 1 - mask, joined=joined).item()
    assert hole == pytest.approx(GOLDEN["sttn_hole"].item(), rel=1e-5)
    assert valid == pytest.approx(GOLDEN["sttn_valid"].item(), rel=1e-5)


def taps(seed):
    """Features of two clips of three frames."""
    shapes = [(128, 8), (256, 4), (512, 4)]
    return [
        torch.stack([tensor(seed + 10 * t + i, (2, channels, side, side)) for t in range(3)], dim=1)
        for i, (channels, side) in enumerate(shapes, start=1)
    ]


def test_golden_features():
    result, truth = taps(100), taps(200)
    assert feature_l1(result, truth).item() == pytest.approx(GOLDEN["tsam_vgg"].item(), rel=1e-5)
    style = gram_l1(result, truth, joined=True)
    assert style.item() == pytest.approx(GOLDEN["tsam_style"].item(), rel=1e-5)


def test_the_style_of_a_batch_is_the_mean_of_its_clips():
    result, truth = taps(100), taps(200)
    alone = [
        gram_l1([x[n : n + 1] for x in result], [x[n : n + 1] for x in truth]) for n in range(2)
    ]
    assert gram_l1(result, truth).item() == pytest.approx(sum(alone).item() / 2, rel=1e-5)
    joined = [
        gram_l1([x[:1] for x in result], [x[:1] for x in truth], joined=joined)
        for joined in (True, False)
    ]
    assert joined[0].item() == pytest.approx(joined[1].item(), rel=1e-5)


def test_a_batch_is_the_mean_of_its_clips():
    result, truth, mask = case()
    parts = [slice(0, 2), slice(2, 4), slice(4, 6)]
    alone = [masked_l1(*(x[:, part] for x in (result, truth, mask))) for part in parts]
    batch = [torch.cat([x[:, part] for part in parts]) for x in (result, truth, mask)]
    assert masked_l1(*batch).item() == pytest.approx(torch.stack(alone).mean().item(), rel=1e-6)
    assert masked_l1(*batch, joined=True).item() != pytest.approx(masked_l1(*batch).item())


def changes(result, truth, mask):
    """How far changes to the next frame are off, pixel by pixel of both holes, of one clip."""
    off = [
        abs((result[t + 1] - result[t]) - (truth[t + 1] - truth[t]))[:, y, x].mean()
        for t in range(len(result) - 1)
        for y, x in np.argwhere((mask[t, 0] * mask[t + 1, 0]).numpy() > 0)
    ]
    return torch.stack(off) if off else torch.zeros(0)


def test_change_l1_is_its_slow_twin():
    result, truth, mask = (x.reshape(2, 3, *x.shape[2:]) for x in case())
    each = [changes(*clip) for clip in zip(result, truth, mask, strict=True)]
    apart = torch.stack([off.mean() for off in each]).mean()
    assert change_l1(result, truth, mask).item() == pytest.approx(apart.item(), rel=1e-5)
    joined = change_l1(result, truth, mask, joined=True)
    assert joined.item() == pytest.approx(torch.cat(each).mean().item(), rel=1e-5)


def test_a_change_that_is_the_same_costs_nothing():
    result, truth, mask = case()
    assert change_l1(truth + 0.5, truth, mask).item() == pytest.approx(0, abs=1e-6)
    mask[:, ::2] = 0  # nowhere a hole in two frames that follow each other
    result.requires_grad_()
    loss = change_l1(result, truth, mask)
    loss.backward()
    assert loss.item() == 0
    assert not result.grad.any()


def flows():
    """Flows of three clips, their truth, and holes."""
    mask = torch.from_numpy(golden_rule.boxes(3, 20, 30)[:, None].astype(np.float32))
    return tensor(61, (3, 2, 20, 30)), tensor(62, (3, 2, 20, 30)), mask


def test_golden_flow_losses():
    result, truth, mask = flows()
    plain = masked_l1(result, truth, mask, joined=True).item()
    assert plain == pytest.approx(GOLDEN["dfgvi_l1"].item(), rel=1e-5)
    assert hard_flow_l1(result, truth, mask).item() == pytest.approx(
        GOLDEN["dfgvi_hard"].item(), rel=1e-5
    )
    hard = hard_pixels((result - truth).abs().sum(dim=1, keepdim=True), mask)
    assert hard.sum(dim=(1, 2, 3)).tolist() == GOLDEN["dfgvi_hard_pixels"].tolist()
    assert mask.sum(dim=(1, 2, 3)).tolist() == GOLDEN["dfgvi_hole_pixels"].tolist()


def test_hard_pixels_are_those_that_are_worst():
    error = torch.tensor([4.0, 1, 3, 2, 9, 0]).reshape(1, 1, 2, 3)
    mask = torch.tensor([1.0, 1, 1, 1, 0, 0]).reshape(1, 1, 2, 3)
    for share, wanted in ((0.5, [4]), (0.75, [3, 4]), (1, [2, 3, 4]), (0, [])):
        assert error[hard_pixels(error, mask, share=share)].sort().values.tolist() == wanted
    result = torch.zeros(1, 2, 2, 3, requires_grad=True)
    truth = torch.cat([error, 2 * error], dim=1)
    loss = hard_flow_l1(result, truth, mask, share=0.75)
    loss.backward()
    assert loss.item() == 3 * (4 + 3) / 2
    assert (result.grad != 0).sum() == 4


def test_where_no_pixel_is_hard():
    result, truth, mask = flows()
    for same, hole in ((truth, mask), (result, torch.zeros_like(mask)), (truth + 1, mask)):
        same = same.clone().requires_grad_()
        loss = hard_flow_l1(same, truth, hole, share=0)
        loss.backward()
        assert loss.item() == 0
        assert not same.grad.any()


def test_the_end_point_error_is_the_mean_of_every_clip():
    """And has a slope where nothing is wrong."""
    truth, mask = torch.zeros(3, 2, 4, 5), torch.zeros(3, 1, 4, 5)
    result = truth.clone()
    mask[0, :, 0, :2], mask[1, :, :2] = 1, 1
    result[0, :, 0, 0] = torch.tensor([3.0, 4.0])
    result[1, 0] = 2
    result[:, :, 3] = 99  # not in the mask
    result.requires_grad_()
    error = end_point_error(result, truth, mask)
    assert error.item() == pytest.approx((2.5 + 2 + 0) / 3, abs=1e-3)
    error.backward()
    assert result.grad.isfinite().all()


def test_plain_l1_counts_the_hole_by_its_area():
    result, truth, mask = case()
    off = (result - truth).abs()[mask.expand_as(result) > 0]
    share = mask.mean()
    assert plain_l1(result, truth, mask).item() == pytest.approx((off.mean() * share).item())
    both = [torch.cat([x, 0 * x]) for x in (result, truth, mask)]
    norm = plain_l1(*both, norm=True).item()
    assert norm == pytest.approx(off.sum().item() / 2, rel=1e-5)


def test_total_variation_by_hand():
    pictures = torch.tensor([[0.0, 1, 1], [2, 0, 5]])[None, None]
    across, down = (1 + 0 + 2 + 5) / 4, (2 + 1 + 4) / 3
    assert total_variation(pictures).item() == pytest.approx(across + down)
    mask = torch.tensor([[1.0, 1, 0], [0, 1, 1]])[None, None]
    inside = total_variation(pictures, mask).item()
    assert inside == pytest.approx((1 + 5) / 4 + 1 / 3)


def test_the_style_of_even_taps():
    result, truth = taps(100), taps(200)
    each = [gram_l1([a], [b]).item() * 2 for a, b in zip(result, truth, strict=True)]
    assert gram_l1(result, truth, even=True).item() == pytest.approx(sum(each) / 3, rel=1e-5)
