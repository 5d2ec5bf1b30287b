"""DFC-Net: flows completed by networks, in stages from coarse to fine.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.1.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.errors import BadInput
from cleanplate.flow import dfc_network
from cleanplate.flow.dfc_network import LEAST_SIDE, WINDOW, Network
from cleanplate.flow.region_fill import region_fill
from cleanplate.flow.resize import resize_flow
from cleanplate.video import Flow, Holes
from cleanplate.weights import load_network

REACH = WINDOW // 2  # flows on either side of the one wanted
SHARES = (1 / 2, 2 / 3, 1.0)  # of the picture's sides, that the paper's stages work at
OFFICIAL_SIZES = ((240, 424), (320, 600), (480, 840))
SIZES = ("paper", "official")
Item = TypeVar("Item")
Size = tuple[int, int]


@dataclass(frozen=True)
class Stages:
    """How the stages see the clip.

    sizes: "paper", a half, two thirds, and all of the picture's sides; or "official", 240x424,
    320x600 and 480x840 whatever they are. nearest_holes: holes are brought to a stage's size by
    the nearest pixel, as in the official code, so that flows beside them are mixed with what lies
    under them; else whatever is mixed so is hole. zero_first: where flows are paired by frames,
    the first frame has a flow of 0 to the one before it, as in the official code, which so takes
    it for known where there is no hole; else its next frame's is repeated.
    """

    sizes: str = "paper"
    nearest_holes: bool = False
    zero_first: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes without a meaning; raises BadInput."""
        if self.sizes not in SIZES:
            raise BadInput(f"sizes is {self.sizes!r}. Choose one of: {', '.join(SIZES)}.")

    @classmethod
    def official(cls) -> Stages:
        """Return what the official code does."""
        return cls("official", nearest_holes=True, zero_first=True)

    def size(self, number: int, full: Size) -> Size:
        """Return the size of a stage, counted from 0, for flows of a full size."""
        if self.sizes == "official":
            return OFFICIAL_SIZES[number]
        height, width = (max(LEAST_SIDE, round(SHARES[number] * side)) for side in full)
        return height, width


class Field(NamedTuple):
    """A flow (h, w, 2), in pixels at its own size, and its hole (H, W) at the full size."""

    flow: NDArray[np.float32]
    hole: NDArray[np.bool_]


class Triple(NamedTuple):
    """A flow as a stage is given it: (3, h, w) dx, dy and mask; its hole (H, W) at full size."""

    channels: Tensor
    hole: NDArray[np.bool_]


def complete_by_network(
    forward: Flow,
    backward: Flow,
    doubtful: tuple[Holes, Holes],
    networks: Sequence[Network],
    *,
    stages: Stages | None = None,
) -> tuple[Flow, Flow]:
    """Replace forward and backward flow where it is doubtful, in place; return both.

    forward, backward: (T-1, H, W, 2), finite. doubtful: (T-1, H, W) bool for both, True where the
    flow is to be found; of the official code the holes of the frames that a flow starts in,
    holes[:-1] and holes[1:]. networks: one a stage, at most three: the first completes each flow by
    itself from a smooth fill, the others refine both directions jointly. The next stage is given
    what one returns, at that size; memory is that of eleven flows a stage, however many there are.
    Raises BadInput for other networks or shapes.
    """
    stages = stages or Stages()
    _check(forward, backward, doubtful, networks)
    full: Size = forward.shape[1:3]
    pairs = _given(forward, backward, doubtful)
    for number, network in enumerate(networks):
        pairs = _stage(pairs, network, stages.size(number, full), stages)
    # Each stage has read more than REACH flows ahead of the one that is replaced.
    for t, pair in enumerate(pairs):
        for flow, field in zip((forward, backward), pair, strict=True):
            flow[t][field.hole] = resize_flow(field.flow, full)[field.hole]
    return forward, backward


def load_stage(path: str | os.PathLike[str]) -> Network:
    """Return the network of one stage from a file of ours, on the CPU; raises BadInput."""
    network: Network = load_network(path, method="dfc", room=dfc_network)
    return network


def _check(
    forward: Flow, backward: Flow, doubtful: tuple[Holes, Holes], networks: Sequence[Network]
) -> None:
    if forward.ndim != 4 or forward.shape[3] != 2 or backward.shape != forward.shape:
        raise BadInput(
            f"flows have shapes {forward.shape} and {backward.shape}. Give (T-1, H, W, 2) twice."
        )
    for holes in doubtful:
        if holes.shape != forward.shape[:3]:
            raise BadInput(
                f"what is doubtful has shape {holes.shape}. Give {forward.shape[:3]}, of each flow."
            )
    given = [network.config.stage for network in networks]
    if given != ["first", "refinement", "refinement"][: len(given)] or not given:
        raise BadInput(
            f"the stages are: {', '.join(given) or 'none'}. Give a network of the first stage, "
            "then up to two of the refinement."
        )


def _given(
    forward: Flow, backward: Flow, doubtful: tuple[Holes, Holes]
) -> Iterator[tuple[Field, Field]]:
    for t in range(len(forward)):
        yield Field(forward[t], doubtful[0][t]), Field(backward[t], doubtful[1][t])


def _stage(
    pairs: Iterable[tuple[Field, Field]], network: Network, size: Size, stages: Stages
) -> Iterator[tuple[Field, Field]]:
    """Yield each pair of neighbours' flows, forward and backward, completed at a size."""
    given = (
        (_triple(ahead, network, size, stages), _triple(back, network, size, stages))
        for ahead, back in pairs
    )
    if network.config.pairing == "pair":
        return (_completed(network, window) for window in _windows(given))
    frames = _by_frame(given, zero_first=stages.zero_first)
    return _by_pair(_completed(network, window) for window in _windows(frames))


def _triple(field: Field, network: Network, size: Size, stages: Stages) -> Triple:
    """Bring a flow and its hole to a stage's size; before the first one its hole is filled."""
    flow = resize_flow(field.flow, size)
    how = cv2.INTER_NEAREST if stages.nearest_holes else cv2.INTER_LINEAR
    hole = cv2.resize(field.hole.astype(np.float32), size[::-1], interpolation=how) > 0
    if network.config.stage == "first":
        flow = region_fill(flow, hole, shrink=0.5).astype(np.float32)
    channels = torch.from_numpy(np.concatenate([flow, hole[..., None]], axis=2, dtype=np.float32))
    like = next(network.parameters())
    return Triple(channels.permute(2, 0, 1).to(like.device, like.dtype), field.hole)


@torch.inference_mode()
def _completed(network: Network, window: list[tuple[Triple, Triple]]) -> tuple[Field, Field]:
    """Return the middle flows of both directions, as predicted in the hole and as given elsewhere.

    The first stage is given them side by side, the refinement one behind the other.
    """
    middle = window[REACH]
    flows = torch.stack([triple.channels for triple in middle])
    flow, mask = flows[:, :2], flows[:, 2:] > 0
    if mask.any():
        given = torch.cat([pair[way].channels for way in (0, 1) for pair in window])
        size = given.shape[1:]
        predicted = network(given.reshape(-1, network.config.channels_in, *size))
        flow = torch.where(mask, predicted.reshape(2, 2, *size), flow)
    ahead, back = flow.permute(0, 2, 3, 1).float().cpu().contiguous().numpy()
    return Field(ahead, middle[0].hole), Field(back, middle[1].hole)


def _windows(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield for each item those around it in order, the first and the last one repeated."""
    held: deque[Item] = deque(maxlen=WINDOW)
    for item in items:
        held.extend([item] * (1 if held else REACH + 1))
        if len(held) == WINDOW:
            yield list(held)
    for _ in range(REACH if held else 0):
        held.append(held[-1])
        if len(held) == WINDOW:
            yield list(held)


def _by_frame(
    pairs: Iterable[tuple[Triple, Triple]], *, zero_first: bool
) -> Iterator[tuple[Triple, Triple]]:
    """Turn pairs of neighbours into frames: each one's flow to the next and to the one before.

    What the last and the first frame do not have is their neighbour's.
    """
    ahead: Triple | None = None
    before: Triple | None = None
    for ahead, back in pairs:
        if before is None:
            before = _zero(ahead) if zero_first else back
        yield ahead, before
        before = back
    if ahead is not None and before is not None:
        yield ahead, before


def _zero(triple: Triple) -> Triple:
    """Return no motion at all, with the same mask."""
    channels = triple.channels.clone()
    channels[:2] = 0
    return Triple(channels, triple.hole)


def _by_pair(frames: Iterable[tuple[Field, Field]]) -> Iterator[tuple[Field, Field]]:
    """Turn frames back into pairs of neighbours."""
    for (ahead, _), (_, back) in pairwise(frames):
        yield ahead, back
