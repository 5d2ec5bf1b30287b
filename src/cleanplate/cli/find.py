"""``cleanplate mask find-...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def static(
    video: options.Video,
    out: Annotated[Path, typer.Option("-o", "--out", help="NAME.png.")],
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find what does not move with the scene of VIDEO (logos, burnt-in text) and write its mask.

    The exit code is 1 if there is nothing, 2 if the scene stands still, so that nobody can tell.
    """
    import json

    from cleanplate.cli.mask_words import overlay_words
    from cleanplate.masks.static import describe, find_static_file

    overlay = find_static_file(video, out)
    if as_json:
        typer.echo(json.dumps(describe(overlay)))
    else:
        options.warn(overlay.warnings, quiet=quiet)
        if not quiet:
            typer.echo(overlay_words(overlay, str(out)))
    if not overlay.patches:
        raise typer.Exit(1)


def subtitles(
    video: options.Video,
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    band: Annotated[
        str,
        typer.Option(help="Look between these shares of the height, from above, as in 0.6-1."),
    ] = "0-1",
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find lines of text that come and go in VIDEO and write a mask for every frame.

    The exit code is 1 if there are none: then nothing is written.
    """
    import dataclasses
    import json

    from cleanplate.cli.mask_words import subtitle_words
    from cleanplate.masks.subtitles import find_subtitles_file

    with options.progress_bar(quiet=quiet, doing="Looking") as progress:
        found = find_subtitles_file(video, out, band=options.shares_of(band), progress=progress)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found)))
    else:
        options.warn(found.warnings, quiet=quiet)
        if not quiet:
            typer.echo(subtitle_words(found, str(out)))
    if not found.lines:
        raise typer.Exit(1)
