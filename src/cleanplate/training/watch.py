"""What can be seen of a run: a bar, a line now and then, a history on disk, TensorBoard."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from cleanplate.io.place import write_text
from cleanplate.io.refuse import writing

HISTORY, CURVES = "history.jsonl", "tensorboard"
Tell = Callable[[str], None]


class Watch:
    """Shows a run to whoever looks: the first process's; the others' shows nothing.

    folder: of the run; None shows nothing. steps, done: in all, and when it begins. tell: is told
    a line whenever losses are known. bar: draw one if stderr is a terminal.
    """

    def __init__(
        self, folder: Path | None, *, steps: int, done: int, tell: Tell | None, bar: bool
    ) -> None:
        self.folder, self.steps, self.begun = folder, steps, done
        self.tell = tell if folder and tell else _nothing
        self._since, self._shown = monotonic(), (monotonic(), 0)
        self._bar = _bar(steps, done) if folder and bar and sys.stderr.isatty() else None
        self._curves = _curves(folder, done, self.tell) if folder else None
        if folder:
            _forget(folder / HISTORY, done)

    def step(self, done: int, samples: int) -> None:
        """Note that so many steps are done, by so many samples since the run began or went on."""
        if self._bar:
            speed = samples / max(monotonic() - self._since, 1e-9)
            self._bar.update(self._bar.task_ids[0], completed=done, speed=f"{speed:.1f} clips/s")

    def losses(self, done: int, samples: int, rate: float, losses: dict[str, float]) -> None:
        """Show losses, the mean of the steps since they were shown last."""
        if not self.folder:
            return
        now, (before, earlier) = monotonic(), self._shown
        speed = (samples - earlier) / max(now - before, 1e-9)
        self._shown = (now, samples)
        row = {"step": done, **losses, "rate": rate, "samples_per_second": speed}
        path = self.folder / HISTORY
        with writing(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if self._curves and name != "step":
                self._curves.add_scalar(name, value, done)
        told = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        left = int((now - self._since) / max(done - self.begun, 1) * (self.steps - done))
        self.tell(
            f"step {done} of {self.steps}: {told}; {speed:.2f} clips a second, "
            f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
        )

    def pictures(self, done: int, pictures: dict[str, Tensor]) -> None:
        """Show pictures (3, H, W) from 0 to 1."""
        for name, picture in pictures.items():
            if self._curves:
                shown = (picture.detach().float().clamp(0, 1) * 255).byte().cpu().numpy()
                self._curves.add_image(name, shown, done)

    def close(self) -> None:
        """Take the bar away and close the files."""
        if self._bar:
            self._bar.stop()
        if self._curves:
            self._curves.close()


def read_history(run: Path) -> list[dict[str, Any]]:
    """Return the rows of a run's history: step, losses, rate, samples_per_second."""
    path = run / HISTORY
    if not path.exists():
        return []
    rows = []
    for line in path.read_text("utf-8").split("\n"):
        try:
            rows.append(json.loads(line))
        except ValueError:  # the last one, if the process was killed as it was written
            continue
    return rows


def _forget(path: Path, done: int) -> None:
    """Drop what a run noted after the step from which it goes on, and a torn line."""
    if path.exists():
        kept = [row for row in read_history(path.parent) if row["step"] <= done]
        write_text(path, "".join(json.dumps(row) + "\n" for row in kept))


def _bar(steps: int, done: int) -> Progress:
    columns = (
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # lines that go to a file stay out of its way
    )
    bar.add_task("train", total=steps, completed=done, speed="")
    bar.start()
    return bar


def _curves(folder: Path, done: int, tell: Tell) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        tell("no curves for TensorBoard, which is not installed: install cleanplate[train]")
        return None
    return SummaryWriter(str(folder / CURVES), purge_step=done)


def _nothing(line: str) -> None:
    pass
