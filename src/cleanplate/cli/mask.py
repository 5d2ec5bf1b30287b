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


@app.command("grow-shadow")
def grow_shadow(
    video: options.Video,
    mask: options.Mask,
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Add to MASK the shadow that its object casts in VIDEO, where other frames tell it."""
    import dataclasses
    import json

    from cleanplate.cli.mask_words import shadow_words
    from cleanplate.masks import MaskOptions
    from cleanplate.masks.shadow_file import grow_shadow_file

    reading = MaskOptions(invert_mask, object_index)
    with options.progress_bar(quiet=quiet, doing="Looking") as progress:
        summary = grow_shadow_file(video, mask, out, mask_options=reading, progress=progress)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary)))
    else:
        options.warn(summary.warnings, quiet=quiet)
        if not quiet:
            typer.echo(shadow_words(summary))
        for problem in summary.problems:
            typer.echo(f"Problem: {problem.rstrip('.')}.", err=True)
    if summary.problems:
        raise typer.Exit(1)


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


@app.command("track")
def track(
    video: options.Video,
    masks: Annotated[
        list[str],
        typer.Argument(
            help="The object: a picture or box:x,y,width,height of frame 0, or of another: "
            "fix.png@25. Several correct each other."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    grow: Annotated[
        str,
        typer.Option(help="Pixels, or auto: by half of its area, more where it is unsure."),
    ] = "auto",
    grow_shadow: options.GrowShadow = False,
    method: Annotated[
        str,
        typer.Option(
            help="flow, from frame to frame; internal, a network fitted to the mask; or sam2, by "
            "weights of yours."
        ),
    ] = "flow",
    weights: options.Sam2Weights = None,
    device: options.Device = "auto",
    budget: Annotated[
        str | None,
        typer.Option(help="Of internal: how long it is fitted, such as 90s or 3m; 2m by default."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, an option of the method's own, such as steps=2000."),
    ] = None,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Follow the object of one frame's mask through VIDEO; write PNG masks, white = fill."""
    import dataclasses
    import json

    from cleanplate.asked import refuse_named
    from cleanplate.cli.mask_words import track_words
    from cleanplate.configs import pairs
    from cleanplate.masks import MaskOptions
    from cleanplate.masks.generous import growth_of
    from cleanplate.masks.track_file import track_file
    from cleanplate.memory import keep_no_large_blocks
    from cleanplate.tracking import load_tracker

    keep_no_large_blocks()
    more = pairs(change or []) | ({} if budget is None else {"budget": budget})
    refuse_named({"weights": weights, "device": device}, more)
    tracker = load_tracker(method, weights=weights, device=device, **more)
    with options.progress_bar(quiet=quiet, doing="Following") as progress:
        summary = track_file(
            video,
            masks,
            out,
            grow=growth_of(grow),
            mask_options=MaskOptions(invert_mask, object_index, shadow=grow_shadow),
            tracker=tracker,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary)))
    else:
        options.warn(summary.warnings, quiet=quiet)
        if not quiet:
            typer.echo(track_words(summary))
        for problem in summary.problems:
            typer.echo(f"Problem: {problem.rstrip('.')}.", err=True)
    if summary.problems:
        raise typer.Exit(1)


@app.command("select")
def select(
    video: options.Video,
    out: Annotated[Path, typer.Option("-o", "--out", help="NAME.png")],
    box: Annotated[
        str | None, typer.Option(help="x,y,width,height: the object is inside, all of it.")
    ] = None,
    inside: Annotated[
        list[str] | None, typer.Option(help="x,y on the object; may be given several times.")
    ] = None,
    outside: Annotated[
        list[str] | None, typer.Option(help="x,y beside the object; may be given several times.")
    ] = None,
    scribble: Annotated[
        Path | None,
        typer.Option(help="A picture: white on the object, black beside it, grey elsewhere."),
    ] = None,
    frame: Annotated[int, typer.Option(min=0, help="Of the video, from 0.")] = 0,
    method: Annotated[
        str,
        typer.Option(
            help="cues: colours, edges, and what moves; or sam2, by weights of yours, without "
            "scribbles."
        ),
    ] = "cues",
    weights: options.Sam2Weights = None,
    device: options.Device = "auto",
    quiet: options.Quiet = False,
) -> None:
    """Make the mask of an object in one frame of VIDEO from a box, clicks or a scribble."""
    from cleanplate.cli.words import percent
    from cleanplate.masks.select_file import numbers_of, select_file
    from cleanplate.tracking import load_selector

    hole = select_file(
        video,
        out,
        box=None if box is None else numbers_of(box, 4),
        inside=[numbers_of(point, 2) for point in inside or []],
        outside=[numbers_of(point, 2) for point in outside or []],
        scribble=scribble,
        frame=frame,
        selector=load_selector(method, weights=weights, device=device),
    )
    if not quiet:
        share = percent(float(hole.mean()))
        typer.echo(f"{out}: the object is {share} of frame {frame}. Track it as {out}@{frame}.")
