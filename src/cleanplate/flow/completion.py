"""Complete flow inside the hole: smoothly, no weights; or by a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.flow.complete import complete_flow
from cleanplate.io.refuse import path_of
from cleanplate.states import torch_needed
from cleanplate.video import Flow
from cleanplate.weights import load_network

# Called as `complete_flow` without `improve`.
Complete = Callable[..., tuple[Flow, Flow]]

COMPLETIONS = ("smooth", "learned")
SHIPPED = Path(__file__).parent / "weights" / "completion.safetensors"


def load_completion(name: str, *, weights: str | Path | None = None) -> Complete:
    """Return what completes flow, by a name in COMPLETIONS.

    smooth: harmonically, then steadily over time. learned: by a network, on the CPU; weights: a
    file of ours, the one that comes with the package if not given. Raises BadInput.
    """
    if not isinstance(name, str) or name not in COMPLETIONS:
        raise BadInput(f"completion {name!r} is unknown. Choose one of: {', '.join(COMPLETIONS)}.")
    if name == "learned":
        return _network(weights)
    if weights is not None:
        raise BadInput("the completion smooth has no weights. Leave them out, or choose learned.")
    return complete_flow


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
