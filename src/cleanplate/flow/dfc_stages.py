"""DFC-Net as a whole: networks in stages from coarse to fine, each given what the last one found.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.1. Pairs of flows run
through it one after the other, so that a clip of any length takes the memory of eleven a stage;
gradients find their way back through all of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.flow import dfc_network
from cleanplate.flow.dfc_network import LEAST_SIDE, TRIPLE, WINDOW

REACH = WINDOW // 2  # flows on either side of the one wanted
MOST_STAGES = 3
SIZES: dict[str, tuple[float, ...]] = {  # shares of the picture's sides that stages work at
    "paper": (1 / 2, 2 / 3, 1.0),
    "whole": (1.0, 1.0, 1.0),
}
OFFICIAL, OFFICIAL_SIZES = "official", ((240, 424), (320, 600), (480, 840))
Item = TypeVar("Item")
Size = tuple[int, int]


@dataclass(frozen=True)
class Config:
    """How the networks are built, and how they see the clip.

    stages: 1 to 3. backbone, pairing, width, free_shortcuts, start: of every stage, as in
    `dfc_network.Config`. sizes: "paper", a half, two thirds, and all of the picture's sides;
    "whole", all of them at every stage; or "official", 240x424, 320x600 and 480x840 whatever they
    are. nearest_holes: holes are brought to a stage's size by the nearest pixel, as in the official
    code, so that flows beside them are mixed with what lies under them; else whatever is mixed so
    is hole. zero_first: where flows are paired by frames, the first frame has a flow of 0 to the
    one before it, as in the official code, which so takes it for known where there is no hole;
    else its next frame's is repeated.
    """

    stages: int = MOST_STAGES
    backbone: str = "resnet50"
    pairing: str = "frame"
    width: int = 64
    free_shortcuts: bool = False
    start: str = "official"
    sizes: str = "paper"
    nearest_holes: bool = False
    zero_first: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built; raises BadInput."""
        if not 1 <= self.stages <= MOST_STAGES:
            raise BadInput(f"stages is {self.stages}. Give 1 to {MOST_STAGES}.")
        known = (*SIZES, OFFICIAL)
        if self.sizes not in known:
            raise BadInput(f"sizes is {self.sizes!r}. Choose one of: {', '.join(known)}.")
        self.stage(0)

    def stage(self, number: int) -> dfc_network.Config:
        """Return how the network of a stage is built, counted from 0."""
        stage = "refinement" if number else "first"
        return dfc_network.Config(
            self.backbone, stage, self.pairing, self.width, self.free_shortcuts, self.start
        )

    def size(self, number: int, full: Size) -> Size:
        """Return the size of a stage, counted from 0, for pictures of a full size."""
        if self.sizes == OFFICIAL:
            return OFFICIAL_SIZES[number]
        height, width = (max(LEAST_SIDE, round(SIZES[self.sizes][number] * side)) for side in full)
        return height, width

    @classmethod
    def official(cls) -> Config:
        """Return what the official code does."""
        return cls(sizes=OFFICIAL, nearest_holes=True, zero_first=True, free_shortcuts=True)

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(stages=1, width=4, start="even")


class Field(NamedTuple):
    """Flows of B clips (B, 2, h, w), in pixels at their own size, and holes (B, 1, H, W) bool."""

    flow: Tensor
    hole: Tensor


class Triple(NamedTuple):
    """Flows as a stage is given them, (B, 3, h, w) dx, dy and mask, and their holes."""

    channels: Tensor
    hole: Tensor


Pair = tuple[Field, Field]  # forward and backward, between the same two frames


class Network(nn.Module):
    """The networks of all stages."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        self.stages = nn.ModuleList(
            dfc_network.Network(config.stage(number)) for number in range(config.stages)
        )

    def stage(self, number: int, pairs: Iterable[Pair], full: Size) -> Iterator[Pair]:
        """Yield each pair completed by a stage, counted from 0, at its size for a full size.

        pairs: neighbours' flows in order, for the first stage filled smoothly at its size, see
        `dfc.begin_smoothly`; for the others as the stage before them returns them. The first stage
        completes each flow by itself, the others both directions jointly.
        """
        config = self.config
        size = config.size(number, full)
        given = (
            (_triple(ahead, size, config), _triple(back, size, config)) for ahead, back in pairs
        )
        if config.pairing == "pair":
            return (self._completed(number, window) for window in _windows(given))
        frames = _by_frame(given, zero_first=config.zero_first)
        return _by_pair(self._completed(number, window) for window in _windows(frames))

    def forward(self, pairs: Iterable[Pair], full: Size) -> Iterable[Pair]:
        """Yield each pair completed by all stages, reading a few pairs ahead of it."""
        for number in range(len(self.stages)):
            pairs = self.stage(number, pairs, full)
        return pairs

    def _completed(self, number: int, window: list[tuple[Triple, Triple]]) -> Pair:
        """Return the middle flows, as predicted in the hole and as given elsewhere."""
        middle = window[REACH]
        both = torch.stack([triple.channels for triple in middle], dim=1)
        flow, mask = both[:, :, :2], both[:, :, 2:] > 0
        if mask.any():
            ways = [torch.cat([pair[way].channels for pair in window], dim=1) for way in (0, 1)]
            given = torch.stack(ways, dim=1).flatten(*((1, 2) if number else (0, 1)))
            predicted = self.stages[number](given).reshape(flow.shape)
            flow = torch.where(mask, predicted.to(flow.dtype), flow)
        return Field(flow[:, 0], middle[0].hole), Field(flow[:, 1], middle[1].hole)


def resized(flow: Tensor, size: Size) -> Tensor:
    """Return flow (B, 2, h, w) for pictures of another size, as `resize.resize_flow` does."""
    height, width = flow.shape[-2:]
    large = functional.interpolate(flow, size, mode="bilinear", align_corners=False)
    limit = flow.new_tensor([width, height])[:, None, None]
    scale = flow.new_tensor([size[1] / width, size[0] / height])[:, None, None]
    return torch.minimum(torch.maximum(large, -limit), limit) * scale


def resized_hole(hole: Tensor, size: Size, *, nearest: bool) -> Tensor:
    """Return a hole (B, 1, H, W) bool at another size; nearest: see `Config.nearest_holes`."""
    how = "nearest" if nearest else "bilinear"
    return functional.interpolate(
        hole.float(), size, mode=how, align_corners=None if nearest else False
    ) > 0  # fmt: skip


def joined(
    config: Config, states: Sequence[Mapping[str, Tensor]]
) -> tuple[Config, dict[str, Tensor]]:
    """Return the config and the state dict of the whole, of one state dict for each stage.

    config: what the state dicts do not tell. The first may be of a ResNet-50 or 101 that knows
    pictures, as torchvision has it: what training begins with, see `of_pictures`. Raises BadInput
    for state dicts of other stages.
    """
    first = states[0].get("conv1.weight")
    deep = any("layer3.22.conv1.weight" in state for state in states)
    config = replace(config, stages=len(states), backbone="resnet101" if deep else "resnet50")
    if len(states) == 1 and first is not None and first.shape[1:2] == (3,):
        states = [of_pictures(config.stage(0), states[0])]
    return config, {
        f"stages.{number}.{key}": value
        for number, state in enumerate(states)
        for key, value in state.items()
    }


def of_pictures(config: dfc_network.Config, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state dict of a stage whose backbone has learned to tell pictures apart.

    Its first convolution is the mean over red, green and blue, divided among the channels here;
    the head begins anew, always alike (Xu et al., the official code).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = dfc_network.Network(config).layer5.state_dict()
    first = state["conv1.weight"].mean(dim=1, keepdim=True) / config.channels_in
    body = {key: value for key, value in state.items() if not key.startswith("fc.")}
    bias = {"conv1.bias": torch.zeros(len(first))}  # which torchvision's has not
    return {
        **bias,
        **body,
        "conv1.weight": first.repeat(1, config.channels_in, 1, 1),
        **{f"layer5.{key}": value for key, value in head.items()},
    }


def with_one_more(state: Mapping[str, Tensor], stages: int) -> dict[str, Tensor]:
    """Return the state dict of a network that has one stage more, which begins as the last one.

    state: of the network with so many stages. A refinement that follows the first stage is taken
    from it, the flow of the other direction turned round: there things move the other way.
    """
    prefix, new = f"stages.{stages - 1}.", f"stages.{stages}."
    last = {key.removeprefix(prefix): v for key, v in state.items() if key.startswith(prefix)}
    if stages == 1:
        turned = last["conv1.weight"].new_tensor([-1, -1, 1]).repeat(WINDOW)[:, None, None]
        first = last["conv1.weight"] / 2
        last["conv1.weight"] = torch.cat([first, first * turned], dim=1)
        out = max(key for key in last if key.startswith("layer5.") and key.endswith(".weight"))
        for key in (out, out.replace("weight", "bias")):
            last[key] = torch.cat([last[key], -last[key]])
    return {**state, **{new + key: value.clone() for key, value in last.items()}}


def _triple(field: Field, size: Size, config: Config) -> Triple:
    """Bring flows and their holes to a stage's size."""
    hole = resized_hole(field.hole, size, nearest=config.nearest_holes)
    flow = resized(field.flow, size)
    return Triple(torch.cat([flow, hole.to(flow.dtype)], dim=1), field.hole)


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
    channels[:, : TRIPLE - 1] = 0
    return Triple(channels, triple.hole)


def _by_pair(frames: Iterable[Pair]) -> Iterator[Pair]:
    """Turn frames back into pairs of neighbours."""
    for (ahead, _), (_, back) in pairwise(frames):
        yield ahead, back
