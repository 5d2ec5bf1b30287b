"""How a frame sees others, as figure 5 of the paper shows it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from cleanplate.alignment import AlignmentMaps, Field
from cleanplate.canvas import Clip
from cleanplate.methods.taan.network import Network
from cleanplate.methods.taan.recurrence import Recurrence


def alignment(network: Network, clip: Clip, distances: Sequence[int], t: int) -> AlignmentMaps:
    """Return how frame t sees the frames at some distances, before any of them is completed.

    Offsets are the mean over all taps and groups.
    """
    numbers, target, references, aligned = Recurrence(network, clip, distances).aligned(t)
    offsets = aligned.offsets.mean(dim=(1, 2)).flip(1)  # (dy, dx) -> (dx, dy)
    return AlignmentMaps(
        t,
        numbers,
        _channels_last(target),
        _channels_last(references),
        _channels_last(aligned.features),
        _channels_last(offsets),
    )


def _channels_last(features: Tensor) -> Field:
    """Return (..., C, h, w) as an array (..., h, w, C)."""
    array: Field = features.movedim(-3, -1).float().cpu().numpy()
    return array
