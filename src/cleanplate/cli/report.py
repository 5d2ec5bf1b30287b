"""``cleanplate compare`` and ``cleanplate report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options
from cleanplate.cli.evaluate import weight_files
from cleanplate.cli.fill import Codec, Crf, ForWhat, Grow, Lossless, Preset, Seed, Tune

Page = Annotated[Path, typer.Option("-o", "--out", help="The page to write.")]


def compare(
    video: options.Video,
    mask: options.Mask,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results and their page.")],
    methods: Annotated[str, typer.Option(help="Comma-separated names.")] = "flow,telea",
    tune: ForWhat = Tune.removal,
    grow: Grow = 4,
    grow_shadow: options.GrowShadow = False,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    lossless: Lossless = False,
    weights: Annotated[
        list[str] | None, typer.Option(help="METHOD=FILE, for a method that needs weights.")
    ] = None,
    seed: Seed = 0,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Fill VIDEO with several methods and write a page that shows them beside each other."""
    import json

    from cleanplate.cli.words import row_words
    from cleanplate.io import Encoding
    from cleanplate.journal import finite
    from cleanplate.masks import MaskOptions
    from cleanplate.memory import keep_no_large_blocks
    from cleanplate.report.compare import compare as run
    from cleanplate.report.page import write_page

    keep_no_large_blocks()
    with options.progress_bar(quiet=quiet) as progress:
        rows = run(
            video,
            mask,
            out,
            methods=options.names(methods),
            tune=tune.value,
            mask_options=MaskOptions(invert_mask, object_index, grow, grow_shadow),
            encoding=Encoding(codec, crf, preset, lossless),
            weights={name: files[0] for name, files in weight_files(weights).items()},
            seed=seed,
            progress=progress,
        )
    write_page(out, out / "page.html")
    told = {sentence for row in rows for sentence in row["warnings"]}
    options.warn(sorted(told), quiet=quiet)
    if as_json:
        typer.echo(json.dumps(finite(rows)))
    elif not quiet:
        for row in rows:
            typer.echo(f"{out / row['output']}: {row_words(row)}")
        typer.echo(f"The page that shows them: {out / 'page.html'}")


def report(
    run: Annotated[Path, typer.Argument(help="What evaluate or compare wrote to.")],
    out: Page,
    clips: Annotated[str | None, typer.Option(help="Comma-separated names; all if none.")] = None,
    study: Annotated[
        bool, typer.Option("--study", help="Write a blind study for others to rank instead.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the table as CSV, too.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Write the table as LaTeX, too.")] = None,
) -> None:
    """Write a page that shows a run: tables, curves, players; it opens offline."""
    from cleanplate.errors import BadOutput
    from cleanplate.report.page import write_page, write_study, write_table

    chosen = options.names(clips) if clips else None
    places = [place.resolve() for place in (out, csv, latex) if place]
    if len(set(places)) < len(places):
        raise BadOutput("two results would have the same name. Give each its own.")
    if study:
        write_study(run, out, clips=chosen)
    else:
        write_page(run, out, clips=chosen)
    write_table(run, csv=csv, latex=latex)
    typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB, opens in any browser")
