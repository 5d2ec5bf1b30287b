"""Deformable convolution against slow twins, an ordinary one, a shift, finite differences."""

from __future__ import annotations

from functools import partial

import pytest

torch = pytest.importorskip("torch")

from deformable_twin import by_grid_sample, one_by_one  # noqa: E402
from torch.nn import functional  # noqa: E402

from cleanplate.methods.taan import align  # noqa: E402
from cleanplate.methods.taan.align import deformable, deformed_mean  # noqa: E402


def case(count=2, channels=4, out=3, groups=2, size=(5, 6), *, spread=2.0, dtype=torch.float32):
    torch.manual_seed(0)
    return [
        torch.randn(count, channels, *size, dtype=dtype),
        spread * torch.randn(count, groups, 9, 2, *size, dtype=dtype),
        torch.rand(count, groups, 9, *size, dtype=dtype),
        torch.randn(out, channels, 3, 3, dtype=dtype),
        torch.randn(out, dtype=dtype),
    ]


def traced(*given):
    """By tensor operations, as it is done where gradients are wanted."""
    first, *rest = given
    return deformable(first.clone().requires_grad_(), *rest).detach()


both = pytest.mark.parametrize("convolve", [deformable, traced], ids=["compiled", "traced"])


@both
@pytest.mark.parametrize("spread", [0.4, 3.0, 1e6])
def test_it_is_its_slow_twin(convolve, spread):
    given = case(spread=spread)
    torch.testing.assert_close(convolve(*given), one_by_one(*given), rtol=1e-4, atol=1e-4)


@both
def test_it_is_grid_sample_s_rendering(convolve):
    given = case(2, 32, 16, 8, (17, 13))
    torch.testing.assert_close(convolve(*given), by_grid_sample(*given), rtol=1e-4, atol=1e-4)


@both
def test_without_offsets_it_is_an_ordinary_convolution(convolve):
    features, offsets, modulators, weight, bias = case(2, 6, 5, 3, (7, 8))
    found = convolve(features, 0 * offsets, torch.ones_like(modulators), weight, bias)
    wanted = functional.conv2d(features, weight, bias, padding=1)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@both
def test_whole_offsets_shift(convolve):
    features, offsets, modulators, weight, bias = case(1, 6, 5, 3, (7, 8))
    offsets[:, :, :, 0], offsets[:, :, :, 1] = 2, -1
    found = convolve(features, offsets, torch.ones_like(modulators), weight, bias)
    shifted = torch.zeros(1, 6, 11, 12)
    shifted[:, :, 2:9, 2:10] = features  # two pixels of nothing around it
    wanted = functional.conv2d(shifted, weight, bias, padding=1)[:, :, 4:11, 1:9]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_finite_differences():
    given = case(1, 4, 2, 2, (3, 4), spread=0.7, dtype=torch.float64)
    assert torch.autograd.gradcheck(deformable, [x.requires_grad_() for x in given])
    _, offsets, modulators, *_ = given
    values = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(deformed_mean, [values, offsets, modulators])


def test_parts_of_a_picture_are_convolved_alike(monkeypatch):
    """However many rows are multiplied at once, and whatever the order of what is given."""
    given = case(2, 8, 8, 2, (13, 7))
    wanted = deformable(*given)
    monkeypatch.setattr(align, "MOST_BYTES", 5000)
    torch.testing.assert_close(deformable(*given), wanted)
    given[0] = given[0].to(memory_format=torch.channels_last)
    given[1] = given[1].mT.contiguous().mT
    torch.testing.assert_close(deformable(*given), wanted)


def test_compiled_code_is_for_what_needs_no_gradients(monkeypatch):
    called = []
    monkeypatch.setattr(align, "_compiled", lambda *given: called.append(1))
    given = case()
    deformable(*(x.double() for x in given))
    deformable(given[0], given[1].requires_grad_(), *given[2:])
    assert not called
    with torch.no_grad():
        deformable(*given)
    assert called


def test_no_picture_is_no_picture():
    given = [x[:0] if n < 3 else x for n, x in enumerate(case())]
    assert deformable(*given).shape == traced(*given).shape == (0, 3, 5, 6)
    assert deformed_mean(given[0][:, :1], *given[1:3]).shape == (0, 2, 5, 6)


def test_the_deformed_mean_counts_what_is_seen():
    """Of visibility from 0 to 1: the mean over nine places, by their modulators."""
    torch.manual_seed(0)
    values = (torch.rand(1, 1, 5, 6) > 0.5).float()
    _, offsets, modulators, *_ = case(1, 2, 1, 2)
    found = deformed_mean(values, offsets, modulators)
    kernel = torch.ones(1, 1, 3, 3)
    for group in range(2):
        one = slice(group, group + 1)
        sums = one_by_one(values, offsets[:, one], modulators[:, one], kernel, torch.zeros(1))
        wanted = sums[:, 0] / modulators[:, group].sum(dim=1)
        torch.testing.assert_close(found[:, group], wanted, rtol=1e-4, atol=1e-5)
    assert 0 <= found.min() <= found.max() <= 1
    assert not deformed_mean(values, offsets, 0 * modulators).any()


def test_beyond_the_border_nothing_is_seen():
    values, (_, offsets, modulators, *_) = torch.ones(1, 1, 5, 6), case(1, 2, 1, 2)
    away = partial(torch.full_like, offsets)
    assert not deformed_mean(values, away(7.5), modulators).any()
    inside = deformed_mean(values, away(0), torch.ones_like(modulators))
    assert inside[0, 0, 2, 2] == 1
    assert inside[0, 0, 0, 0] == pytest.approx(4 / 9)
