"""``cleanplate mask ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import find, options

app = typer.Typer(help="Make and change masks.", no_args_is_help=False, rich_markup_mode=None)


@app.callback()
def _family() -> None:
    """Make and change masks."""


app.command("find-static")(find.static)
app.command("find-subtitles")(find.subtitles)


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
    from cleanplate.errors import counted
    from cleanplate.masks import MaskOptions
    from cleanplate.masks.write import grow_masks

    settings = MaskOptions(invert_mask, object_index, pixels)
    count, warnings = grow_masks(mask, out, options=settings)
    options.warn(warnings, quiet=quiet)
    if not quiet:
        typer.echo(f"{out}: {counted(count, 'mask')} grown by {counted(pixels, 'pixel')}.")


@app.command("draw")
def draw(
    family: Annotated[
        str,
        typer.Argument(
            help="What to draw: stationary, moving, object_like, object_like_middle, curve, fixed, "
            "or shuffled."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    frames: Annotated[int | None, typer.Option(help="How many masks.")] = None,
    size: Annotated[
        str | None, typer.Option(help="Of a mask: HxW in pixels, height first, as in 240x432.")
    ] = None,
    like: Annotated[
        Path | None, typer.Option(help="Take the frames and the size of this video instead.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same masks.")] = 0,
    area: Annotated[
        int | None,
        typer.Option(
            help="Of object_like and curve: per cent of the picture to cover, within 5: one of 5, "
            "15, ..., 95; 35 by default."
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help="Of shuffled: a folder that has a folder of masks for every clip."),
    ] = None,
    clip: Annotated[
        str | None, typer.Option(help="Of shuffled: the clip that the masks are for, by name.")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Draw test masks as the papers do and write them as numbered PNG, white = fill."""
    from cleanplate.errors import counted
    from cleanplate.masks.draw.files import draw_masks

    count, warnings = draw_masks(
        family,
        out,
        frames=frames,
        size=size,
        like=like,
        seed=seed,
        area=area,
        annotations=annotations,
        clip=clip,
    )
    options.warn(warnings, quiet=quiet)
    if not quiet:
        typer.echo(f"{out}: {counted(count, 'mask')} drawn, {family}, seed {seed}.")
