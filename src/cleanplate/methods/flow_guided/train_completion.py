"""How the network that completes flow is trained: flow that is known is taken out and asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.flows import FlowSamples
from cleanplate.errors import BadInput
from cleanplate.flow.completion_network import Config, Network
from cleanplate.losses import end_point_error, hard_flow_l1
from cleanplate.training.lesson import Learner, Lesson, Turn
from cleanplate.training.settings import LoopSettings


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """Numbers of our own.

    size: (height, width) of the flow. frames: of a clip, one after the other. flows: between them,
    of each sample; more of them cost less each, and teach less. made_up: the share of samples whose
    motion is made up. hard: weight of hard flow example mining (Xu et al., CVPR 2019, section 3.1)
    beside the end-point error; share: of the pixels that it counts as hard. decay: of AdamW's
    weights.
    """

    steps: int = 4000
    batch: int = 2
    learning_rate: float = 1e-3
    schedule: tuple[tuple[int, float], ...] = ((2400, 0.3), (3400, 0.3))
    clip: float = 1.0
    ema: float = 0.99
    size: tuple[int, int] = (120, 216)
    frames: int = 20
    flows: int = 12
    made_up: float = 0.5
    hard: float = 0.0
    share: float = 0.5
    decay: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._at_least("frames", 2)
        self._at_least("flows", 1)
        for name in ("hard", "decay"):
            self._at_least(name, 0)
        for name in ("made_up", "share"):
            self._check_share(name)
        if min(self.size) < 1:
            raise BadInput(f"size is {self.size}. Give height and width in pixels.")


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the network is built, and how it is trained."""

    network: Config = field(default_factory=Config)
    training: TrainConfig = field(default_factory=TrainConfig)


CONFIGS = {
    "paper": Settings(),
    "tiny": Settings(Config.tiny(), TrainConfig(workers=0, size=(24, 40), frames=4, flows=3)),
}


@dataclass(frozen=True)
class FlowBatch:
    """Some samples: fields as of a FlowSample, (B, N, C, h, w); clips: their names."""

    given: Tensor
    wanted: Tensor
    lost: Tensor
    clips: tuple[str, ...]


def samples(settings: Settings, clips: Sequence[Clip]) -> FlowSamples:
    """Return what a run learns from."""
    told = settings.training
    return FlowSamples(
        clips,
        told.size,
        frames=told.frames,
        flows=told.flows,
        seed=told.seed,
        made_up=told.made_up,
    )


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    told = settings.training
    parameters = list(network.to(device).parameters())
    optimiser = torch.optim.AdamW(parameters, lr=told.learning_rate, weight_decay=told.decay)
    learners = {"network": Learner(network, optimiser)}
    return Lesson(learners, lambda batch: losses(network, batch, told), FlowBatch)


def losses(network: Network, batch: FlowBatch, config: TrainConfig) -> Iterator[Turn]:
    """Yield the network's turn: the error of its flow in the hole, in its own units."""
    given, wanted, lost = (
        each.flatten(0, 1) for each in (batch.given, batch.wanted, batch.lost.float())
    )
    result = network(given).float()
    named = {"error": end_point_error(result, wanted, lost)}
    total = named["error"]
    if config.hard:
        named["hard"] = hard_flow_l1(result, wanted, lost, share=config.share)
        total = total + config.hard * named["hard"]
    with torch.no_grad():
        named["smooth"] = end_point_error(torch.zeros_like(wanted), wanted, lost)
    yield Turn("network", total, named)
