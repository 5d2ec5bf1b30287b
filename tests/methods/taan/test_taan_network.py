"""The network's parts against what they are said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from deformable_twin import one_by_one  # noqa: E402
from torch.nn import functional  # noqa: E402

from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.taan.aggregate import aggregate, similarity  # noqa: E402
from cleanplate.methods.taan.network import Config, Network  # noqa: E402

TINY = Config.tiny()


def network(**settings):
    """One that looks about."""
    torch.manual_seed(0)
    made = Network(replace(TINY, **settings)).eval()
    torch.nn.init.normal_(made.alignment.places.offsets.weight, 0, 0.3)
    return made


def pictures(references, *, batch=2, size=TINY.size):
    torch.manual_seed(1)
    masks = torch.zeros(batch, 1 + references, 1, *size)
    masks[:, :, :, 9:30, 13:50] = 1
    frames = torch.rand(batch, 1 + references, 3, *size) * 2 - 1
    return frames * (1 - masks), masks


@torch.no_grad()
@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("alignment", ["visibility", "learned"])
@pytest.mark.parametrize("references", [0, 1, 5])
def test_any_number_of_references_and_any_size(references, alignment, literal):
    made = network(literal=literal, mask_alignment=alignment)
    for size in (TINY.size, (16, 32)):
        out = made(*pictures(references, size=size))
        assert out.shape == (2, 3, *size)
        assert out.abs().max() <= 1


@torch.no_grad()
@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("alignment", ["visibility", "learned"])
def test_where_nothing_is_seen_there_are_numbers(alignment, literal):
    made = network(literal=literal, mask_alignment=alignment)
    frames, masks = pictures(3)
    for hidden in (slice(1, None), slice(0, 1), slice(None)):  # references, target, all
        gone = masks.clone()
        gone[:, hidden] = 1
        assert made(frames * (1 - gone), gone).isfinite().all()


def test_gradients_are_numbers_where_nothing_is_seen():
    made = network()
    frames, masks = pictures(2)
    made(0 * frames, torch.ones_like(masks)).square().mean().backward()
    assert all(p.grad.isfinite().all() for p in made.parameters() if p.grad is not None)


@torch.no_grad()
def test_what_a_hidden_reference_holds_makes_no_difference():
    made = network()
    frames, masks = pictures(3)
    masks[:, 2] = 1
    other = frames.clone()
    other[:, 2] = 1 - other[:, 2]
    torch.testing.assert_close(made(frames, masks), made(other, masks))
    seen = masks.clone()
    seen[:, 2] = 0
    assert not torch.equal(made(frames, seen), made(other, seen))


@torch.no_grad()
def test_the_order_of_references_makes_no_difference():
    made = network()
    frames, masks = pictures(3)
    order = [0, 3, 1, 2]
    found, again = made(frames, masks), made(frames[:, order], masks[:, order])
    torch.testing.assert_close(found, again, rtol=1e-4, atol=1e-5)


def seen(count=3, groups=2):
    """Target, references, aligned ones, hole, hidden, of 4 channels."""
    torch.manual_seed(2)
    hole, hidden = (torch.rand(2, 1, 5, 6) > 0.7).float(), torch.rand(2, count, groups, 5, 6)
    hidden[0, 0] = 1
    return (
        torch.randn(2, 4, 5, 6), torch.randn(2, count, 4, 5, 6), torch.randn(2, count, 4, 5, 6),
        hole, hidden,
    )  # fmt: skip


def slowly(target, references, aligned, hole, hidden, *, literal):
    """The aggregation pixel by pixel: equations 2 to 5, in numbers."""
    batch, count, channels, height, width = aligned.shape
    size = channels // hidden.shape[2]
    mean, missing = torch.zeros_like(target), torch.zeros(batch, channels, height, width)
    places = [(y, x) for y in range(height) for x in range(width)]
    for b in range(batch):
        theta = []
        for i in range(count):
            top = bottom = 0.0
            for y, x in places:
                v = [(1 - hole[b, 0, y, x]) * (1 - hidden[b, i, c // size, y, x])
                     for c in range(channels)]  # fmt: skip
                f = target[b, :, y, x]
                if literal:
                    g = references[b, i, :, y, x]
                    top += sum(v[c] * f[c] * g[c] for c in range(channels))
                    bottom += sum(v)
                else:
                    g = aligned[b, i, :, y, x]
                    top += sum(v) / channels * (f @ g / (f.norm() * g.norm()))
                    bottom += sum(v) / channels
            theta.append(top / (bottom + 1e-6))
        for y, x in places:
            for c in range(channels):
                visible = [1 - hidden[b, i, c // size, y, x] for i in range(count)]
                powers = [torch.exp(theta[i] * visible[i]) for i in range(count)]
                shares = [power / sum(powers) for power in powers]
                if not literal:
                    shares = [share * v for share, v in zip(shares, visible, strict=True)]
                mean[b, c, y, x] = sum(shares[i] * aligned[b, i, c, y, x] for i in range(count))
                missing[b, c, y, x] = 1 - sum(shares)
    return mean, missing.mean(dim=1, keepdim=True)


@pytest.mark.parametrize("literal", [False, True])
def test_the_aggregation_is_its_slow_twin(literal):
    given = seen()
    for found, wanted in zip(
        aggregate(*given, literal=literal), slowly(*given, literal=literal), strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_what_is_wrong_with_the_literal_formulas():
    """Nothing is ever missing, and a reference that is all hidden counts."""
    given = seen()
    _, missing = aggregate(*given, literal=True)
    assert missing.abs().max() < 1e-6
    _, missing = aggregate(*given)
    assert missing.max() > 0.3
    hidden = torch.ones_like(given[-1])
    mean, _ = aggregate(*given[:-1], hidden, literal=True)
    assert mean.any()
    mean, missing = aggregate(*given[:-1], hidden)
    assert not mean.any()
    assert (missing == 1).all()


def test_similarity_is_from_minus_1_to_1():
    target, _, _, hole, hidden = seen()
    for sign in (1, -3):
        same = sign * target[:, None].expand(-1, 3, -1, -1, -1)
        found = similarity(target, same, hole[:, None], 0 * hidden, literal=False)
        torch.testing.assert_close(found, torch.full_like(found, sign / abs(sign)))
    assert not similarity(target, same, hole[:, None], 0 * hidden + 1, literal=False).any()


@torch.no_grad()
def test_before_training_the_alignment_is_an_ordinary_convolution():
    torch.manual_seed(0)
    made = Network(TINY)
    target, references = torch.randn(1, 8, 12, 24), torch.randn(1, 2, 8, 12, 24)
    hidden = (torch.rand(1, 2, 1, 12, 24) > 0.5).float()
    aligned = made.align(target, references, hidden)
    kernel = made.alignment.features
    wanted = functional.conv2d(references[0], kernel.weight, kernel.bias, padding=1)
    torch.testing.assert_close(aligned.features[0], wanted, rtol=1e-4, atol=1e-5)
    visible = functional.avg_pool2d(1 - hidden[0], 3, 1, 1)
    torch.testing.assert_close(aligned.hidden[0], 1 - visible.expand(-1, 2, -1, -1))
    assert not aligned.offsets.any()


@torch.no_grad()
def test_masks_by_a_learned_kernel():
    made = network(mask_alignment="learned")
    target, references = torch.randn(1, 8, 4, 8), torch.randn(1, 1, 8, 4, 8)
    hidden = torch.ones(1, 1, 1, 4, 8)
    aligned = made.align(target, references, hidden)
    estimated = made.alignment.places.offsets(
        made.alignment.places.estimator(torch.cat([target, references[:, 0]], dim=1))
    )
    shifts = estimated.view(1, 2, 9, 3, 4, 8)
    modulators = 2 * shifts[:, :, :, 2].sigmoid()
    kernel = made.alignment.masks
    torch.testing.assert_close(aligned.offsets[0], shifts[:, :, :, :2])
    wanted = one_by_one(
        torch.ones(1, 8, 4, 8), shifts[:, :, :, :2], modulators, kernel.weight, kernel.bias
    )
    torch.testing.assert_close(aligned.hidden[0], wanted.clamp(0, 1), rtol=1e-4, atol=1e-5)


def test_masks_at_the_size_of_the_features():
    masks = torch.zeros(1, 1, 16, 32)
    masks[0, 0, 5, 9] = masks[0, 0, 8, 12] = 1
    assert network().reduce_mask(masks).nonzero()[:, 2:].tolist() == [[1, 2], [2, 3]]
    nearest = network(mask_reduction="nearest").reduce_mask(masks)
    assert nearest.nonzero()[:, 2:].tolist() == [[2, 3]]


def test_sizes_of_the_networks():
    counts = [sum(p.numel() for p in Network(config).parameters())
              for config in (Config(), Config.small(), TINY)]  # fmt: skip
    assert counts == [4_168_859, 1_107_643, 17_637]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": (40, 64)}, "Give multiples of 16"),
        ({"channels": 12}, "Give an even multiple of the 8 groups"),
        ({"groups": 0}, "groups is 0"),
        ({"dilations": ()}, "dilations is"),
        ({"mask_reduction": "most"}, "Choose one of: any, nearest"),
        ({"mask_alignment": "none"}, "Choose one of: visibility, learned"),
    ],
)
def test_what_no_network_can_be_built_of_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        Config(**wrong)
