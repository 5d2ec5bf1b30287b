"""The loop: step after step, with checkpoints, until the run has as many as it was told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cleanplate.datasets.samples import InTurn
from cleanplate.training import checkpoint
from cleanplate.training.batches import batches
from cleanplate.training.lesson import Lesson, Turn
from cleanplate.training.processes import Group
from cleanplate.training.settings import LoopSettings
from cleanplate.training.state import State
from cleanplate.training.stops import asked_to_stop
from cleanplate.training.watch import Tell, Watch

Write = Callable[[dict[str, Tensor], int], None]  # weights as they are after so many steps


def run(
    lesson: Lesson,
    samples: InTurn[Any],
    settings: LoopSettings,
    folder: Path,
    *,
    write: Write,
    group: Group = Group(),  # noqa: B008 - frozen
    resume: Path | None = None,
    tell: Tell | None = None,
    bar: bool = False,
) -> dict[str, float]:
    """Train to the end and return the losses that were shown last.

    folder: of the run. write: writes the resulting weights. group: the processes that share the
    work. resume: the checkpoint to go on from. tell: is told how it goes, a line at a time. Raises
    BadInput for a checkpoint that does not fit, CleanplateError where a loss is no number.
    """
    state = State(lesson, settings, group)
    if resume:
        state.restore(checkpoint.load(resume), source=str(resume))
    elif group.first:  # so that it can go on, and from the same weights, from the very beginning
        checkpoint.save(folder, 0, state.content(), keep=settings.keep)
    watch = Watch(
        folder if group.first else None, steps=settings.steps, done=state.step, tell=tell, bar=bar
    )
    for learner in lesson.learners.values():
        learner.network.train()
    try:
        with _deterministic(settings.deterministic and state.device.type == "cuda"):
            given = batches(
                samples,
                lesson.batch,
                batch=settings.batch,
                steps=range(state.step, settings.steps),
                mine=group.share(settings.batch),
                device=state.device,
                workers=settings.workers,
                warn=(lambda sentence: tell(f"warning: {sentence}")) if tell else None,
            )
            if group.size > 1:  # which would wait for those that stop a step earlier
                return _steps(state, given, folder, write, watch, lambda: False)
            with asked_to_stop() as stops:
                return _steps(state, given, folder, write, watch, stops)
    finally:
        watch.close()


def _steps(
    state: State,
    given: Iterator[Any],
    folder: Path,
    write: Write,
    watch: Watch,
    stops: Callable[[], bool],
) -> dict[str, float]:
    settings, group, begun = state.settings, state.group, state.step
    sums, shown = Sums(), dict[str, float]()
    for batch in given:
        turns = state.advance(batch)
        sums.add(turns)
        done, last = state.step, state.step == settings.steps
        made = (done - begun) * settings.batch
        watch.step(done, made)
        stopped = stops()
        saves = last or stopped or done % settings.save_every == 0
        if saves or done % settings.log_every == 0:
            shown = sums.means(group)
            state.refuse_nonsense(shown)
            watch.losses(done, made, settings.rate(done - 1), shown)
        if group.first and (last or done % settings.pictures_every == 0):
            _show_pictures(turns, done, watch)
        if group.first and saves:
            write(state.result(), done)
            checkpoint.save(folder, done, state.content(), keep=settings.keep)
        if stopped:
            break
    group.wait()
    return shown


class Sums:
    """Losses summed up since they were shown last, where they are computed."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, turns: list[Turn]) -> None:
        """Add the losses of one step."""
        for name, value in (item for turn in turns for item in turn.losses.items()):
            value = value.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._count += 1

    def means(self, group: Group) -> dict[str, float]:
        """Return the means over steps and processes, and begin anew."""
        means = torch.stack(list(self._sums.values())) / max(self._count, 1)
        group.average([means])
        named = dict(zip(self._sums, means.tolist(), strict=True))
        self._sums, self._count = {}, 0
        return named


def _show_pictures(turns: list[Turn], done: int, watch: Watch) -> None:
    for turn in turns:
        if turn.pictures:
            with torch.no_grad():
                watch.pictures(done, turn.pictures())


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Let a GPU use only what gives the same result each time, inside."""
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
