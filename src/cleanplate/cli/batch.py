"""``cleanplate batch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def batch(
    manifest: Annotated[
        Path, typer.Argument(help="CSV with names first, or JSON lines: video, mask, options.")
    ],
    out: Annotated[
        str, typer.Option("-o", "--out", help="Folder for the results, or its address.")
    ],
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Clips, or shots of one, at the same time; one by default."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Keep to so much memory, such as 4G: all clips together, on a cluster each."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster, HOST:PORT, whose workers see these files."),
    ] = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Fill every clip of MANIFEST; one that cannot be is named, and the rest goes on.

    Run again it goes on where it was stopped. Exit code 1 where a clip could not be filled.
    """
    import dataclasses
    import json
    import time

    from cleanplate.cli.words import batch_words, done_words
    from cleanplate.jobs.batch import Done, fill_batch
    from cleanplate.journal import finite
    from cleanplate.memory import keep_no_large_blocks

    keep_no_large_blocks()
    began = time.perf_counter()

    def tell(count: int, total: int, done: Done) -> None:
        if not (quiet or as_json):
            left = (time.perf_counter() - began) * (total - count) / count
            typer.echo(done_words(done, count, total, left))

    with options.stoppable(lambda: "the same command goes on from here"):
        results = fill_batch(
            manifest, out, processes=processes, memory=memory, cluster=cluster, progress=tell
        )
    if as_json:
        typer.echo(json.dumps(finite([dataclasses.asdict(done) for done in results])))
    else:
        failed = [done for done in results if done.error]
        if not quiet:
            typer.echo(batch_words(results, time.perf_counter() - began))
        for done in failed:
            typer.echo(f"{done.video} (line {done.line}): {done.error}", err=True)
    if any(done.error for done in results):
        raise typer.Exit(1)
