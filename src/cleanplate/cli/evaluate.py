"""``cleanplate evaluate`` and ``cleanplate score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import options

Names = "Comma-separated names"
WeightFiles = Annotated[
    list[str] | None,
    typer.Option(
        help="METRIC=FILE or METHOD=FILE, for what needs weights, once for each; or METRIC=NAME of "
        "weights that are known and fetched, see weights list."
    ),
]


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="A data set: DAVIS, YouTube-VOS, a folder, ...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for rows.jsonl.")],
    methods: Annotated[str, typer.Option(help=f"{Names}; flow, telea, ...")] = "flow",
    masks: Annotated[
        str, typer.Option(help="A family of drawn holes, annotations, or a folder of masks.")
    ] = "stationary",
    preset: Annotated[str, typer.Option(help="Rules of comparison: house, e2fgvi.")] = "house",
    tune: Annotated[str, typer.Option(help="fidelity or removal.")] = "fidelity",
    seed: Annotated[int, typer.Option(min=0, help="Of the holes and of the methods.")] = 0,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH to score at.")] = "240x432",
    clips: Annotated[str | None, typer.Option(help=f"{Names}; all by default.")] = None,
    split: Annotated[str | None, typer.Option(help="A split of the data set.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="The first so many of a clip.")] = None,
    metrics: Annotated[str, typer.Option(help=Names)] = "psnr,ssim,psnr_hole,ssim_hole",
    weights: WeightFiles = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Clips at the same time.")] = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Fill every clip of DATASET with every method and score it; an interrupted run goes on."""
    import json

    from cleanplate.cli.words import row_words, table_words
    from cleanplate.journal import finite
    from cleanplate.report.evaluate import evaluate as run
    from cleanplate.report.rows import Row, table

    def tell(done: int, total: int, row: Row) -> None:
        if not quiet and not as_json:
            typer.echo(f"{done}/{total} {row_words(row)}")

    rows = run(
        dataset,
        methods=options.names(methods),
        masks=masks,
        out=out,
        preset=preset,
        tune=tune,
        seed=seed,
        size=options.size_of(size),
        clips=options.names(clips) if clips else None,
        split=split,
        frames=frames,
        metrics=options.names(metrics),
        weights=weight_files(weights, quiet=quiet),
        processes=processes,
        progress=tell,
    )
    lines = table(rows)
    told = {sentence for row in rows for sentence in [*row["warnings"], *row["missing"].values()]}
    told.update(sentence for line in lines for sentence in line["missing"].values())
    options.warn(sorted(told), quiet=quiet)
    typer.echo(json.dumps(finite(lines)) if as_json else table_words(lines))


def score(
    result: Annotated[Path, typer.Argument(help="What a fill made: a video or a folder.")],
    truth: Annotated[Path, typer.Argument(help="What it should be.")],
    mask: options.Mask,
    metrics: Annotated[str, typer.Option(help=Names)] = "psnr,ssim,psnr_hole,ssim_hole",
    weights: WeightFiles = None,
    invert_mask: options.InvertMask = False,
    object_index: options.ObjectIndex = None,
    as_json: options.Json = False,
) -> None:
    """Compare RESULT with TRUTH, as a whole and inside the hole that MASK marks."""
    import json

    from cleanplate.cli.words import score_words
    from cleanplate.errors import BadInput
    from cleanplate.journal import finite
    from cleanplate.report.files import score_files

    scores = score_files(
        result,
        truth,
        mask,
        metrics=options.names(metrics),
        weights=weight_files(weights),
        invert=invert_mask,
        object_index=object_index,
        warn=lambda sentence: options.warn([sentence]),
    )
    if not scores.values:
        raise BadInput(" ".join(scores.missing.values()))
    options.warn(list(scores.missing.values()))
    typer.echo(json.dumps(finite(scores.values)) if as_json else score_words(scores.values))


def weight_files(given: list[str] | None, *, quiet: bool = False) -> dict[str, tuple[str, ...]]:
    """Read METRIC=FILE and METHOD=FILE pairs, several for a metric of several files.

    Weights that are known by name are fetched where they are not here, and it is said from where.
    Raises BadInput.
    """
    from cleanplate.errors import BadInput
    from cleanplate.known import files_of

    names: dict[str, list[str]] = {}
    for text in given or []:
        name, equals, file = text.partition("=")
        if not equals or not name or not file:
            raise BadInput(f"weights {text!r} are not METRIC=FILE. Give such as lpips=alex.pth.")
        names.setdefault(name, []).append(file)

    def tell(sentence: str) -> None:
        if not quiet:
            typer.echo(sentence, err=True)

    return {name: files_of(name, files, tell=tell) for name, files in names.items()}
