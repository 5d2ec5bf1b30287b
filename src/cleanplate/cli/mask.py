"""``cleanplate mask ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options

app = typer.Typer(help="Make and change masks.", no_args_is_help=False, rich_markup_mode=None)


@app.callback()
def _family() -> None:
    """Make and change masks."""


@app.command("grow")
def grow(
    mask: Annotated[
        Path, typer.Argument(help="A picture, a folder of pictures, or a video; white = fill.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="NAME.png, or a folder.")],
    pixels: Annotated[int, typer.Option(min=0, help="Grow the hole by so many pixels.")],
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    quiet: options.Quiet = False,
) -> None:
    """Grow the hole of MASK and write it as PNG: one picture, or a folder of them."""
    from cleanplate.cli.words import counted
    from cleanplate.masks import MaskOptions
    from cleanplate.masks.write import grow_masks

    settings = MaskOptions(invert_mask, object_index, pixels)
    count, warnings = grow_masks(mask, out, options=settings)
    options.warn(warnings, quiet=quiet)
    if not quiet:
        typer.echo(f"{out}: {counted(count, 'mask')} grown by {counted(pixels, 'pixel')}.")
