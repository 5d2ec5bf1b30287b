"""Which device computes, and in which precision, by their names.

PyTorch is an optional part of an installation, so it is imported when first used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from cleanplate.errors import BadInput

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")


def device_named(name: str) -> torch.device:
    """Return the device of a name in DEVICES, of "auto" a GPU if there is one.

    Of several GPUs each process that torchrun started takes its own. Raises BadInput where there
    is none.
    """
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput("no GPU is there that PyTorch can use. Choose the device cpu or auto.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def settled(told: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Return options with the devices that "auto" comes to on this machine.

    known: the names of devices on which the method itself runs. Where nothing has loaded PyTorch
    all is computed on the CPU.
    """
    torch = sys.modules.get("torch")
    auto = "cuda" if torch is not None and torch.cuda.is_available() else "cpu"
    own = auto if auto in known else "cpu"
    places = {k: own if k == "device" else auto for k in told if k.endswith("device")}
    return {k: places.get(k, v) if v == "auto" else v for k, v in told.items()}


def precision_named(name: str, device: torch.device) -> torch.dtype:
    """Return the type of a name in PRECISIONS; of "auto" bf16 where the device computes with it."""
    import torch

    bf16 = has_bf16(device) if name == "auto" else name == "bf16"
    return torch.bfloat16 if bf16 else torch.float32


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device computes with bfloat16 itself."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # not every PyTorch can tell
    return ask is not None and bool(ask())


def exact_convolutions(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Keep convolutions in float32 from being computed with ten bits on a GPU."""
    import torch

    if device.type == "cuda" and dtype == torch.float32:
        now = torch.backends.cudnn  # whose other settings stay
        return now.flags(
            enabled=now.enabled,
            benchmark=now.benchmark,
            deterministic=now.deterministic,
            allow_tf32=False,
        )
    return nullcontext()
