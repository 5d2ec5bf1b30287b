"""Multiply matrices on a CPU by the library that makes the most of it.

PyTorch leaves float32 to MKL, which on processors that are not Intel's does without the widest
vectors. oneDNN, by which it computes convolutions and half precision, takes them: twice as fast.
"""

from __future__ import annotations

import torch
from torch import Tensor

# How oneDNN's product is reached; a version of PyTorch may lack it.
_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_one_dnn = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if _there else None


def multiply(left: Tensor, right: Tensor, *, out: Tensor, bias: Tensor | None = None) -> None:
    """Write left (M, K) times right (K, N), plus the bias (N,), into out (M, N); no gradients."""
    if _is_better(left) and _one_dnn is not None:
        out.copy_(_one_dnn(left, right.t(), bias, "none", [], ""))
    elif bias is None:
        torch.mm(left, right, out=out)
    else:
        torch.addmm(bias, left, right, out=out)


def multiply_each(left: Tensor, right: Tensor, *, out: Tensor) -> None:
    """Write left (B, M, K) times right (B, K, N) into out (B, M, N); no gradients."""
    if not _is_better(left):
        torch.bmm(left, right, out=out)
        return
    for one, other, product in zip(left, right, out, strict=True):
        multiply(one, other, out=product)


def _is_better(left: Tensor) -> bool:
    """Tell whether oneDNN is the better one, and there."""
    wide = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return (
        _one_dnn is not None and wide and left.dtype == torch.float32 and left.device.type == "cpu"
    )
