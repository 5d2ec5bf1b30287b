"""``cleanplate unblend``."""

from __future__ import annotations

from typing import Annotated

import typer

from cleanplate.cli import options
from cleanplate.cli.fill import (
    Codec,
    Crf,
    ForWhat,
    Lossless,
    Method,
    Out,
    Preset,
    Seed,
    Set,
    Tune,
    Weights,
)


def unblend(
    video: options.Video,
    mask: options.Mask,
    out: Out,
    method: Method = "flow",
    tune: ForWhat = Tune.removal,
    grow: Annotated[int, typer.Option(min=0, help="Grow the mask by so many pixels.")] = 2,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    lossless: Lossless = False,
    weights: Weights = None,
    device: options.Device = "auto",
    change: Set = None,
    seed: Seed = 0,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Take the half-transparent overlay that MASK marks off VIDEO: what is behind it is restored.

    MASK is one still mask. What cannot be seen through it is filled, by METHOD.
    """
    import dataclasses
    import json

    from cleanplate.cli.mask_words import unblend_words
    from cleanplate.configs import pairs
    from cleanplate.io import Encoding
    from cleanplate.masks import MaskOptions
    from cleanplate.memory import keep_no_large_blocks
    from cleanplate.unblending import unblend_file

    keep_no_large_blocks()
    with options.progress_bar(quiet=quiet, doing="Un-blending") as progress:
        summary = unblend_file(
            video,
            mask,
            out,
            method=method,
            tune=tune.value,
            mask_options=MaskOptions(invert_mask, object_index, grow),
            encoding=Encoding(codec, crf, preset, lossless),
            weights=weights,
            device=device,
            options=pairs(change or []),
            seed=seed,
            progress=progress,
        )
    err = str(out) == "-"  # there pictures go to stdout
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary)), err=err)
    else:
        options.warn(summary.warnings, quiet=quiet)
        if not quiet:
            typer.echo(unblend_words(summary), err=err)
        for problem in summary.problems:
            typer.echo(f"Problem: {problem.rstrip('.')}.", err=True)
    if summary.problems:
        raise typer.Exit(1)
