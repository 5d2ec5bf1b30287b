"""``cleanplate fill``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cleanplate.cli import options

if TYPE_CHECKING:
    from cleanplate.summary import Summary


class Tune(StrEnum):
    """What a fill is for."""

    removal = "removal"
    fidelity = "fidelity"


Video = Annotated[
    str, typer.Argument(help="The video: a file, a folder of frames, or an address, such as s3://.")
]
Out = Annotated[
    str,
    typer.Option(
        "-o",
        "--out",
        help="What to write: a video, by its extension, without one a folder of pictures, an "
        "address, or - for stdout.",
    ),
]
Method = Annotated[str, typer.Option(help="How to fill.")]
ForWhat = Annotated[
    Tune, typer.Option(help="Look right after a removal, or be close to the truth.")
]
Propagation = Annotated[
    str | None,
    typer.Option(
        help="Of flow: traced, each colour sampled once, or published, from frame to frame."
    ),
]
Grow = Annotated[int, typer.Option(min=0, help="Grow the hole by so many pixels.")]
GrowOrNot = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Grow the hole by so many pixels, 4 by default; of --track, instead of generously.",
    ),
]
Codec = Annotated[str | None, typer.Option(help="Encoder; by default like the video.")]
Crf = Annotated[float | None, typer.Option(help="Quality; lower is better and larger.")]
Preset = Annotated[str | None, typer.Option(help="Speed of the encoder, such as fast or slow.")]
Lossless = Annotated[bool, typer.Option("--lossless", help="Lose nothing by encoding.")]
Provenance = Annotated[
    Path | None, typer.Option(help="New folder for pictures of where every pixel came from.")
]
Attention = Annotated[
    Path | None,
    typer.Option(
        help="New folder for pictures of what the holes of some frames attend to, by sttn."
    ),
]
Validity = Annotated[
    Path | None,
    typer.Option(help="New folder for pictures of the flow, and of where it is trusted, by tsam."),
]
Features = Annotated[
    Path | None,
    typer.Option(help="New folder for pictures of how some frames see others, by taan."),
]
Plate = Annotated[
    Path | None,
    typer.Option(help="The fill alone, with alpha: a new folder, or .mov (ProRes), .mkv (FFV1)."),
]
From = Annotated[
    str | None,
    typer.Option("--from", help="Fill from here on: a frame (250), or a time (12.5s, 1:05)."),
]
To = Annotated[str | None, typer.Option("--to", help="Fill up to here, as --from.")]
Memory = Annotated[
    str | None,
    typer.Option(help="Keep to so much memory, such as 2G; where that cannot be, say so."),
]
Planned = Annotated[
    bool,
    typer.Option("--plan", help="Say what would be done, how long and in what memory; do nothing."),
]
CopyUntouched = Annotated[
    bool,
    typer.Option(
        "--copy-untouched",
        help="Copy groups of pictures without a hole, where codec and container allow.",
    ),
]
Weights = Annotated[Path | None, typer.Option(help="Weights, for a method that has some.")]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Of a network that has learned: fp32, bf16, or auto: bf16 where the machine has it."
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile a network that has learned first: takes a while, gains little on a CPU.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(help="Of internal: how long a network may be fitted, such as 90s, 3m or 1h."),
]
Prior = Annotated[
    str | None,
    typer.Option(help="Of internal: begin with what flow makes of the hole, or with none."),
]
Checkpoints = Annotated[
    Path | None,
    typer.Option(help="Of internal: folder from which a fit that was stopped goes on."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="KEY=VALUE, an option of the method's own, such as stride=10."),
]
Track = Annotated[
    bool,
    typer.Option("--track", help="MASK is of one frame, such as first.png@0: follow the object."),
]
TrackBy = Annotated[
    str,
    typer.Option(
        "--tracker",
        help="Of --track: flow, internal, a network fitted to the mask, or sam2.",
    ),
]
TrackerWeights = Annotated[
    Path | None,
    typer.Option(help="Of --tracker sam2: folder with config.json and model.safetensors."),
]
Fix = Annotated[
    list[str] | None,
    typer.Option(help="Of --track: a right mask of another frame, such as fix.png@25."),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same pixels.")]


def fill(
    video: Video,
    mask: options.Mask,
    out: Out,
    track: Track = False,
    tracker: TrackBy = "flow",
    tracker_weights: TrackerWeights = None,
    fix: Fix = None,
    method: Method = "flow",
    tune: ForWhat = Tune.removal,
    propagation: Propagation = None,
    grow: GrowOrNot = None,
    grow_shadow: options.GrowShadow = False,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    lossless: Lossless = False,
    provenance: Provenance = None,
    attention: Attention = None,
    validity: Validity = None,
    features: Features = None,
    plate: Plate = None,
    start: From = None,
    stop: To = None,
    memory: Memory = None,
    plan: Planned = False,
    copy_untouched: CopyUntouched = False,
    weights: Weights = None,
    device: options.Device = "auto",
    precision: Precision = None,
    compile: Compile = False,
    prior: Prior = None,
    budget: Budget = None,
    checkpoints: Checkpoints = None,
    change: Set = None,
    seed: Seed = 0,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Fill the hole in VIDEO that MASK marks; sound, timing and everything outside stay."""
    from cleanplate.configs import pairs
    from cleanplate.errors import BadInput
    from cleanplate.io import Encoding
    from cleanplate.io.near import near_of
    from cleanplate.masks import MaskOptions
    from cleanplate.masks.generous import AUTO
    from cleanplate.memory import keep_no_large_blocks
    from cleanplate.span import Span, moment_of
    from cleanplate.store import folder_of
    from cleanplate.tracking import tracker_for_fills

    keep_no_large_blocks()
    more: dict[str, object] = pairs(change or [])
    for name, value in (
        ("propagation", propagation), ("precision", precision), ("prior", prior),
        ("budget", budget), ("checkpoints", checkpoints),
    ):  # fmt: skip
        if value is not None:
            more[name] = value
    if compile:
        more["compile"] = True
    span = Span(*(None if text is None else moment_of(text) for text in (start, stop)))

    def left() -> str:
        kept = folder_of(Path(near_of(out))).is_dir()
        return "the same command goes on from here" if kept else "nothing half-written is left"

    if not track and (tracker_weights is not None or tracker != "flow"):
        raise BadInput(f"tracker {tracker} follows nothing without --track. Add --track.")
    common: dict[str, Any] = {
        "track": track,
        "growth": AUTO if grow is None else grow,
        "tracker": tracker_for_fills(tracker, weights=tracker_weights, device=device),
        "method": method,
        "tune": tune.value,
        "mask_options": MaskOptions(
            invert_mask, object_index, 4 if grow is None else grow, grow_shadow
        ),
        "encoding": Encoding(codec, crf, preset, lossless),
        "span": span,
        "memory": memory,
        "weights": weights,
        "device": device,
        "options": more,
        "seed": seed,
    }
    given = [mask, *(fix or [])] if track or fix else mask
    if plan:
        _tell_plan(video, given, out, common, quiet=quiet, as_json=as_json)
        return
    from cleanplate.pipeline import fill_file

    with options.stoppable(left), options.progress_bar(quiet=quiet) as progress:
        summary = fill_file(
            video,
            given,
            out,
            **common,
            copy_untouched=copy_untouched,
            provenance=provenance,
            attention=attention,
            validity=validity,
            features=features,
            plate=plate,
            progress=progress,
        )
    folders = {
        "provenance": provenance,
        "attention": attention,
        "validity": validity,
        "features": features,
        "plate": plate,
    }
    _tell(summary, folders, quiet=quiet, as_json=as_json, err=out == "-")
    if summary.problems:
        raise typer.Exit(1)


def _tell_plan(
    video: str,
    mask: str | list[str],
    out: str,
    told: dict[str, Any],
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Say what would be done: one JSON object, or words."""
    import dataclasses
    import json

    from cleanplate.cli.words import plan_words
    from cleanplate.io import shown_as
    from cleanplate.jobs.plan import plan_file

    nothing = "nothing was done"
    with (
        options.stoppable(lambda: nothing),
        options.progress_bar(quiet=quiet, doing="Looking") as progress,
    ):
        plan = plan_file(video, mask, out, **told, progress=progress)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(plan)))
        return
    options.warn(plan.warnings, quiet=quiet)
    typer.echo(plan_words(plan, shown_as(video)))


def _tell(
    summary: Summary,
    folders: dict[str, Path | None],
    *,
    quiet: bool,
    as_json: bool,
    err: bool,
) -> None:
    """Say what was done, and what the folders show: one JSON object, or words.

    err: on stderr, where pictures go to stdout.
    """
    import dataclasses
    import json

    from cleanplate.cli.words import folder_words, summary_words

    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary)), err=err)
        return
    options.warn(summary.warnings, quiet=quiet)
    if not quiet:
        typer.echo(summary_words(summary), err=err)
        for what, folder in folders.items():
            if folder:
                typer.echo(folder_words(what, str(folder)), err=err)
    for problem in summary.problems:
        typer.echo(f"Problem: {problem.rstrip('.')}.", err=True)
