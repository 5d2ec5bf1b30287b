"""The fast convolution computes what the plain one does."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from cleanplate import winograd  # noqa: E402
from cleanplate.winograd import LEAST_CHANNELS, FastConv, quicken  # noqa: E402


def plain(inside, outside, *, dilation=1, bias=True):
    return nn.Conv2d(inside, outside, 3, 1, dilation, dilation=dilation, bias=bias)


def assert_alike(got, wanted):
    assert got.shape == wanted.shape
    assert (got - wanted).abs().max() <= 3e-5 * wanted.abs().max()


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 5),
    size=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    inside=st.integers(1, 9),
    outside=st.integers(1, 9),
    dilation=st.integers(1, 3),
    bias=st.booleans(),
    most=st.sampled_from([1, 10_000, winograd.MOST_BYTES]),
    seed=st.integers(0, 99),
)
def test_any_size_however_little_at_once(count, size, inside, outside, dilation, bias, most, seed):
    torch.manual_seed(seed)
    conv = plain(inside, outside, dilation=dilation, bias=bias)
    features = torch.randn(count, inside, *size)
    with torch.inference_mode(), mock.patch.object(winograd, "MOST_BYTES", most):
        wanted = conv(features)
        assert_alike(FastConv(conv)(features), wanted)
        leaky = nn.functional.leaky_relu(wanted, 0.2)
        assert_alike(FastConv(conv, 0.2)(features), leaky)


@pytest.mark.parametrize(("smooth", "times"), [(True, 2.5), (False, 7)])
def test_halves_are_off_by_not_much_more_than_a_plain_convolution_in_halves(smooth, times):
    torch.manual_seed(0)
    conv, half = plain(64, 64), plain(64, 64).bfloat16()
    half.load_state_dict(conv.state_dict())
    features = torch.randn(3, 64, 30, 26)
    if smooth:
        features = nn.functional.avg_pool2d(features, 5, 1, 2) + torch.randn(64, 1, 1)
    features = features.bfloat16()
    with torch.inference_mode():
        wanted = conv(features.float())
        found = FastConv(conv, dtype=torch.bfloat16)(features)
        assert found.dtype == torch.bfloat16
        off, usual = ((some.float() - wanted).std() for some in (found, half(features)))
    assert off < times * usual


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_result_may_be_added_to_what_is_there(dtype):
    torch.manual_seed(0)
    conv = FastConv(plain(16, 16), 0.2, dtype)
    pixels, there = (torch.randn(3, 10, 9, 16).to(dtype) for _ in range(2))
    with torch.inference_mode():
        alone, together = torch.empty_like(pixels), there.clone()
        conv.convolve(pixels, alone)
        conv.convolve(pixels, together, add=True)
        wanted = alone.float() + there.float()
        assert (together.float() - wanted).abs().max() <= (2e-2 if dtype == torch.bfloat16 else 0)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_either_layout_in_memory(layout):
    torch.manual_seed(0)
    conv = plain(32, 24)
    features = torch.randn(3, 32, 20, 28).contiguous(memory_format=layout)
    with torch.inference_mode():
        assert_alike(FastConv(conv)(features), conv(features))


def test_a_network_is_made_faster_where_it_pays():
    torch.manual_seed(0)
    wide = LEAST_CHANNELS
    network = nn.Sequential(
        *(nn.Conv2d(3, wide, 3, 2, 1), nn.LeakyReLU(0.2)),
        *(plain(wide, wide, dilation=2), nn.LeakyReLU(0.2)),
        *(plain(wide, wide), nn.ReLU(), plain(wide, 3)),
    )
    pictures = torch.randn(2, 3, 24, 32)
    with torch.inference_mode():
        wanted = network(pictures)
        quicken(network)
        assert_alike(network(pictures), wanted)
    kinds = [type(layer).__name__ for layer in network]
    assert kinds == ["Conv2d", "LeakyReLU", "FastConv", "Identity", "FastConv", "ReLU", "Conv2d"]


def test_nothing_is_left_of_what_was_convolved_before():
    torch.manual_seed(0)
    conv = FastConv(plain(16, 16))
    small, large = torch.randn(1, 16, 9, 9), torch.randn(4, 16, 30, 30)
    with torch.inference_mode():
        first = conv(small).clone()
        conv(large)
        assert torch.equal(conv(small), first)
