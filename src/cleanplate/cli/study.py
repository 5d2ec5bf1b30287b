"""``cleanplate study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.cli import options

if TYPE_CHECKING:
    from cleanplate.report.ranks import Line, Share


def study(
    answers: Annotated[
        list[Path], typer.Argument(help="What the study page saved: files, or folders of them.")
    ],
    csv: Annotated[Path | None, typer.Option(help="Also write the table to this file.")] = None,
    as_json: options.Json = False,
) -> None:
    """Put the ANSWERS of many people together: how often each method came first, second, third."""
    import dataclasses
    import json

    from cleanplate.io import refuse_same
    from cleanplate.report.answers import read_answers
    from cleanplate.report.ranks import ranks, write_csv

    found = read_answers(answers)
    options.warn(list(found.warnings))
    lines = ranks(found)
    if csv:
        for source in found.files:
            refuse_same(source, csv)
        write_csv(lines, csv)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(line) for line in lines]))
    else:
        typer.echo(study_words(lines))


def study_words(lines: list[Line]) -> str:
    """Draw the table of a study."""
    from cleanplate.errors import counted

    places = range(1, len(lines[0].shares) + 1)
    head = ["method", *(_ordinal(place) for place in places), "mean rank"]
    body = [[line.method, *map(_share, line.shares), f"{line.mean_rank:.2f}"] for line in lines]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    rows = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in [head, *body]]
    answered = counted(lines[0].answers, "answer")
    people = "one person" if lines[0].people == 1 else f"{lines[0].people} people"
    about = f"{answered} by {people}; shares of ranks, with 95 % confidence intervals."
    return "\n".join([*(row.rstrip() for row in rows), about])


def _ordinal(place: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(place, f"{place}th")


def _share(share: Share) -> str:
    low, high = round(100 * share.low), round(100 * share.high)
    return f"{100 * share.share:.0f} % ({low} to {high})"
