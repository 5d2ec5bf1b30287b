"""What a fit of internal learning is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cleanplate.configs import checked
from cleanplate.devices import PRECISIONS
from cleanplate.errors import BadInput
from cleanplate.methods.internal.plan import Plan, Teaching

PRIORS = ("flow", "none")
CONFIGS = ("small", "official", "paper", "tiny")
UNIT = 4  # pixels that both sides of a picture are a multiple of


@dataclass(frozen=True)
class Options(Plan, Teaching):
    """How a network is fitted to a stretch, and which.

    prior: "flow" begins with what that method makes of the holes, and fits what is to be corrected
    of it, learned by as many `rehearsals` on known pixels, one of which is held out; tune is of the
    flow, "fidelity" corrects all of the hole, "removal" what the flow is unsure of. "none" is the
    paper's: the network paints from nothing. config: the network, that of the "official" code, as
    in the "paper", a "small" or a "tiny" one. kind: "coarse-to-fine", "stacked" or "base". size:
    (height, width); pictures with more pixels are fitted at so many, and, progressive, in parts of
    so many at twice the size and so on up to their own. precision: "auto" is bf16
    where the machine has it. checkpoints: a folder in which a fit that was stopped finds itself
    again, and goes on; of files by default one beside the output, until that is complete.
    """

    prior: str = "flow"
    rehearsals: int = 5
    config: str = "small"
    kind: str = "coarse-to-fine"
    size: tuple[int, int] = (240, 432)
    progressive: bool = True
    precision: str = "auto"
    checkpoints: str | Path | None = None

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_known("prior", PRIORS)
        self._check_whole("rehearsals", 1)
        self._check_known("config", CONFIGS)
        self._check_known("precision", PRECISIONS)
        checked(bool, self.progressive, "progressive")
        object.__setattr__(self, "size", checked(tuple[int, int], self.size, "size"))
        if min(self.size) < UNIT:
            raise BadInput(f"size is {self.size}. Give a height and a width from {UNIT} up.")
        if not isinstance(self.checkpoints, str | Path | None):
            raise BadInput(f"checkpoints is {self.checkpoints!r}. Give the path of a folder.")
