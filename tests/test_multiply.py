"""Products of matrices are the same by either library."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from cleanplate import multiply as room  # noqa: E402
from cleanplate.multiply import multiply, multiply_each  # noqa: E402

SIDES = st.integers(1, 40)


@pytest.fixture(params=["as it is here", "without oneDNN"])
def library(request, monkeypatch):
    if request.param == "without oneDNN":
        monkeypatch.setattr(room, "_one_dnn", None)


@settings(deadline=None, max_examples=30)
@given(m=SIDES, k=SIDES, n=SIDES, turned=st.booleans(), biased=st.booleans())
def check(m, k, n, turned, biased):
    torch.manual_seed(m + k + n)
    left = torch.randn(k, m).t() if turned else torch.randn(m, 2 * k)[:, :k]
    right, bias = torch.randn(k, n), torch.randn(n) if biased else None
    out = torch.full((m, n), torch.nan)
    multiply(left, right, bias=bias, out=out)
    wanted = left.double() @ right.double() + (bias.double() if biased else 0)
    torch.testing.assert_close(out.double(), wanted, rtol=1e-5, atol=1e-5)


def test_a_product_is_that_of_its_slow_twin(library):
    check()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_many_products_are_those_of_pytorch(library, dtype):
    torch.manual_seed(0)
    left, right = torch.randn(36, 50, 24).to(dtype), torch.randn(36, 24, 40).to(dtype)
    out = torch.full((36, 50, 40), torch.nan, dtype=dtype)
    multiply_each(left, right, out=out)
    torch.testing.assert_close(out, left @ right, rtol=1e-5, atol=1e-5)
