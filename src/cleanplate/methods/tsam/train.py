"""How TSAM is trained, in two stages: Zou et al., CVPR 2021, section 3.4, and the official code.

The first stage has no critic; the second goes on with its weights, against one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.moving import USUAL, MovingSamples
from cleanplate.errors import BadInput
from cleanplate.losses import feature_l1, gram_l1, least_squares, plain_l1
from cleanplate.methods.tsam.critic import Critic, CriticConfig
from cleanplate.methods.tsam.imagenet import begun
from cleanplate.methods.tsam.network import Config, Network
from cleanplate.methods.tsam.shift import Alignment, Motion
from cleanplate.training.lesson import Lesson, Turn, by_adam, frozen
from cleanplate.training.pictures import in_rows
from cleanplate.training.settings import LoopSettings
from cleanplate.vgg import EARLY_VGG16, VGG16, Features, load_features, refuse_without
from cleanplate.weights import Weights


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """The paper's numbers for the first stage; `second` has those of the second.

    steps: a choice of ours, since the paper's 200 times over a data set depend on which. frames: of
    a clip, one after the other. whole, hole: weights of the mean absolute difference over
    everything; of the hole's, too, divided by the area of everything. perceptual, style: weights of
    what VGG-16 sees, which need vgg, a file of torchvision's; vgg_normalised: see `vgg.Features`.
    relu1_2: that layer counts as well, as the paper's four stages have it and the official code's
    three have not. encoder: torchvision's ResNet-50, for new weights to begin with, see `imagenet`.
    adversarial: weight of the critic's judgement; without it there is no critic. masks: families of
    holes. betas: of Adam, which is AMSGrad. joined: the style of all clips of a batch is taken
    together, as in the official code; else each clip stands alone.
    """

    steps: int = 50_000
    learning_rate: float = 5e-4
    frames: int = 7
    whole: float = 1.0
    hole: float = 0.0
    perceptual: float = 1.0
    style: float = 2.0
    vgg: str = ""
    vgg_normalised: bool = False
    relu1_2: bool = True
    encoder: str = ""
    adversarial: float = 0.0
    masks: tuple[str, ...] = USUAL
    betas: tuple[float, float] = (0.9, 0.999)
    joined: bool = False

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._at_least("frames", 2)
        for name in ("whole", "hole", "perceptual", "style", "adversarial"):
            self._at_least(name, 0)
        self._resolve("vgg")
        self._resolve("encoder")
        self._check_betas(self.betas)

    def second(self, adversarial: float = 0.1) -> TrainConfig:
        """Return the same for the second stage; the code is set to an adversarial weight of 1."""
        return replace(self, learning_rate=2.5e-4, hole=6.0, adversarial=adversarial)


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the networks are built, and how they are trained."""

    network: Config = field(default_factory=Config)
    critic: CriticConfig = field(default_factory=CriticConfig)
    training: TrainConfig = field(default_factory=TrainConfig)


_SMALL = Settings(Config.small(), CriticConfig(channels=32), TrainConfig(perceptual=0, style=0))
_OFFICIAL = Settings(
    Config.official(), CriticConfig.official(), TrainConfig(joined=True, relu1_2=False)
)
CONFIGS = {
    "paper": Settings(),
    "paper-second": Settings(training=TrainConfig().second()),
    "official": _OFFICIAL,
    "official-second": replace(_OFFICIAL, training=_OFFICIAL.training.second(1.0)),
    "small": _SMALL,
    "small-second": replace(_SMALL, training=_SMALL.training.second()),
    "tiny": Settings(
        Config.tiny(),
        CriticConfig(channels=4),
        TrainConfig(batch=2, workers=0, frames=3, perceptual=0.0, style=0.0, hole=6.0,
                    adversarial=0.1),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class MovingBatch:
    """Some samples: fields as of a MovingSample, (B, ...); clips: their names."""

    frames: Tensor
    holes: Tensor
    forward: Tensor
    backward: Tensor
    doubt_forward: Tensor
    doubt_backward: Tensor
    clips: tuple[str, ...]


def first_state(settings: Settings, start: Weights | None) -> Mapping[str, Tensor] | None:
    """Return the tensors that a run begins with; raises BadInput for what it lacks."""
    told = settings.training
    without = ", both 0: config small does"
    refuse_without(told.vgg, VGG16, told.perceptual, told.style, otherwise=without)
    if start and told.encoder:
        raise BadInput("weights are given, and an encoder to begin with. Choose one of them.")
    if start or not told.encoder:
        return start.state if start else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(told.seed)
        network = Network(settings.network)
    begun(network.encoder, told.encoder)
    return network.state_dict()


def samples(settings: Settings, clips: Sequence[Clip]) -> MovingSamples:
    """Return what a run learns from."""
    told = settings.training
    return MovingSamples(
        clips,
        settings.network.size,
        frames=told.frames,
        seed=told.seed,
        families=told.masks,
        flow=settings.network.aligned,
    )


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    config = settings.training
    rate, betas = config.learning_rate, config.betas
    learners = {"network": by_adam(network.to(device), rate, betas, amsgrad=True)}
    critic, features = None, None
    if config.adversarial:
        critic = Critic(settings.critic).to(device)
        learners["critic"] = by_adam(critic, rate, betas, amsgrad=True)
    if config.perceptual or config.style:
        kind = EARLY_VGG16 if config.relu1_2 else VGG16
        features = load_features(config.vgg, kind, normalised=config.vgg_normalised).to(device)
    return Lesson(
        learners, lambda batch: losses(network, critic, features, batch, config), MovingBatch
    )


def losses(
    network: Network,
    critic: Critic | None,
    features: Features | None,
    batch: MovingBatch,
    config: TrainConfig,
) -> Iterator[Turn]:
    """Yield the critic's turn, where there is one, and then the generator's.

    features: what the perceptual and the style loss see.
    """
    frames, masks, alignment = scaled(batch, network.config.grid)
    result = network(frames * (1 - masks), masks, alignment).float()
    if critic:
        real = least_squares(critic(frames, masks).float(), 1)
        fake = least_squares(critic(result.detach(), masks).float(), 0)
        total = (real + fake) / 2
        yield Turn("critic", total, {"critic": total, "real": real, "fake": fake})
    named = {
        "whole": plain_l1(result, frames),
        "hole": plain_l1(result, frames, masks),
    }
    total = config.whole * named["whole"] + config.hole * named["hole"]
    if features:
        with torch.autocast(frames.device.type, enabled=False):
            ours, theirs = (features(2 * clips - 1) for clips in (result, frames))
        named["perceptual"] = feature_l1(ours, theirs)
        named["style"] = gram_l1(ours, theirs, joined=config.joined)
        total = total + config.perceptual * named["perceptual"] + config.style * named["style"]
    if critic:
        with frozen(critic):
            named["adversarial"] = least_squares(critic(result, masks).float(), 1)
        total = total + config.adversarial * named["adversarial"]

    def pictures() -> dict[str, Tensor]:
        rows = (frames[0] * (1 - masks[0]), result[0].clamp(0, 1), frames[0])
        return {"clip": in_rows(*(2 * row - 1 for row in rows))}

    yield Turn("network", total, named, pictures)


def scaled(batch: MovingBatch, grid: str) -> tuple[Tensor, Tensor, Alignment]:
    """Return frames (B, T, 3, H, W) from 0 to 1, masks (B, T, 1, H, W), 1 in holes, the motion."""
    frames = batch.frames.permute(0, 1, 4, 2, 3).float() / 255
    flows = (flow.permute(0, 1, 4, 2, 3) for flow in (batch.forward, batch.backward))
    doubts = (doubt[:, :, None].float() for doubt in (batch.doubt_forward, batch.doubt_backward))
    return frames, batch.holes[:, :, None].float(), Alignment(Motion(*flows, *doubts), grid=grid)
