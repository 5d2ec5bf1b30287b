"""Complete flow inside the hole: smoothly, no weights; or by a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cleanplate.devices import DEVICES, device_named
from cleanplate.errors import BadInput
from cleanplate.flow.complete import complete_flow
from cleanplate.io.refuse import path_of
from cleanplate.states import has_torch, torch_needed
from cleanplate.video import Flow, whole
from cleanplate.weights import load_network

# Called as `complete_flow` without `improve`.
Complete = Callable[..., tuple[Flow, Flow]]

COMPLETIONS = ("auto", "smooth", "learned", "dfc")
SHIPPED = Path(__file__).parent / "weights" / "completion.safetensors"


def load_completion(
    name: str,
    *,
    weights: str | Path | None = None,
    pixels: int | None = None,
    device: str = "auto",
) -> Complete:
    """Return what completes flow, by a name in COMPLETIONS.

    smooth: harmonically, then steadily over time. learned: by a small network, on the CPU. auto: so
    where PyTorch is installed, smooth elsewhere. dfc: by DFC-Net (Xu et al., CVPR 2019). weights: a
    file of ours; of learned the one that comes with the package if not given. pixels, device: of
    dfc, see `dfc.complete_by_stages`, and a name in DEVICES. Raises BadInput.
    """
    for value, known, what in ((name, COMPLETIONS, "completion"), (device, DEVICES, "device")):
        if not isinstance(value, str) or value not in known:
            raise BadInput(f"{what} {value!r} is unknown. Choose one of: {', '.join(known)}.")
    if name == "auto":
        name = "learned" if weights is not None or has_learned() else "smooth"
    if name == "dfc":
        return _stages(weights, pixels, device)
    if pixels is not None or device == "cuda":
        raise BadInput(
            f"the completion {name} computes on the CPU, at the flow's own size. "
            "Leave its pixels and its device out, or choose dfc."
        )
    if name == "learned":
        return _network(weights)
    if weights is not None:
        raise BadInput("the completion smooth has no weights. Leave them out, or choose learned.")
    return complete_flow


def has_learned() -> bool:
    """Tell whether flow can be completed by the network that comes with the package."""
    return SHIPPED.is_file() and has_torch()


def _stages(weights: str | Path | None, pixels: int | None, device: str) -> Complete:
    """Return DFC-Net with its weights, on its device."""
    if weights is None:
        raise BadInput(
            "the completion dfc needs weights. Give a file of ours; cleanplate weights convert "
            "--method dfc makes one, cleanplate train dfc another."
        )
    if pixels is not None and (not whole(pixels) or pixels < 1):
        raise BadInput(f"pixels of the completion is {pixels!r}. Give a whole number above 0.")
    with torch_needed():
        from cleanplate.flow import dfc, dfc_stages
    network = load_network(path_of(weights), method="dfc", room=dfc_stages)
    network.to(device_named(device)).eval().requires_grad_(False)
    return partial(dfc.complete_by_stages, network=network, pixels=pixels)


def _network(weights: str | Path | None) -> Complete:
    """Return the learned completion with its weights."""
    path = SHIPPED if weights is None else path_of(weights)
    if weights is None and not path.is_file():
        raise BadInput(
            "the completion learned needs weights, and none come with this package yet. "
            "Give a file of ours as completion_weights, or choose smooth."
        )
    with torch_needed():
        from cleanplate.flow import completion_network, learned
    network = load_network(path, method="completion", room=completion_network)
    network.eval().requires_grad_(False)
    return partial(learned.complete_by_learning, network=network)
