"""``cleanplate flow``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def flow(
    video: options.Video,
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    mask: Annotated[
        str | None,
        typer.Option(
            help="Complete the flow in this hole: a picture, a folder of pictures, a video, or "
            "box:x,y,width,height."
        ),
    ] = None,
    grow: Annotated[int, typer.Option(min=0, help="Grow the hole by so many pixels.")] = 4,
    grow_shadow: options.GrowShadow = False,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    estimator: Annotated[str, typer.Option(help="dis, or raft, a network.")] = "dis",
    weights: Annotated[Path | None, typer.Option(help="Of raft: a file of ours.")] = None,
    device: Annotated[str, typer.Option(help="Of raft: cpu, cuda, or auto.")] = "auto",
    completion: Annotated[
        str,
        typer.Option(
            help="In the hole: smooth; learned or dfc, networks; auto: learned if it can."
        ),
    ] = "auto",
    completion_weights: Annotated[
        Path | None, typer.Option(help="Of learned and dfc: a file of ours.")
    ] = None,
    completion_pixels: Annotated[
        int | None, typer.Option(min=1, help="Of dfc: complete at most so many pixels at once.")
    ] = None,
    completion_device: Annotated[str, typer.Option(help="Of dfc: cpu, cuda, or auto.")] = "auto",
    pixels: Annotated[
        int | None,
        typer.Option(min=1, help="Find flow on pictures of at most so many pixels; 854x480."),
    ] = None,
    largest: Annotated[
        float | None,
        typer.Option(help="Draw this length in full colour, in pixels; by default the clip's."),
    ] = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Write the optical flow of VIDEO, both ways: as .flo files, and as colour pictures."""
    import dataclasses
    import json

    from cleanplate.cli.words import flow_words
    from cleanplate.masks import MaskOptions
    from cleanplate.memory import keep_no_large_blocks
    from cleanplate.motion import MOST_PIXELS, flow_file

    keep_no_large_blocks()
    with options.progress_bar(quiet=quiet, doing="Finding flow") as progress:
        summary = flow_file(
            video,
            out,
            mask=mask,
            mask_options=MaskOptions(invert_mask, object_index, grow, grow_shadow),
            estimator=estimator,
            weights=weights,
            device=device,
            completion=completion,
            completion_weights=completion_weights,
            completion_pixels=completion_pixels,
            completion_device=completion_device,
            most_pixels=MOST_PIXELS if pixels is None else pixels,
            largest=largest,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary)))
    else:
        options.warn(summary.warnings, quiet=quiet)
        if not quiet:
            typer.echo(flow_words(summary))
        for problem in summary.problems:
            typer.echo(f"Problem: {problem.rstrip('.')}.", err=True)
    if summary.problems:
        raise typer.Exit(1)
