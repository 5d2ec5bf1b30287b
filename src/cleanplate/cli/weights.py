"""``cleanplate weights ...``."""

from __future__ import annotations

import typer

from cleanplate.cli import options

app = typer.Typer(
    help="Published weights that are known by name.", no_args_is_help=False, rich_markup_mode=None
)


@app.callback()
def _family() -> None:
    """Tell of published weights that are known by name."""


@app.command("list")
def show(as_json: options.Json = False) -> None:
    """Say which weights are known, their licence, checksum and address, and which are here."""
    import json

    from cleanplate.cli.words import known_words
    from cleanplate.known import folder, listed

    lines = listed()
    typer.echo(json.dumps(lines) if as_json else known_words(lines, folder()))
