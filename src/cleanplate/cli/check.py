"""``cleanplate check``."""

from __future__ import annotations

import typer

from cleanplate.cli import options


def check(
    video: options.Video,
    mask: options.Mask,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    as_json: options.Json = False,
) -> None:
    """Look at MASK beside VIDEO before filling: sizes, counts, polarity, noise, flicker.

    The exit code is 1 if something looks wrong.
    """
    import dataclasses
    import json

    from cleanplate.cli.words import report_words
    from cleanplate.masks import MaskOptions, check_file

    report = check_file(video, mask, options=MaskOptions(invert_mask, object_index))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(report)))
    else:
        typer.echo(report_words(report, str(video), mask))
    if report.findings:
        raise typer.Exit(1)
