"""STTN's critic: a T-PatchGAN that sees clips alone (section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from cleanplate.errors import BadInput
from cleanplate.patchgan import MOST_CHANNELS, PatchGAN


@dataclass(frozen=True)
class CriticConfig:
    """How the critic is built.

    channels: of its first layer; the others have two and four times as many. norm_all: the last
    layer is normalised as well, as table 5 of the paper says; the official code leaves it out.
    """

    channels: int = 64
    norm_all: bool = False

    def __post_init__(self) -> None:
        """Refuse what no critic can be built of; raises BadInput."""
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise BadInput(f"channels is {self.channels}. Give 1 to {MOST_CHANNELS}.")


class Critic(PatchGAN):
    """Scores (B, T, C, h, w) of clips (B, T, 3, H, W) from -1 to 1; high is real."""

    def __init__(self, config: CriticConfig | None = None) -> None:
        config = config or CriticConfig()
        super().__init__(3, config.channels, norm_all=config.norm_all)
