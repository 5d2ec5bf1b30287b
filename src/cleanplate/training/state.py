"""Where a training run is: networks, optimisers, the average of the weights, the step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cleanplate.devices import has_bf16
from cleanplate.errors import BadInput, CleanplateError
from cleanplate.training import checkpoint
from cleanplate.training.lesson import Lesson, Turn
from cleanplate.training.processes import Group
from cleanplate.training.settings import LoopSettings

_APART = (
    "training fell apart. Begin a new run with a lower learning_rate, with clip, or with fp32; "
    "its --weights may be the last ones that were saved."
)


class State:
    """A run between two steps; `step` are done."""

    def __init__(self, lesson: Lesson, settings: LoopSettings, group: Group) -> None:
        self.lesson, self.settings, self.group = lesson, settings, group
        self.step = 0
        self.device = next(lesson.result.parameters()).device
        on_gpu = self.device.type == "cuda"  # on CPUs autocast costs more than it saves
        auto = settings.precision == "auto" and on_gpu and has_bf16(self.device)
        self.bf16 = auto or settings.precision == "bf16"
        for learner in lesson.learners.values():
            group.begin_alike(learner.network)
        self.mean = Mean(lesson.result, settings.ema) if settings.ema else None

    def advance(self, batch: Any) -> list[Turn]:
        """Make one step and return its turns."""
        rate = self.settings.rate(self.step)
        turns, done = self.lesson.turns(batch), []
        while True:
            # Each turn in a context of its own: weights that it keeps as bf16 are old after it.
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                turn = next(turns, None)
            if turn is None:
                break
            self._update(turn, rate)
            done.append(turn)
        if self.mean:
            self.mean.follow(self.lesson.result)
        self.step += 1
        return done

    def _update(self, turn: Turn, rate: float) -> None:
        learner = self.lesson.learners[turn.learner]
        learner.optimiser.zero_grad(set_to_none=True)
        turn.total.backward()  # type: ignore[no-untyped-call]
        parameters = [p for p in learner.network.parameters() if p.grad is not None]
        self.group.average(p.grad for p in parameters if p.grad is not None)
        if self.settings.clip:
            nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        for parameters_alike in learner.optimiser.param_groups:
            parameters_alike["lr"] = rate * parameters_alike.get("faster", 1.0)
        learner.optimiser.step()

    def result(self) -> dict[str, Tensor]:
        """Return the weights that come out: averaged, where that is asked for."""
        state = self.lesson.result.state_dict()
        return {**state, **self.mean.weights} if self.mean else state

    def content(self) -> dict[str, Any]:
        """Return all of it, to be saved."""
        learners = self.lesson.learners.items()
        return {
            "networks": {name: dict(each.network.state_dict()) for name, each in learners},
            "optimisers": {name: each.optimiser.state_dict() for name, each in learners},
            "mean": self.mean.weights if self.mean else {},
            "random": checkpoint.random_state(),
        }

    def restore(self, content: dict[str, Any], *, source: str) -> None:
        """Take over what was saved, random numbers too; raises BadInput for another network's."""
        try:
            for name, learner in self.lesson.learners.items():
                learner.network.load_state_dict(content["networks"][name])
                learner.optimiser.load_state_dict(content["optimisers"][name])
            if self.mean:
                self.mean.take(content["mean"])
            self.step = int(content["step"])
            checkpoint.set_random_state(content["random"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
            raise BadInput(
                f"checkpoint {source} is not of this run: its contents do not fit. "
                "Give the run that it belongs to, or begin a new one."
            ) from error

    def refuse_nonsense(self, losses: dict[str, float]) -> None:
        """Stop where a loss or a weight is no number any more; raises CleanplateError."""
        for name, value in losses.items():
            if not abs(value) < float("inf"):
                raise CleanplateError(
                    f"after {self.step} steps the loss {name} is {value}: {_APART}"
                )
        for learner in self.lesson.learners.values():
            if not all(bool(p.isfinite().all()) for p in learner.network.parameters()):
                raise CleanplateError(f"after {self.step} steps weights are no numbers: {_APART}")


class Mean:
    """The weights of a network averaged over its steps, older ones counting less and less."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: p.detach().clone() for name, p in network.named_parameters()}

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move a little towards the weights of now."""
        for name, parameter in network.named_parameters():
            self.weights[name].lerp_(parameter, 1 - self.decay)

    def take(self, weights: dict[str, Tensor]) -> None:
        """Take over averaged weights; raises KeyError and RuntimeError for those of another."""
        for name, own in self.weights.items():
            own.copy_(weights[name])
