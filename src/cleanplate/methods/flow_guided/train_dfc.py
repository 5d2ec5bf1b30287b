"""How DFC-Net is trained: stage by stage, then all stages together.

Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, section 3.1, and the official
code, which trains the stages alone. Flow that is known is taken out and asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.flow_stages import Masks, StageSamples
from cleanplate.errors import BadInput
from cleanplate.flow.dfc_stages import (
    MOST_STAGES,
    Config,
    Field,
    Network,
    Pair,
    Size,
    resized,
    resized_hole,
    with_one_more,
)
from cleanplate.losses import end_point_error, hard_flow_l1, masked_l1
from cleanplate.training.lesson import Learner, Lesson, Turn
from cleanplate.training.settings import LoopSettings
from cleanplate.weights import Weights


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """The official code's numbers for the first stage.

    stage: that learns, from 1; the ones before it only work for it, unless joint: then they learn
    as well, from the sum of the losses of all. size: (height, width) of the pictures that stages
    work at shares of. frames: of a stretch of a clip; the flow of every pair in it is asked for.
    batch: stretches; the paper's 32 are windows of eleven flows, with one asked for. made_up: the
    share of samples whose motion is made up. masks, box, shrunk, still: see `Masks`. hard: weight
    of hard flow example mining beside the mean error in the hole; share: of the pixels that it
    counts as hard, the paper's p. head: how much faster the last layers learn. momentum, decay: of
    stochastic gradient descent.
    """

    steps: int = 100_000
    batch: int = 3
    learning_rate: float = 1e-4
    schedule: tuple[tuple[int, float], ...] = ((30_000, 0.1), (50_000, 0.1))
    stage: int = 1
    joint: bool = False
    size: tuple[int, int] = (480, 840)
    frames: int = 12
    made_up: float = 0.0
    masks: str = "bbox"
    box: float = Masks.box
    shrunk: float = Masks.shrunk
    still: bool = True
    hard: float = 2.0
    share: float = 0.5
    head: float = 10.0
    momentum: float = 0.9
    decay: float = 4e-5

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        if not 1 <= self.stage <= MOST_STAGES:
            raise BadInput(f"stage is {self.stage}. Give 1 to {MOST_STAGES}.")
        if self.joint and self.stage == 1:
            raise BadInput(f"joint needs several stages, stage is 1. Give stage={MOST_STAGES}.")
        self._at_least("frames", 2)
        for name in ("hard", "head", "momentum", "decay"):
            self._at_least(name, 0)
        for name in ("made_up", "share"):
            self._check_share(name)
        if min(self.size) < 1:
            raise BadInput(f"size is {self.size}. Give height and width in pixels.")
        self.drawn()

    def drawn(self) -> Masks:
        """Return what holes are drawn; raises BadInput."""
        return Masks(self.masks, self.box, self.shrunk, self.still)


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the networks are built, and how they are trained."""

    network: Config = field(default_factory=Config)
    training: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        """Have as many networks as stages take part."""
        object.__setattr__(self, "network", replace(self.network, stages=self.training.stage))


_PAPER = Config(pairing="pair")
_REFINEMENT = TrainConfig(
    steps=500_000,
    learning_rate=5e-5,
    schedule=((50_000, 0.1), (100_000, 0.1), (300_000, 0.1)),
    stage=2,
    box=1 / 4,
    shrunk=0.09,
    hard=1.0,
)
CONFIGS = {
    "paper": Settings(_PAPER),
    "refinement": Settings(_PAPER, _REFINEMENT),
    # One stretch at a time: gradients of all stages hold eleven pairs of each at once.
    "joint": Settings(_PAPER, replace(_REFINEMENT, stage=3, joint=True, batch=1)),
    "small": Settings(
        replace(_PAPER, width=8, start="even"),
        TrainConfig(steps=4000, learning_rate=1e-3, schedule=((3000, 0.1),), size=(120, 216),
                    masks="shapes", made_up=0.5, clip=1.0),
    ),
    "tiny": Settings(
        Config.tiny(), TrainConfig(batch=1, workers=0, size=(24, 40), frames=4, clip=1.0)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class StageBatch:
    """Some samples: fields as of a StageSample, (B, 2, N, C, h, w); clips: their names."""

    begun: Tensor
    truth: Tensor
    lost: Tensor
    clips: tuple[str, ...]


def samples(settings: Settings, clips: Sequence[Clip]) -> StageSamples:
    """Return what a run learns from."""
    told = settings.training
    return StageSamples(
        clips,
        told.size,
        network=settings.network,
        masks=told.drawn(),
        frames=told.frames,
        seed=told.seed,
        made_up=told.made_up,
    )


def first_state(settings: Settings, start: Weights | None) -> Mapping[str, Tensor] | None:
    """Return what a run begins with: the weights given, and one stage more where it is to learn.

    Raises BadInput where stages are missing before it.
    """
    wanted, joint = settings.training.stage, settings.training.joint
    held = int(start.config.get("stages", MOST_STAGES)) if start else 0
    if start and held == wanted:
        return start.state
    if start and held == wanted - 1 and not joint:
        return with_one_more(start.state, held)
    if start is None and (wanted == 1 or joint):
        return None
    needed = f"{wanted} stages" if joint else f"{wanted - 1} or {wanted} stages"
    raise BadInput(
        f"stage {wanted} learns from what the ones before it find, and the weights hold {held} "
        f"stages. Give weights of {needed}, or another stage."
    )


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    told = settings.training
    network.to(device)
    learning = network.stages if told.joint else network.stages[-1:]
    for stage in network.stages[: len(network.stages) - len(learning)]:
        stage.requires_grad_(False)
    optimiser = torch.optim.SGD(
        groups(learning, faster=told.head),
        lr=told.learning_rate,
        momentum=told.momentum,
        weight_decay=told.decay,
    )
    learners = {"network": Learner(network, optimiser)}
    return Lesson(learners, lambda batch: losses(network, batch, told), StageBatch)


def groups(stages: nn.ModuleList, *, faster: float) -> list[dict[str, object]]:
    """Return the parameters that learn: those of the body, and those of the heads, faster."""
    named = [(name, p) for name, p in stages.named_parameters() if p.requires_grad]
    body = [p for name, p in named if ".layer5." not in name]
    head = [p for name, p in named if ".layer5." in name]
    return [{"params": body}, {"params": head, "faster": faster}]


def losses(network: Network, batch: StageBatch, config: TrainConfig) -> Iterator[Turn]:
    """Yield the network's turn: the error of its flow in the hole, and that of its hard pixels.

    Shown beside them: the end-point error at the last stage, and that of the smooth fill.
    """
    pairs: list[Pair] = _pairs(batch)
    smooth = _both_ways(pairs)
    total, named = batch.begun.new_zeros(()), dict[str, Tensor]()
    for number in range(config.stage):
        pairs = list(network.stage(number, pairs, config.size))
        if config.joint or number == config.stage - 1:
            found, truth, lost = _asked(network.config, number, pairs, batch, config.size)
            named |= _errors(found, truth, lost, number, config)
            total = total + named[f"hole {number + 1}"] + config.hard * named[f"hard {number + 1}"]
    last = network.config.size(config.stage - 1, config.size)
    with torch.no_grad():
        for name, flow in (("end point", found), ("smooth", smooth)):
            named[name] = end_point_error(
                resized(flow.flatten(0, 1), last), truth.flatten(0, 1), lost.flatten(0, 1)
            )
    yield Turn("network", total, named)


def _pairs(batch: StageBatch) -> list[Pair]:
    """Return the flows of a batch pair by pair, as the first stage is given them."""

    def of(way: int, t: int) -> Field:
        return Field(batch.begun[:, way, t], batch.lost[:, way, t])

    return [(of(0, t), of(1, t)) for t in range(batch.begun.shape[2])]


def _both_ways(pairs: list[Pair]) -> Tensor:
    """Return the flow of pairs, forward and backward, (2, N * B, 2, h, w)."""
    return torch.stack([torch.cat([pair[way].flow.float() for pair in pairs]) for way in (0, 1)])


def _asked(
    network: Config, number: int, pairs: list[Pair], batch: StageBatch, full: Size
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a stage found, the truth and the hole at its size, (2, N * B, C, h, w) each."""
    truth, lost = (
        each.permute(1, 2, 0, 3, 4, 5).flatten(1, 2) for each in (batch.truth, batch.lost)
    )
    size = network.size(number, full)
    return (
        _both_ways(pairs),
        torch.stack([resized(way, size) for way in truth]),
        torch.stack(
            [resized_hole(way, size, nearest=network.nearest_holes).float() for way in lost]
        ),
    )


def _errors(
    found: Tensor, truth: Tensor, lost: Tensor, number: int, config: TrainConfig
) -> dict[str, Tensor]:
    """Return the losses of a stage; those of both directions are added up where it finds both."""
    ways = list(zip(found, truth, lost, strict=True))
    if number == 0:
        ways = [(found.flatten(0, 1), truth.flatten(0, 1), lost.flatten(0, 1))]
    return {
        f"hole {number + 1}": sum(
            (masked_l1(*way, joined=True) for way in ways), start=found.new_zeros(())
        ),
        f"hard {number + 1}": sum(
            (hard_flow_l1(*way, share=config.share) for way in ways), start=found.new_zeros(())
        ),
    }
