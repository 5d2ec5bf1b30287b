"""RAFT, a network that finds optical flow: it improves a guess by looks around it.

Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", ECCV 2020. The keys of
its state dict are those of the official code, so that published weights fit. Importing this module
needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import BadInput
from cleanplate.flow.correlation import MOST_BYTES, Correlation
from cleanplate.video import Flow, whole

UNIT = 8  # pixels of a picture that are one place of its features, along either side
SMALLEST = 128  # pixels a side; on less the coarsest correlations would be of a single place
UPDATES = 20  # of the guess
_MASK_SHARE = 0.25  # by which what the weights of the enlargement are made of is multiplied


@dataclass(frozen=True)
class Config:
    """How the network is built.

    width: all layers have multiples of so many channels, an even number. levels: scales of the
    correlations. radius: how many places around a guess are looked at. The defaults are the
    published ones of the large network.
    """

    width: int = 32
    levels: int = 4
    radius: int = 4

    def __post_init__(self) -> None:
        """Refuse what no network can be built of; raises BadInput."""
        for name in ("width", "levels", "radius"):
            value = getattr(self, name)
            if not whole(value) or value < 1 or (name == "width" and value % 2):
                kind = "an even number" if name == "width" else "a whole number above 0"
                raise BadInput(f"{name} is {value!r}. Give {kind}.")

    @classmethod
    def tiny(cls) -> Config:
        """Return the least that shows everything, for tests."""
        return cls(width=2, levels=2, radius=1)

    @property
    def correlations(self) -> int:
        """How many correlations are looked at around a guess."""
        return self.levels * (2 * self.radius + 1) ** 2


class Features(NamedTuple):
    """What is known of a picture: features to compare (B, 8w, h, w), and the state and context
    (B, 4w, h, w) each from which the flow that starts in it is found.
    """

    compared: Tensor
    state: Tensor
    context: Tensor


class Network(nn.Module):
    """The large network; 5,257,536 parameters as published."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or Config()
        self.fnet = Encoder(config.width, nn.InstanceNorm2d)
        self.cnet = Encoder(config.width, nn.BatchNorm2d)
        self.update_block = Update(config)

    def forward(self, first: Tensor, second: Tensor, *, updates: int = UPDATES) -> list[Tensor]:
        """Return the flow after every update, (B, 2, H, W) in pixels, the best one last.

        first, second: (B, 3, H, W), RGB from 0 to 255, both sides multiples of UNIT.
        """
        return self.flows(self.features(first), self.features(second), updates=updates)

    def features(self, pictures: Tensor) -> Features:
        """Return what is known of pictures (B, 3, H, W), RGB from 0 to 255."""
        levels = 2 * (pictures / 255) - 1
        state, context = self.cnet(levels).chunk(2, dim=1)
        return Features(self.fnet(levels), state.tanh(), context.relu())

    def flows(
        self,
        first: Features,
        second: Features,
        *,
        updates: int = UPDATES,
        all_of_them: bool = True,
        most_bytes: int = MOST_BYTES,
    ) -> list[Tensor]:
        """Return the flow from first to second after every update, or after the last one alone.

        most_bytes: of correlations that are kept, see Correlation.
        """
        correlation = Correlation(
            first.compared,
            second.compared,
            levels=self.config.levels,
            radius=self.config.radius,
            most_bytes=most_bytes,
        )
        state, found = first.state, []
        here = positions(state)
        there = here.expand(len(state), -1, -1, -1)
        for number in range(updates):
            there = there.detach()  # each update learns from its own flow alone
            around = correlation.around(there)
            state, step = self.update_block(state, first.context, around, there - here)
            there = there + step
            if all_of_them or number == updates - 1:
                weights = self.update_block.mask(state) * _MASK_SHARE
                found.append(enlarged(there - here, weights))
        return found


def positions(like: Tensor) -> Tensor:
    """Return x and y of every place of features (B, C, h, w), (1, 2, h, w)."""
    height, width = like.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, dtype=like.dtype, device=like.device),
        torch.arange(width, dtype=like.dtype, device=like.device),
        indexing="ij",
    )
    return torch.stack([x, y])[None]


def enlarged(flow: Tensor, weights: Tensor) -> Tensor:
    """Enlarge flow UNIT times: each new vector is a mean of the nine around its place.

    flow: (B, 2, h, w), in places. weights: (B, 9 * UNIT ** 2, h, w), before the softmax over the
    nine. Returns (B, 2, UNIT * h, UNIT * w), in pixels. Section 3.3, "Upsampling".
    """
    count, _, height, width = flow.shape
    shares = weights.view(count, 1, 9, UNIT, UNIT, height, width).softmax(dim=2)
    nine = functional.unfold(UNIT * flow, 3, padding=1).view(count, 2, 9, 1, 1, height, width)
    large = (shares * nine).sum(dim=2)  # (B, 2, UNIT, UNIT, h, w)
    return large.permute(0, 1, 4, 2, 5, 3).reshape(count, 2, UNIT * height, UNIT * width)


class Encoder(nn.Module):
    """From pictures (B, 3, H, W) to 8 * width features of an eighth of the size.

    norm: of every layer; instance normalisation has no weights.
    """

    def __init__(self, width: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 2 * width, 7, stride=2, padding=3)
        self.norm1 = norm(2 * width)
        self.layer1 = _stage(2 * width, 2 * width, 1, norm)
        self.layer2 = _stage(2 * width, 3 * width, 2, norm)
        self.layer3 = _stage(3 * width, 4 * width, 2, norm)
        self.conv2 = nn.Conv2d(4 * width, 8 * width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 8 * width, H / 8, W / 8)."""
        x = self.norm1(self.conv1(x)).relu()
        out: Tensor = self.conv2(self.layer3(self.layer2(self.layer1(x))))
        return out


def _stage(channels: int, out: int, stride: int, norm: type[nn.Module]) -> nn.Sequential:
    return nn.Sequential(Residual(channels, out, stride, norm), Residual(out, out, 1, norm))


class Residual(nn.Module):
    """Two convolutions beside a way past them."""

    def __init__(self, channels: int, out: int, stride: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.norm1, self.norm2 = norm(out), norm(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1:
            self.norm3 = norm(out)  # under this name, too, in the official keys
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride), self.norm3)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, h, w) of (B, channels, stride * h, stride * w)."""
        y = self.norm1(self.conv1(x)).relu()
        y = self.norm2(self.conv2(y)).relu()
        out: Tensor = (self.downsample(x) + y).relu()
        return out


class Update(nn.Module):
    """One improvement of the guess."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.encoder = Motion(width, config.correlations)
        self.gru = Recurrence(4 * width, 8 * width)
        self.flow_head = Head(width)
        self.mask = nn.Sequential(
            nn.Conv2d(4 * width, 8 * width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8 * width, 9 * UNIT**2, 1),
        )

    def forward(
        self, state: Tensor, context: Tensor, around: Tensor, flow: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the new state (B, 4w, h, w) and the step (B, 2, h, w) that the guess takes."""
        state = self.gru(state, torch.cat([context, self.encoder(flow, around)], dim=1))
        return state, self.flow_head(state)


class Motion(nn.Module):
    """What flow and the correlations around it say together."""

    def __init__(self, width: int, correlations: int) -> None:
        super().__init__()
        self.convc1 = nn.Conv2d(correlations, 8 * width, 1)
        self.convc2 = nn.Conv2d(8 * width, 6 * width, 3, padding=1)
        self.convf1 = nn.Conv2d(2, 4 * width, 7, padding=3)
        self.convf2 = nn.Conv2d(4 * width, 2 * width, 3, padding=1)
        self.conv = nn.Conv2d(8 * width, 4 * width - 2, 3, padding=1)

    def forward(self, flow: Tensor, around: Tensor) -> Tensor:
        """Return (B, 4w, h, w), the flow itself last."""
        seen = self.convc2(self.convc1(around).relu()).relu()
        guess = self.convf2(self.convf1(flow).relu()).relu()
        return torch.cat([self.conv(torch.cat([seen, guess], dim=1)).relu(), flow], dim=1)


class Recurrence(nn.Module):
    """A gated recurrent unit that looks along the rows, then along the columns."""

    def __init__(self, channels: int, given: int) -> None:
        super().__init__()

        def gates(size: tuple[int, int], padding: tuple[int, int]) -> list[nn.Conv2d]:
            both = channels + given
            return [nn.Conv2d(both, channels, size, padding=padding) for _ in range(3)]

        self.convz1, self.convr1, self.convq1 = gates((1, 5), (0, 2))
        self.convz2, self.convr2, self.convq2 = gates((5, 1), (2, 0))

    def forward(self, state: Tensor, given: Tensor) -> Tensor:
        """Return the new state (B, channels, h, w); given: (B, given, h, w)."""
        for update, reset, new in (
            (self.convz1, self.convr1, self.convq1),
            (self.convz2, self.convr2, self.convq2),
        ):
            both = torch.cat([state, given], dim=1)
            share, kept = update(both).sigmoid(), reset(both).sigmoid()
            fresh = new(torch.cat([kept * state, given], dim=1)).tanh()
            state = (1 - share) * state + share * fresh
        return state


class Head(nn.Module):
    """From the state to a step of the flow."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4 * width, 8 * width, 3, padding=1)
        self.conv2 = nn.Conv2d(8 * width, 2, 3, padding=1)

    def forward(self, state: Tensor) -> Tensor:
        """Return (B, 2, h, w)."""
        out: Tensor = self.conv2(self.conv1(state).relu())
        return out


def learned_flow(
    network: Network,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    updates: int = UPDATES,
    most_bytes: int = MOST_BYTES,
) -> tuple[Flow, Flow]:
    """Return forward and backward flow between neighbours, (T-1, H, W, 2) each.

    pictures: T of a size and kind, at least one, (H, W) grey or (H, W, 3) RGB, uint8. Computed
    where the network is, on one pair at a time: every picture is encoded once and two are held.
    most_bytes: of the correlations of a pair that are kept; larger ones take a little more time.
    """
    size = pictures[0].shape[:2]
    shape = (len(pictures) - 1, *size, 2)
    forward, backward = np.empty(shape, np.float32), np.empty(shape, np.float32)
    device = next(network.parameters()).device

    def find(first: Features, second: Features) -> Any:
        (flow,) = network.flows(
            first, second, updates=updates, all_of_them=False, most_bytes=most_bytes
        )
        return cut_back(flow, size)[0].permute(1, 2, 0).cpu().numpy()

    with torch.inference_mode():
        before = network.features(padded(pictures[0], device))
        for t, picture in enumerate(pictures[1:]):
            here = network.features(padded(picture, device))
            forward[t], backward[t] = find(before, here), find(here, before)
            before = here
    return forward, backward


def padded(picture: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return a picture as (1, 3, H', W'), its border going on to multiples of UNIT on all sides."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    beyond = [(extra // 2, extra - extra // 2) for extra in _beyond(rgb.shape[:2])]
    wide = np.pad(rgb, [*beyond, (0, 0)], mode="edge")
    return torch.from_numpy(wide.transpose(2, 0, 1)[None].astype(np.float32)).to(device)


def cut_back(flow: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return the part of (B, C, H', W') that is a picture of a size (height, width)."""
    top, left = (extra // 2 for extra in _beyond(size))
    return flow[..., top : top + size[0], left : left + size[1]]


def _beyond(size: tuple[int, ...]) -> list[int]:
    """Return how many pixels are added to height and width."""
    return [max(SMALLEST, -(-side // UNIT) * UNIT) - side for side in size]
