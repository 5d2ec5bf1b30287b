"""What a room brings to the loop: its networks, and how each of them learns from a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from cleanplate.training.batches import Batch


@dataclass(frozen=True)
class Learner:
    """A network that is trained, and what moves its weights.

    A group of the optimiser's parameters learns `faster`, so many times the rate, where it says so.
    """

    network: nn.Module
    optimiser: Optimizer


def by_adam(
    network: nn.Module, rate: float, betas: tuple[float, float], *, amsgrad: bool = False
) -> Learner:
    """Return a network that is moved by Adam (Kingma and Ba, ICLR 2015).

    amsgrad: the largest second moment so far counts (Reddi et al., ICLR 2018).
    """
    parameters = list(network.parameters())
    return Learner(network, Adam(parameters, lr=rate, betas=betas, amsgrad=amsgrad))


@dataclass(frozen=True)
class Turn:
    """It is one learner's turn to get better.

    learner: its name. total: the scalar that it is to lower. losses: named scalars to be shown.
    pictures: makes pictures (3, H, W) from 0 to 1 by name, if they are wanted.
    """

    learner: str
    total: Tensor
    losses: dict[str, Tensor]
    pictures: Callable[[], dict[str, Tensor]] | None = None


@dataclass(frozen=True)
class Lesson:
    """All that a room brings.

    learners: by name; the network of the first is what comes out. turns: of one batch; when it is
    asked for the next turn, the learner of the last has been updated already. So a critic can
    learn first and then judge, and both look at what was computed once. batch: the kind of it, a
    dataclass.
    """

    learners: dict[str, Learner]
    turns: Callable[[Any], Iterator[Turn]]
    batch: type[Any] = Batch

    @property
    def result(self) -> nn.Module:
        """Return the network that comes out."""
        return next(iter(self.learners.values())).network


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through a network, but not into its weights, inside."""
    wanting = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in wanting:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanting:
            parameter.requires_grad_(True)
