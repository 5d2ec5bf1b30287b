"""Options that several commands share, and what every command shows in the same way."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

Video = Annotated[Path, typer.Argument(help="The video: a file, or a folder of frames.")]
Mask = Annotated[
    str,
    typer.Argument(
        help="What to fill: a picture, a folder of pictures, a video (white = fill), "
        "or box:x,y,width,height."
    ),
]
InvertMask = Annotated[bool, typer.Option("--invert-mask", help="Black marks what to fill.")]
ObjectIndex = Annotated[
    int | None,
    typer.Option("--object", min=0, help="Of a palette mask, only the object of this index."),
]
GrowShadow = Annotated[
    bool,
    typer.Option(
        "--grow-shadow", help="Add the shadow that the object casts, where other frames tell it."
    ),
]
Device = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, or auto.")]
Sam2Weights = Annotated[
    Path | None,
    typer.Option("--weights", help="Of sam2: the folder with config.json and model.safetensors."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

STOPPED = 130  # what a shell expects of a program that Ctrl-C ended

Progress = Callable[[int, int | None], None]


@contextmanager
def stoppable(left: Callable[[], str]) -> Iterator[None]:
    """Say what is left when the user or the system stops what is inside, and end with its code."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        with suppress(OSError):  # the terminal may be gone
            print(f"Stopped; {left()}.", file=sys.stderr)
        sys.exit(stop.code if isinstance(stop, SystemExit) else STOPPED)


def names(text: str) -> list[str]:
    """Read comma-separated names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def size_of(text: str) -> tuple[int, int]:
    """Read HEIGHTxWIDTH; raises BadInput."""
    from cleanplate.errors import BadInput

    height, _, width = text.lower().partition("x")
    if not (height.isascii() and height.isdigit() and width.isascii() and width.isdigit()):
        raise BadInput(f"size {text!r} is none. Give HEIGHTxWIDTH, such as 240x432.")
    if not (int(height) and int(width)):
        raise BadInput(f"size {text!r} holds no pixel. Give HEIGHTxWIDTH, such as 240x432.")
    return int(height), int(width)


def shares_of(text: str) -> tuple[float, float]:
    """Read two shares, LOW-HIGH; raises BadInput."""
    from cleanplate.errors import BadInput

    low, _, high = text.partition("-")
    try:
        return float(low), float(high)
    except ValueError:
        raise BadInput(f"{text!r} are no two shares. Give LOW-HIGH, such as 0.6-1.") from None


@contextmanager
def progress_bar(*, quiet: bool, doing: str = "Filling") -> Iterator[Progress | None]:
    """Show a bar with the time left on stderr if that is a terminal; give what advances it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[said]}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None, said="")

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        with _heard(lambda said: bar.update(task, said=said)):
            yield advance


@contextmanager
def _heard(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell what the package logs of its progress, a line at a time, within the context."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    log, ear = logging.getLogger("cleanplate"), Ear()
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(ear)
    try:
        yield
    finally:
        log.removeHandler(ear)
        log.setLevel(before)


def warn(sentences: list[str], *, quiet: bool = False) -> None:
    """Print warnings on stderr, one a line."""
    if not quiet:
        for sentence in sentences:
            print(f"Warning: {sentence.rstrip('.')}.", file=sys.stderr)
