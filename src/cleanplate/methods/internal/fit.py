"""Fit a network to a clip: steps until the plan ends or nothing gets better, the best one kept.

A fit that stops goes on where it was, and ends as if it had never stopped, bit for bit, where its
end is a number of steps.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from cleanplate.errors import BadInput, CleanplateError
from cleanplate.methods.internal.plan import Plan
from cleanplate.training import checkpoint

KEEP = 2  # checkpoints
_LOG = logging.getLogger(__name__)


class Mark(NamedTuple):
    """Where a fit is: steps and seconds done, the loss since the last mark, the judgement."""

    step: int
    seconds: float
    loss: float
    judged: float | None


class Teacher(Protocol):
    """What tells a network its losses at a step, "total" among them, and judges it."""

    def losses(self, network: Any, step: int) -> dict[str, Tensor]:
        """Return losses by name; they depend on the number of the step alone."""
        ...

    def judge(self, network: Any) -> float | None:
        """Return how far off it is, None where that cannot be told."""
        ...


def fit(
    network: nn.Module,
    teacher: Teacher,
    plan: Plan,
    *,
    bf16: bool = False,
    run: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Mark]:
    """Fit a network in place and leave it with the weights that were judged best; return its curve.

    bf16: where autocast deems it safe. run: a folder for checkpoints, from the last of which the
    fit goes on. progress: called with the share done. What is going on is logged. Raises BadInput
    for checkpoints of something else, and CleanplateError where the loss is no number any more.
    """
    fitting = _Fitting(network, teacher, plan, bf16)
    found = None if run is None else checkpoint.latest(run)
    if found:
        fitting.restore(checkpoint.load(found), source=str(found))
    while not fitting.over:
        fitting.advance()
        if fitting.due:
            fitting.mark()
            if run:
                checkpoint.save(run, fitting.step, fitting.content(), keep=KEEP)
        if progress:
            progress(fitting.share)
    network.load_state_dict(fitting.best)
    return fitting.marks


class _Fitting:
    """A fit between two steps; `step` are done, in `seconds`."""

    def __init__(self, network: nn.Module, teacher: Teacher, plan: Plan, bf16: bool) -> None:
        self.network, self.teacher, self.plan, self.bf16 = network, teacher, plan, bf16
        self.optimiser = torch.optim.Adam(network.parameters(), lr=plan.learning_rate)
        self.device = next(network.parameters()).device
        self.step, self.seconds, self.waited = 0, 0.0, 0
        self.loss = torch.zeros((), device=self.device)  # summed since the last mark
        self.marks: list[Mark] = []
        self.mark()

    @property
    def share(self) -> float:
        return self.plan.share(self.step, self.seconds)

    @property
    def over(self) -> bool:
        tired = 0 < self.plan.patience <= self.waited
        return self.share >= 1 or tired

    @property
    def due(self) -> bool:
        return self.share >= 1 or self.step % self.plan.judged_every == 0

    def advance(self) -> None:
        began = time.perf_counter()
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate(self.step, self.share)
        self.optimiser.zero_grad(set_to_none=True)
        with self._autocast():
            total = self.teacher.losses(self.network, self.step)["total"]
        total.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.loss += total.detach()
        self.step += 1
        self.seconds += time.perf_counter() - began

    @torch.no_grad()
    def mark(self) -> None:
        """Judge the network, keep it if it is the best so far, and say where the fit is."""
        began = time.perf_counter()
        with self._autocast():
            judged = self.teacher.judge(self.network)
        before = self.marks[-1].step if self.marks else 0
        loss = float(self.loss) / max(self.step - before, 1)
        if not math.isfinite(loss) or not math.isfinite(judged or 0):
            raise CleanplateError(
                f"after {self.step} steps the loss is {loss}: the fit fell apart. "
                "Give a lower learning_rate, or precision fp32."
            )
        known = [mark.judged for mark in self.marks if mark.judged is not None]
        better = judged is None or not known or judged < min(known)
        if better:
            self.best = deepcopy(self.network.state_dict())
        self.waited = 0 if better else self.waited + 1
        self.loss.zero_()
        self.seconds += time.perf_counter() - began
        self.marks.append(Mark(self.step, self.seconds, loss, judged))
        _LOG.info(_words(self.marks[-1], self.plan))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def content(self) -> dict[str, Any]:
        """Return all of it, to be saved."""
        return {
            "network": dict(self.network.state_dict()),
            "optimiser": self.optimiser.state_dict(),
            "best": dict(self.best),
            "waited": self.waited,
            "marks": [list(mark) for mark in self.marks],
        }

    def restore(self, content: dict[str, Any], *, source: str) -> None:
        """Take over what was saved; raises BadInput for another network's."""
        try:
            self.network.load_state_dict(content["network"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.best, self.waited = content["best"], int(content["waited"])
            self.marks = [Mark(*each) for each in content["marks"]]
            self.step, self.seconds = self.marks[-1].step, self.marks[-1].seconds
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
            raise BadInput(
                f"checkpoint {source} is not of this fit: its contents do not fit. "
                "Give an empty folder."
            ) from error


def _words(mark: Mark, plan: Plan) -> str:
    """Say where a fit is."""
    held = "" if mark.judged is None else f", held out {mark.judged:.2f} levels off"
    share = plan.share(mark.step, mark.seconds)
    left = f", {mark.seconds * (1 / share - 1):.0f} s left" if share else ""
    return f"step {mark.step}: loss {mark.loss:.4f}{held}{left}"
