"""The report of a run: one page that opens offline, with tables, curves, players and slices."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cleanplate.errors import BadInput, BadOutput, counted
from cleanplate.inputs import digest
from cleanplate.io.place import write_text
from cleanplate.methods import BASELINES, METHODS
from cleanplate.report.html import as_script, assemble
from cleanplate.report.keep import FOLDER, read_scene, read_take
from cleanplate.report.protocol import FILES, PRESETS
from cleanplate.report.rows import NAME, Row, key, read_rows, table
from cleanplate.report.study import study_page
from cleanplate.report.tables import Line, csv_table, html_table, latex_table, measured, published

# What clips have in common that are shown under one choice.
RUN = ("dataset", "masks", "preset", "seed", "size", "frames_asked", "version")

FOOTER = (
    "Numbers of different rules must not be compared: frame size, holes, the window of SSIM and "
    "how one averages move them by more than methods differ. Papers' numbers are what they print; "
    "their warping errors follow another flow than ours."
)


def read_run(folder: str | Path, clips: Sequence[str] | None = None) -> list[Row]:
    """Return the rows of a run, the last of each piece of work; of some clips only if named.

    They come in an order that does not depend on which ended first. Raises BadInput where there
    are none.
    """
    rows = list({key(row): row for row in read_rows(Path(folder))}.values())
    rows.sort(key=_place)
    if not rows:
        raise BadInput(f"{folder} holds no rows of a run. Give what evaluate or compare wrote to.")
    known = sorted({row["clip"] for row in rows})
    unknown = [name for name in clips or () if name not in known]
    if unknown:
        raise BadInput(f"clip {unknown[0]!r} is not in the run. It has: {', '.join(known)}.")
    return [row for row in rows if not clips or row["clip"] in clips]


def _place(row: Row) -> tuple[Any, ...]:
    """Return what rows are sorted by: runs and clips by name, methods as the house lists them."""
    names = [*METHODS, *BASELINES]
    rank = names.index(row["method"]) if row["method"] in names else len(names)
    return (*map(str, key(row, RUN)), row["clip"], rank, row["method"], row["tune"])


def write_page(folder: str | Path, out: Path, *, clips: Sequence[str] | None = None) -> None:
    """Write the page of a run; it appears when it is complete. Raises BadInput, BadOutput."""
    _refuse_own(folder, out)
    write_text(out, report_page(folder, clips=clips))


def write_study(folder: str | Path, out: Path, *, clips: Sequence[str] | None = None) -> None:
    """Write the blind study of a run, as `write_page`."""
    groups = _groups(Path(folder), read_run(folder, clips))
    scenes = [
        {
            **clip,
            "name": clip["name"] if len(groups) == 1 else f"{clip['name']}, {group['title']}",
            "takes": [{**take, "name": take["label"]} for take in clip["takes"]],
        }
        for group in groups
        for clip in group["clips"]
        if "frames" in clip
    ]
    if not scenes:
        raise BadInput(f"{folder} has kept no pictures to be ranked. Run it again with a folder.")
    _refuse_own(folder, out)
    write_text(out, study_page(scenes))


def write_table(folder: str | Path, *, csv: Path | None = None, latex: Path | None = None) -> None:
    """Write the table of a run, the papers' lines behind it, as CSV and as LaTeX."""
    lines = _lines(read_run(folder))
    for out, text in ((csv, csv_table), (latex, latex_table)):
        if out is not None:
            _refuse_own(folder, out)
            write_text(out, text(lines))


def _refuse_own(folder: str | Path, out: Path) -> None:
    """Refuse to write over what the run itself holds; raises BadOutput."""
    place, run = out.resolve(), Path(folder).resolve()
    if place == run / NAME or run / FOLDER in place.parents:
        raise BadOutput(f"{out} is a part of the run itself. Give another name.")


def report_page(folder: str | Path, *, clips: Sequence[str] | None = None) -> str:
    """Return the page of a run as HTML.

    folder: what `evaluate` or `compare` wrote to. clips: those to show, all by default; the tables
    are of all. Raises BadInput.
    """
    every = read_run(folder)
    lines = _lines(every)
    name = Path(folder).resolve().name
    data = {
        "groups": _groups(Path(folder), read_run(folder, clips)),
        "csv": csv_table(lines),
        "latex": latex_table(lines),
    }
    counts = [
        counted(len(every), "result"),
        counted(len({row["clip"] for row in every}), "clip"),
        counted(len({row["method"] for row in every}), "method"),
    ]
    return assemble(
        "page.html",
        {
            "title": escape(f"Cleanplate: {name}"),
            "summary": ", ".join(counts),
            "table": html_table(lines),
            "footer": f"{FOOTER} Written by Cleanplate {version('cleanplate')}.",
            "data": as_script(data),
        },
    )


def _lines(rows: Sequence[Row]) -> list[Line]:
    """Return the lines of the table; the papers' stand beside what was scored against a truth."""
    scored = any(row["preset"] in PRESETS for row in rows)
    return [*measured(table(rows)), *(published() if scored else ())]


def _groups(folder: Path, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the clips under the runs they belong to, each with its takes."""
    runs: dict[Any, dict[str, list[Row]]] = {}
    for row in rows:
        runs.setdefault(key(row, RUN), {}).setdefault(row["clip"], []).append(row)
    return [
        {
            "title": _title(next(iter(clips.values()))[0]),
            "clips": [_clip(folder, name, takes) for name, takes in clips.items()],
        }
        for run, clips in runs.items()
    ]


def _title(row: Row) -> str:
    """Name a run by what may differ between two of them."""
    height, width = row["size"]
    first = f", first {row['frames_asked']} frames" if row["frames_asked"] else ""
    return (
        f"{Path(row['dataset']).name}, {Path(row['masks']).name}, {height}x{width}, "
        f"{row['preset']}, seed {row['seed']}{first} ({row['version']})"
    )


def _clip(folder: Path, name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the page holds of a clip; see assets/player.js."""
    kept = [row for row in rows if _is_kept(folder, row)]
    scene = read_scene(folder, kept[0]["shown"]["scene"]) if kept else {}
    first, shown = scene.get("first", 0), scene.get("frames", [])
    note = f"{rows[0]['frames']} frames, hole {100 * rows[0]['hole_share']:.1f} % of the picture."
    if not kept:
        note += " No pictures of it were kept."
    elif len(shown) < rows[0]["frames"]:
        note += f" Frames {first} to {first + len(shown) - 1} are shown."
    return {
        **scene,
        "id": digest(name),
        "name": name,
        "note": note,
        "scored": rows[0]["preset"] != FILES.name,
        "takes": [_take(folder, row, rows) for row in rows],
    }


def _is_kept(folder: Path, row: Row) -> bool:
    names = row.get("shown") or {}
    return bool(names) and all((folder / FOLDER / name).exists() for name in names.values())


def _take(folder: Path, row: Row, beside: Sequence[Row]) -> dict[str, Any]:
    """Return what the page holds of one row; tune and weights are named where they differ."""
    alike = [other for other in beside if other["method"] == row["method"]]
    told = [row["tune"]] if len({other["tune"] for other in alike}) > 1 else []
    if len({other["weights"] for other in alike}) > 1:
        told.append(f"weights {str(row['weights'])[:6]}")
    return {
        **(read_take(folder, row["shown"]["take"]) if _is_kept(folder, row) else {}),
        "id": digest(row["method"], row["tune"], row["weights"]),
        "label": f"{row['method']} ({', '.join(told)})" if told else row["method"],
        "curves": row["curves"],
    }
