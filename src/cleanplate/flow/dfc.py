"""Complete flow inside the hole by DFC-Net.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.1. Importing this
module needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.errors import BadInput
from cleanplate.flow.dfc_stages import Config, Field, Network, Pair, Size, resized, resized_hole
from cleanplate.flow.region_fill import region_fill
from cleanplate.region import working_size
from cleanplate.video import Flow, Holes

_SHRINK = 0.5  # of the sides, where the first guess is solved for


def complete_by_stages(
    forward: Flow,
    backward: Flow,
    _camera: Any,
    doubtful: tuple[Holes, Holes],
    network: Network,
    *,
    pixels: int | None = None,
    effort: Any = None,
) -> tuple[Flow, Flow]:
    """Replace forward and backward flow where it is doubtful, in place; return both.

    forward, backward: (T-1, H, W, 2), finite. doubtful: (T-1, H, W) bool for both, True where the
    flow is to be found; of the official code the holes of the frames that a flow starts in,
    holes[:-1] and holes[1:]. pixels: stages work at shares of a picture of at most so many, of the
    flow's own without. Called as `complete_flow`, whose camera and effort mean nothing to it.
    Memory is that of eleven pairs a stage, however many there are. Raises BadInput for other
    shapes.
    """
    _check(forward, backward, doubtful)
    size: Size = forward.shape[1:3]
    full = size if pixels is None else working_size(size, pixels)
    with torch.inference_mode():
        pairs = network(_given(forward, backward, doubtful, network, full), full)
        # Each stage has read more than REACH flows ahead of the one that is replaced.
        for t, pair in enumerate(pairs):
            for flow, hole, field in zip((forward, backward), doubtful, pair, strict=True):
                found = resized(field.flow, size)[0].permute(1, 2, 0).cpu().numpy()
                flow[t][hole[t]] = found[hole[t]]
    return forward, backward


def begin_smoothly(
    flow: NDArray[np.float32], hole: NDArray[np.bool_], config: Config, full: Size
) -> NDArray[np.float32]:
    """Return a flow as the first stage is given it: at its size, the hole filled smoothly.

    flow: (H, W, 2), pixels. hole: (H, W) bool; what lies under it is not read, but for
    `Config.nearest_holes`. full: that the stage works at a share of. Returns (2, height, width).
    """
    size, nearest = config.size(0, full), config.nearest_holes
    known = flow if nearest else np.where(hole[..., None], np.float32(0), flow)
    small = resized(torch.from_numpy(known).permute(2, 0, 1)[None], size)
    small_hole = resized_hole(_on(hole), size, nearest=nearest)
    filled = region_fill(
        small[0].permute(1, 2, 0).numpy(), small_hole[0, 0].numpy(), shrink=_SHRINK
    )
    return np.ascontiguousarray(filled.transpose(2, 0, 1), np.float32)


def _given(
    forward: Flow, backward: Flow, doubtful: tuple[Holes, Holes], network: Network, full: Size
) -> Iterator[Pair]:
    """Yield the pairs of a clip, one after the other."""
    like = next(network.parameters())

    def field(flow: NDArray[np.float32], hole: NDArray[np.bool_]) -> Field:
        begun = torch.from_numpy(begin_smoothly(flow, hole, network.config, full))
        return Field(begun[None].to(like.device), _on(hole).to(like.device))

    for t in range(len(forward)):
        yield field(forward[t], doubtful[0][t]), field(backward[t], doubtful[1][t])


def _on(hole: NDArray[np.bool_]) -> Tensor:
    """Return a hole (H, W) as a tensor (1, 1, H, W)."""
    return torch.from_numpy(np.array(hole))[None, None]


def _check(forward: Flow, backward: Flow, doubtful: tuple[Holes, Holes]) -> None:
    if forward.ndim != 4 or forward.shape[3] != 2 or backward.shape != forward.shape:
        raise BadInput(
            f"flows have shapes {forward.shape} and {backward.shape}. Give (T-1, H, W, 2) twice."
        )
    for holes in doubtful:
        if holes.shape != forward.shape[:3]:
            raise BadInput(
                f"what is doubtful has shape {holes.shape}. Give {forward.shape[:3]}, of each flow."
            )
