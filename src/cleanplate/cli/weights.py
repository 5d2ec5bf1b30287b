"""``cleanplate weights ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options

app = typer.Typer(
    help="Weights: published ones by name, and files of ours.",
    no_args_is_help=False,
    rich_markup_mode=None,
)


@app.callback()
def _family() -> None:
    """Tell of published weights that are known by name, and make and check files of ours."""


@app.command("list")
def show(as_json: options.Json = False) -> None:
    """Say which weights are known, their licence, checksum and address, and which are here."""
    import json

    from cleanplate import convert
    from cleanplate.cli.words import known_words
    from cleanplate.known import folder, listed

    known, official = listed(), convert.listed()
    if as_json:
        typer.echo(json.dumps({"known": known, "official": official}))
        return
    typer.echo(known_words(known, folder()))
    for line in official:
        typer.echo(
            f"For {line['method']} bring the official checkpoint ({line['source']}, licence "
            f"{line['licence']}) and turn it into a file of ours: "
            f"cleanplate weights convert --method {line['method']}."
        )


@app.command("convert")
def convert(
    checkpoint: Annotated[
        list[Path],
        typer.Argument(help="An official checkpoint, such as sttn.pth; of dfc one for each stage."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="The file of ours; NAME.safetensors beside it by default."
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="Whose weights they are.")] = "sttn",
    config: Annotated[str, typer.Option(help="How its network is built.")] = "paper",
    as_json: options.Json = False,
) -> None:
    """Turn an official CHECKPOINT into a file of ours; nothing in it is run."""
    import json

    from cleanplate.cli.words import weights_words
    from cleanplate.convert import convert as turn

    out = checkpoint[0].with_suffix(".safetensors") if out is None else out
    found = turn(checkpoint, out, method=method, config=config)
    typer.echo(json.dumps(found) if as_json else weights_words(found))


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A weights file of ours, .safetensors.")],
    as_json: options.Json = False,
) -> None:
    """Say whose weights FILE holds, their licence, size and checksum; refuse it if it is bad."""
    import json

    from cleanplate.cli.words import weights_words
    from cleanplate.convert import check as look

    found = look(file)
    typer.echo(json.dumps(found) if as_json else weights_words(found))
