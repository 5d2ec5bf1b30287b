"""How STTN is trained: Zeng et al., ECCV 2020, section 3.3, and the official code.

The critic learns first, to tell real clips from filled ones; then the generator, judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.samples import Samples
from cleanplate.errors import BadInput
from cleanplate.losses import (
    change_l1,
    feature_l1,
    gram_l1,
    hinge_fake,
    hinge_real,
    masked_l1,
)
from cleanplate.methods.sttn.critic import Critic, CriticConfig
from cleanplate.methods.sttn.network import Config, Network
from cleanplate.training.batches import Batch
from cleanplate.training.lesson import Lesson, Turn, by_adam, frozen
from cleanplate.training.pictures import in_rows, scaled
from cleanplate.training.settings import LoopSettings
from cleanplate.vgg import VGG16, Features, load_features, refuse_without


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """The paper's numbers, and the official code's where the paper has none.

    frames: of a clip. hole, valid, adversarial: weights of the losses; without the last there is
    no critic. temporal: weight of the loss on how the hole changes from frame to frame, which the
    paper leaves to later work. perceptual, style: weights of the losses that the paper's critic
    replaces, which need vgg, a file of torchvision's VGG-16; vgg_normalised: see `vgg.Features`.
    betas: of Adam. joined: a batch goes to the critic as one long clip and shares one hole loss, as
    in the official code, where that makes a difference only with several clips in one process;
    else each clip stands alone, so that it does not matter who shares a process. halved: the
    critic learns from half the sum of its two hinge losses, as in the official code; the paper has
    the sum.
    """

    schedule: tuple[tuple[int, float], ...] = ((150_000, 0.1), (300_000, 0.1))
    frames: int = 5
    hole: float = 1.0
    valid: float = 1.0
    adversarial: float = 0.01
    temporal: float = 0.0
    perceptual: float = 0.0
    style: float = 0.0
    vgg: str = ""
    vgg_normalised: bool = False
    betas: tuple[float, float] = (0.0, 0.99)
    joined: bool = False
    halved: bool = True

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._at_least("frames", 1)
        for name in ("hole", "valid", "adversarial", "temporal", "perceptual", "style"):
            self._at_least(name, 0)
        if self.temporal and self.frames == 1:
            raise BadInput("temporal needs clips of several frames. Give frames, or temporal 0.")
        refuse_without(self.vgg, VGG16, self.perceptual, self.style)
        self._resolve("vgg")
        self._check_betas(self.betas)


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the networks are built, and how they are trained."""

    network: Config = field(default_factory=Config)
    critic: CriticConfig = field(default_factory=CriticConfig)
    training: TrainConfig = field(default_factory=TrainConfig)


CONFIGS = {
    "paper": Settings(),
    "small": Settings(
        Config.small(),
        CriticConfig(channels=32),
        TrainConfig(learning_rate=3e-4, betas=(0.9, 0.99)),
    ),
    "tiny": Settings(Config.tiny(), CriticConfig(channels=4), TrainConfig(batch=2, workers=0)),
}


def samples(settings: Settings, clips: Sequence[Clip]) -> Samples:
    """Return what a run learns from."""
    told = settings.training
    return Samples(clips, settings.network.size, frames=told.frames, seed=told.seed)


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    config = settings.training
    rate, betas = config.learning_rate, config.betas
    learners = {"network": by_adam(network.to(device), rate, betas)}
    critic = None
    if config.adversarial:
        critic = Critic(settings.critic).to(device)
        learners["critic"] = by_adam(critic, rate, betas)
    features = None
    if config.perceptual or config.style:
        features = load_features(config.vgg, normalised=config.vgg_normalised).to(device)
    return Lesson(learners, lambda batch: losses(network, critic, features, batch, config))


def losses(
    network: Network,
    critic: Critic | None,
    features: Features | None,
    batch: Batch,
    config: TrainConfig,
) -> Iterator[Turn]:
    """Yield the critic's turn, and then, when it has learnt, the generator's.

    features: what the perceptual and the style loss see.
    """
    frames, masks = scaled(batch)
    result = network(frames * (1 - masks), masks).float()
    filled = frames * (1 - masks) + result * masks
    if critic:
        real = hinge_real(_judged(critic, frames, config))
        fake = hinge_fake(_judged(critic, filled.detach(), config))
        total = (real + fake) / (2 if config.halved else 1)
        yield Turn("critic", total, {"critic": total, "real": real, "fake": fake})
    named = {
        "hole": masked_l1(result, frames, masks, joined=config.joined),
        "valid": masked_l1(result, frames, 1 - masks, joined=config.joined),
    }
    total = config.hole * named["hole"] + config.valid * named["valid"]
    if config.temporal:
        named["temporal"] = change_l1(result, frames, masks, joined=config.joined)
        total = total + config.temporal * named["temporal"]
    if features:
        with torch.autocast(frames.device.type, enabled=False):
            ours, theirs = features(result), features(frames)
        named["perceptual"] = feature_l1(ours, theirs)
        named["style"] = gram_l1(ours, theirs, joined=config.joined)
        total = total + config.perceptual * named["perceptual"] + config.style * named["style"]
    if critic:
        with frozen(critic):
            named["adversarial"] = -_judged(critic, filled, config).mean()
        total = total + config.adversarial * named["adversarial"]

    def pictures() -> dict[str, Tensor]:
        return {"clip": in_rows((frames * (1 - masks))[0], filled[0], frames[0])}

    yield Turn("network", total, named, pictures)


def _judged(critic: Critic, clips: Tensor, config: TrainConfig) -> Tensor:
    """Return the critic's scores, each clip by itself or all as one that lasts longer."""
    scores: Tensor = critic(clips.flatten(0, 1)[None] if config.joined else clips)
    return scores.float()
