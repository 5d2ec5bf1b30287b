"""bfloat16 in compiled code is PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.compiled import compiled
from cleanplate.halves import stored, widened

torch = pytest.importorskip("torch")


def doubled(values, out):
    for n in range(len(values)):
        out[n] = stored(widened(values[n]) * np.float32(2), out)


@pytest.fixture(params=["compiled", "plain"])
def twice(request):
    return compiled()(doubled) if request.param == "compiled" else doubled


def bits(tensor):
    return tensor.view(torch.uint16).numpy()


@pytest.fixture
def values():
    torch.manual_seed(0)
    spread = torch.randn(1000) * 10.0 ** torch.randint(-30, 30, (1000,))
    edges = torch.tensor([0.0, -0.0, 1.0, 1.00390625, 1.01171875, float("inf"), -float("inf")])
    return torch.cat([spread, edges])


def test_rounded_to_the_nearest(twice, values):
    out = np.empty(len(values), np.uint16)
    twice(values.numpy(), out)
    np.testing.assert_array_equal(out, bits((2 * values).bfloat16()))


def test_read_and_written(twice, values):
    half = values.bfloat16()
    out, wide = np.empty(len(half), np.uint16), np.empty(len(half), np.float32)
    twice(bits(half), out)
    twice(bits(half), wide)
    np.testing.assert_array_equal(out, bits(half * 2))
    np.testing.assert_array_equal(wide, (half.float() * 2).numpy())
    twice(wide, wide)
    np.testing.assert_array_equal(wide, (half.float() * 4).numpy())
