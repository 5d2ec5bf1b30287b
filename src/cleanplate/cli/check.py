"""``cleanplate check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def check(
    video: options.Video,
    mask: options.Mask,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    grow: Annotated[
        int, typer.Option(min=0, help="So much would a fill grow the hole, to foresee it.")
    ] = 4,
    grow_shadow: options.GrowShadow = False,
    foresee: Annotated[
        bool, typer.Option(help="Tell how much of the hole other frames show: takes seconds.")
    ] = True,
    fix: Annotated[
        Path | None,
        typer.Option(help="Write the mask mended where that is safe: a new folder, or NAME.png."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Look at MASK beside VIDEO before filling: sizes, counts, polarity, noise, flicker, edges.

    The exit code is 1 if something looks wrong.
    """
    import dataclasses
    import json

    from cleanplate.cli.mask_words import foresight_words, report_words
    from cleanplate.foresight import Foresight
    from cleanplate.foresight import foresee as look_ahead
    from cleanplate.masks import MaskOptions, check_file
    from cleanplate.masks.mend import mend_file

    reading = MaskOptions(invert_mask, object_index)
    report = check_file(video, mask, options=reading)
    ahead = Foresight(None, 0)
    if foresee:
        wanted = dataclasses.replace(reading, grow=grow, shadow=grow_shadow)
        ahead = look_ahead(video, mask, options=wanted)
    mended = [] if fix is None else mend_file(video, mask, fix, options=reading)
    if as_json:
        told = {**dataclasses.asdict(report), "shown": ahead.shown, "mended": mended}
        typer.echo(json.dumps(told))
    else:
        typer.echo(report_words(report, str(video), mask))
        if ahead.shown is not None:
            typer.echo(foresight_words(ahead))
        if fix is not None:
            typer.echo(f"{fix}: {' '.join(mended) or 'nothing had to be mended.'}")
    if report.findings:
        raise typer.Exit(1)
