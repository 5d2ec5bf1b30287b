"""How the network that decides what to trust is trained: on fills whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cleanplate.datasets.clip import Clip
from cleanplate.errors import BadInput
from cleanplate.flow.completion import COMPLETIONS
from cleanplate.methods.flow_guided.fusion import LEVELS
from cleanplate.methods.flow_guided.fusion_network import HOLE, UNIT, Config, Network
from cleanplate.methods.flow_guided.fusion_samples import FusionSamples
from cleanplate.methods.flow_guided.inference import Options
from cleanplate.training.lesson import Learner, Lesson, Turn
from cleanplate.training.settings import LoopSettings

LEAST_ERROR = 4.0  # squared levels: what is closer to the truth is close enough
DECIBELS = 10 / math.log(10)


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """Numbers of our own.

    size: (height, width) at which stretches are filled, of so many frames; stretches: of each clip,
    each under a hole of its own. They are kept in the run's folder: of each so many frames, 2 MB
    each, as kept says. completion, completion_weights: how their flow is completed, as in Options.
    crop: side of the squares that are learned from; crops: of a stretch, for each item of a batch.
    decay: of AdamW's weights.
    """

    steps: int = 4000
    batch: int = 3
    learning_rate: float = 1e-3
    schedule: tuple[tuple[int, float], ...] = ((2000, 0.3), (3200, 0.3), (3700, 0.3))
    clip: float = 1.0
    ema: float = 0.99
    size: tuple[int, int] = (240, 432)
    frames: int = 30
    stretches: int = 12
    kept: int = 12
    completion: str = "learned"
    completion_weights: str = ""
    crop: int = 96
    crops: int = 4
    decay: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._at_least("frames", 2)
        for name in ("stretches", "kept", "crops"):
            self._at_least(name, 1)
        self._at_least("decay", 0)
        if self.crop < UNIT or self.crop % UNIT:
            raise BadInput(f"crop is {self.crop}. Give a multiple of {UNIT}.")
        if min(self.size) < 1:
            raise BadInput(f"size is {self.size}. Give height and width in pixels.")
        if self.completion not in COMPLETIONS:
            known = ", ".join(COMPLETIONS)
            raise BadInput(f"completion {self.completion!r} is unknown. Choose one of: {known}.")
        self._resolve("completion_weights")


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the network is built, and how it is trained."""

    network: Config = field(default_factory=Config)
    training: TrainConfig = field(default_factory=TrainConfig)


_SMALL = TrainConfig(
    workers=0, size=(48, 64), frames=4, stretches=1, kept=2, completion="smooth", crop=16
)
CONFIGS = {"paper": Settings(), "tiny": Settings(Config.tiny(), _SMALL)}


@dataclass(frozen=True)
class FusionBatch:
    """Some samples: fields as of a FusionSample, (B, N, C, s, s); clips: their names."""

    given: Tensor
    wanted: Tensor
    clips: tuple[str, ...]


def samples(settings: Settings, clips: Sequence[Clip]) -> FusionSamples:
    """Return what a run learns from."""
    told = settings.training
    options = Options(
        tune="fidelity",
        seed=told.seed,
        completion=told.completion,
        completion_weights=told.completion_weights or None,
    )
    return FusionSamples(
        clips,
        told.size,
        frames=told.frames,
        seed=told.seed,
        options=options,
        stretches=told.stretches,
        kept=told.kept,
        crop=told.crop,
        crops=told.crops,
    )


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    told = settings.training
    parameters = list(network.to(device).parameters())
    optimiser = torch.optim.AdamW(parameters, lr=told.learning_rate, weight_decay=told.decay)
    learners = {"network": Learner(network, optimiser)}
    return Lesson(learners, lambda batch: losses(network, batch), FusionBatch)


def losses(network: Network, batch: FusionBatch) -> Iterator[Turn]:
    """Yield the network's turn: the logarithm of the squared error in the hole, crop by crop.

    That is what a mean of PSNR measures: a crop that is nearly right counts as much as a wrong one.
    """
    given, wanted = (each.flatten(0, 1) for each in (batch.given, batch.wanted))
    hole = (given[:, HOLE : HOLE + 1] > 0).float()
    error = log_error(network(given).float() - wanted, hole)
    named = {"error": error}
    with torch.no_grad():
        named["decibels"] = DECIBELS * (log_error(wanted, hole) - error)
    yield Turn("network", error, named)


def log_error(apart: Tensor, hole: Tensor) -> Tensor:
    """Return the mean logarithm of the squared error in each hole, squared levels.

    apart: (B, 3, h, w), in units of the network's. hole: (B, 1, h, w), 1 in it.
    """
    inside = hole.sum(dim=(1, 2, 3)).clamp_min(1)
    squared = (LEVELS * apart).square().mul(hole).sum(dim=(1, 2, 3)) / (3 * inside)
    return torch.log(squared + LEAST_ERROR).mean()
