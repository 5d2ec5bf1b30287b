"""``cleanplate train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options


def train(
    method: Annotated[str, typer.Argument(help="sttn, tsam, taan, completion, fusion or dfc.")],
    dataset: Annotated[Path, typer.Argument(help="A data set: DAVIS, YouTube-VOS, a folder, ...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the run.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="In all.")] = None,
    config: Annotated[
        str | None, typer.Option(help="A preset: paper (default), small, tiny, ...")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="A TOML file that differs from it.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, such as batch=4 or network.size=[144,240]."),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights of ours to begin with.")] = None,
    split: Annotated[str | None, typer.Option(help="A split of the data set.")] = None,
    quiet: options.Quiet = False,
) -> None:
    """Train METHOD on the clips of DATASET; under torchrun, with several processes.

    RUN/weights.safetensors is for fill --weights. A run that was stopped, however it was, goes on
    with --resume as if it had not.
    """
    from cleanplate.learn import train as run
    from cleanplate.training.settings import from_pairs, read_settings

    tables = read_settings(settings) if settings else {}
    for table, values in from_pairs(change or []).items():
        tables[table] = {**tables.get(table, {}), **values}

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(line, err=line.startswith("warning"))

    def left() -> str:
        kept = any((out / "checkpoints").glob("*.pt"))
        return "--resume goes on from the last checkpoint" if kept else "nothing was kept yet"

    with options.stoppable(left):
        run(
            method,
            data=dataset,
            out=out,
            steps=steps,
            config=config,
            settings=tables,
            weights=weights,
            split=split,
            resume=resume,
            progress=tell,
            bar=not quiet,
        )
