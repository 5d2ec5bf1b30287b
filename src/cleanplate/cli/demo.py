"""``cleanplate demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")] = Path(
        "demo"
    ),
    quiet: options.Quiet = False,
) -> None:
    """Make a clip whose truth is known, remove an object from it, and say how well it went."""
    from cleanplate.cli.words import summary_words
    from cleanplate.report.demo import make_demo

    with options.progress_bar(quiet=quiet) as progress:
        result = make_demo(out, progress=progress)
    options.warn(result.summary.warnings, quiet=quiet)
    if not quiet:
        typer.echo(summary_words(result.summary))
        typer.echo(
            f"Inside the hole, against the truth: PSNR {result.psnr:.2f} dB, "
            f"SSIM {result.ssim:.3f}."
        )
        typer.echo(f"Look at {result.picture}.")
    if result.summary.problems:
        raise typer.Exit(1)
