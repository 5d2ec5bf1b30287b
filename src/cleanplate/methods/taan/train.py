"""How TAAN is trained: Liu et al., IJCAI 2020, section 3.5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.references import References, Strokes
from cleanplate.losses import feature_l1, gram_l1, plain_l1, total_variation
from cleanplate.methods.taan.network import Config, Network
from cleanplate.methods.taan.references import DISTANCES, checked_distances
from cleanplate.training.batches import Batch
from cleanplate.training.lesson import Learner, Lesson, Turn
from cleanplate.training.pictures import in_rows, scaled
from cleanplate.training.settings import LoopSettings
from cleanplate.vgg import VGG19, Features, load_features, refuse_without
from cleanplate.weights import Weights


@dataclass(frozen=True)
class TrainConfig(LoopSettings):
    """The paper's numbers; it does not tell those of steps and clips.

    distances: frames from a target to its references. completed: the share of samples in which
    those before the target are whole, as if they had been completed. valid, hole, perceptual,
    style, variation: weights of the losses. vgg: torchvision's VGG-19, which perceptual and style
    need. norms: hole and valid are sums over each clip, as the equations read, not means, to which
    the weights belong in Liu et al., ECCV 2018. composed: VGG also sees the target with its known
    pixels put in, as there. variation_inside: only pairs count in the hole and a pixel around it,
    as there. alignment_rate: how much faster learns what tells the alignment where to look; the
    paper does not say that it does. betas: of Adam.
    """

    steps: int = 1_500_000
    schedule: tuple[tuple[int, float], ...] = ((1_000_000, 0.1),)
    distances: tuple[int, ...] = DISTANCES
    completed: float = 0.5
    valid: float = 1.0
    hole: float = 6.0
    perceptual: float = 0.05
    style: float = 120.0
    variation: float = 0.1
    vgg: str = ""
    norms: bool = False
    composed: bool = False
    variation_inside: bool = False
    alignment_rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        object.__setattr__(self, "distances", checked_distances("distances", self.distances))
        self._check_share("completed")
        for name in ("valid", "hole", "perceptual", "style", "variation", "alignment_rate"):
            self._at_least(name, 0)
        self._resolve("vgg")
        self._check_betas(self.betas)


@dataclass(frozen=True)
class Settings:
    """All that a run is told: how the network is built, the holes, and how it is trained."""

    network: Config = field(default_factory=Config)
    masks: Strokes = field(default_factory=Strokes)
    training: TrainConfig = field(default_factory=TrainConfig)


# "full" is the paper's network without the losses that need VGG-19; "literal" has all formulas as
# they are printed.
CONFIGS = {
    "paper": Settings(),
    "literal": Settings(
        Config(literal=True, mask_alignment="learned"), training=TrainConfig(norms=True)
    ),
    "full": Settings(training=TrainConfig(perceptual=0, style=0)),
    "small": Settings(
        Config.small(), training=TrainConfig(perceptual=0, style=0, learning_rate=3e-4)
    ),
    "tiny": Settings(
        Config.tiny(), training=TrainConfig(perceptual=0, style=0, batch=2, workers=0)
    ),
}


def first_state(settings: Settings, start: Weights | None) -> Mapping[str, Tensor] | None:
    """Return the tensors that a run begins with; raises BadInput where it lacks VGG-19."""
    told = settings.training
    refuse_without(told.vgg, VGG19, told.perceptual, told.style, otherwise=": config full")
    return start.state if start else None


def samples(settings: Settings, clips: Sequence[Clip]) -> References:
    """Return what a run learns from."""
    told = settings.training
    return References(
        clips,
        settings.network.size,
        distances=told.distances,
        strokes=settings.masks,
        completed=told.completed,
        seed=told.seed,
    )


def lesson(settings: Settings, network: Network, device: torch.device) -> Lesson:
    """Return what the loop needs to train a network on a device."""
    told = settings.training
    learners = {"network": _learner(network.to(device), told)}
    features = None
    if told.perceptual or told.style:
        features = load_features(told.vgg, VGG19, normalised=True).to(device)
    return Lesson(learners, lambda batch: losses(network, features, batch, told))


def _learner(network: Network, told: TrainConfig) -> Learner:
    looking = list(network.alignment.places.parameters())
    others = [p for p in network.parameters() if all(p is not each for each in looking)]
    groups: list[dict[str, Any]] = [
        {"params": others},
        {"params": looking, "faster": told.alignment_rate},
    ]
    return Learner(network, Adam(groups, lr=told.learning_rate, betas=told.betas))


def losses(
    network: Network, features: Features | None, batch: Batch, told: TrainConfig
) -> Iterator[Turn]:
    """Yield the network's turn.

    batch: the target first, then its references. features: what the perceptual and the style loss
    see.
    """
    frames, masks = scaled(batch)
    result = network(frames * (1 - masks), masks).float()
    truth, mask = frames[:, 0], masks[:, 0]
    filled = truth * (1 - mask) + result * mask
    inside = functional.max_pool2d(mask, 3, 1, 1) if told.variation_inside else None
    named = {
        "valid": plain_l1(result, truth, 1 - mask, norm=told.norms),
        "hole": plain_l1(result, truth, mask, norm=told.norms),
        "variation": total_variation(filled, inside),
    }
    if features:
        named |= _seen_by(features, [result, filled][: 1 + told.composed], truth)
    total = torch.stack([getattr(told, name) * loss for name, loss in named.items()]).sum()

    def pictures() -> dict[str, Tensor]:
        shown = torch.stack([(truth * (1 - mask))[0], filled[0], truth[0]])
        return {"target": in_rows(shown), "references": in_rows((frames * (1 - masks))[0, 1:])}

    yield Turn("network", total, named, pictures)


def _seen_by(features: Features, results: list[Tensor], truth: Tensor) -> dict[str, Tensor]:
    """Return the perceptual and the style loss, summed over the forms of a result (B, 3, H, W)."""
    named = {"perceptual": truth.new_zeros(()), "style": truth.new_zeros(())}
    with torch.autocast(truth.device.type, enabled=False):
        theirs = features(truth[:, None])
        for result in results:
            ours = features(result[:, None])
            named["perceptual"] = named["perceptual"] + feature_l1(ours, theirs)
            named["style"] = named["style"] + gram_l1(ours, theirs, even=True)
    return named
