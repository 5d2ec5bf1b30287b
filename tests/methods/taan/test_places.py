"""Where the taps of the alignment look, by each way."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from cleanplate.methods.taan.align import TAPS, deformable  # noqa: E402
from cleanplate.methods.taan.places import ALIGNMENTS, Affine, Plain  # noqa: E402

CHANNELS, GROUPS, SIZE = 4, 2, (8, 12)


def pair(count=3):
    torch.manual_seed(0)
    return torch.randn(count, CHANNELS, *SIZE), torch.randn(count, CHANNELS, *SIZE)


@pytest.mark.parametrize("name", ALIGNMENTS)
def test_at_rest_each_tap_looks_at_its_own_place(name):
    aligner = ALIGNMENTS[name](CHANNELS, GROUPS)
    aligner.begin_at_rest()
    offsets, modulators = aligner(*pair())
    assert offsets.shape == (3, GROUPS, len(TAPS), 2, *SIZE)
    assert modulators.shape == (3, GROUPS, len(TAPS), *SIZE)
    assert not offsets.any()
    assert (modulators == 1).all()


@pytest.mark.parametrize("name", ["deformable", "affine"])
def test_it_learns_from_what_is_drawn(name):
    torch.manual_seed(0)
    aligner = ALIGNMENTS[name](CHANNELS, GROUPS)
    aligner.begin_at_rest()
    targets, references = pair()
    weight = torch.randn(CHANNELS, CHANNELS, 3, 3)
    drawn = deformable(references, *aligner(targets, references), weight, torch.zeros(CHANNELS))
    (drawn - targets).square().mean().backward()
    last = aligner.offsets if name == "deformable" else aligner.map
    assert last.weight.grad.any()


def test_plain_has_nothing_to_learn():
    assert not list(Plain(CHANNELS, GROUPS).parameters())


@torch.no_grad()
def test_affine_draws_as_pytorchs_affine_grid():
    torch.manual_seed(1)
    aligner = Affine(CHANNELS, GROUPS)
    torch.nn.init.normal_(aligner.map.weight, 0, 0.05)
    targets, references = pair()
    offsets, modulators = aligner(targets, references)
    one = torch.zeros(CHANNELS, CHANNELS, 3, 3)
    one[:, :, 1, 1] = torch.eye(CHANNELS)
    drawn = deformable(references, offsets, modulators, one, torch.zeros(CHANNELS))
    pairs = torch.cat([targets, references], dim=1)
    terms = aligner.map(aligner.estimator(pairs)).view(-1, 2, 3)
    half = torch.tensor(SIZE).view(2, 1) / 2
    move, down, across = (terms / half).unbind(dim=2)  # by (dy, dx), of which 1 is half a side
    theta = torch.stack([across.flip(1), down.flip(1), move.flip(1)], dim=2)
    theta = theta + torch.eye(2, 3)
    grid = functional.affine_grid(theta, list(references.shape), align_corners=False)
    wanted = functional.grid_sample(references, grid, align_corners=False)
    torch.testing.assert_close(drawn, wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_affine_taps_are_mapped_where_they_look():
    """A tap at a place goes as the middle tap of the place where it looks."""
    torch.manual_seed(1)
    aligner = Affine(CHANNELS, GROUPS)
    torch.nn.init.normal_(aligner.map.weight, 0, 0.05)
    offsets, _ = aligner(*pair())
    middle = offsets[:, :, TAPS.index((0, 0))]
    below_right = offsets[:, :, TAPS.index((1, 1))]
    torch.testing.assert_close(below_right[..., :-1, :-1], middle[..., 1:, 1:])
