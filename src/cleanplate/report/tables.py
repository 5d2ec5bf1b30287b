"""The table of results as a web page, CSV and LaTeX show it: ours, and the papers' beside them.

Lines are grouped by the rules that they were measured under, and only lines of one group are ever
compared.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import PurePath

from cleanplate.inputs import digest
from cleanplate.metrics import METRICS
from cleanplate.report.protocol import FILES
from cleanplate.report.published import PROTOCOLS, PUBLISHED
from cleanplate.report.rows import Row
from cleanplate.summary import SHARES

DIGITS = {"psnr": 2, "psnr_hole": 2, "warping_error": 5, "warping_error_tsam": 5}
NAMED = 12  # clips that a table names; more are counted


@dataclass(frozen=True)
class Line:
    """One line: what was measured, and under which rules.

    rules: lines of the same rules may be compared; about: what they are, in words. source: who
    measured. name: the method. scores: by metric. seconds: a frame took, None where unknown.
    """

    rules: str
    about: str
    source: str
    name: str
    scores: dict[str, float]
    seconds: float | None = None


def measured(table: Iterable[Row]) -> list[Line]:
    """Return the lines of our own table."""
    return [
        Line(
            f"{PurePath(row['dataset']).name}, {_masks(row)}, {row['size'][0]}x{row['size'][1]}",
            f"{_how(row)}; seed {row['seed']}, {_clips(row)}",
            f"cleanplate {row['version']}",
            f"{row['method']} ({row['tune']}{_weights(row)})",
            {name: float(value) for name, value in row["scores"].items()},
            float(row["seconds_per_frame"]),
        )
        for row in table
    ]


def published() -> list[Line]:
    """Return the papers' own lines, those of one protocol together."""
    lines = [
        Line(
            f"{row.dataset}, {row.holes}",
            f"printed in papers, protocol {row.protocol}: {PROTOCOLS[row.protocol]}",
            row.paper,
            row.method,
            dict(row.scores),
        )
        for row in PUBLISHED
    ]
    return sorted(lines, key=lambda line: (line.about, line.rules))


def html_table(lines: Sequence[Line]) -> str:
    """Return the table as HTML; the best of each group of rules is marked."""
    names = _columns(lines)
    head = "".join(f"<th scope=col>{escape(_title(name))}</th>" for name in names)
    timed = any(line.seconds is not None for line in lines)
    time = "<th scope=col>s a frame</th>" if timed else ""
    wide = len(names) + 2 + timed
    body = []
    for group in _groups(lines):
        first = group[0]
        kind = " class=papers" if first.seconds is None else ""
        body.append(f"<tbody{kind}>")
        told = f"{escape(first.rules)}<small>{escape(first.about)}</small>"
        body.append(f"<tr><th class=rules scope=rowgroup colspan={wide}>{told}</th></tr>")
        best = {name: _best(name, group) for name in names}
        for line in group:
            cells = "".join(_cell(line, name, best[name]) for name in names)
            took = "" if not timed else f"<td>{_number(line.seconds, 3)}</td>"
            source = f"<td class=text><small>{escape(line.source)}</small></td>"
            body.append(f"<tr><td>{escape(line.name)}</td>{source}{cells}{took}</tr>")
        body.append("</tbody>")
    return (
        "<div class=scroll><table><thead><tr><th scope=col>method</th>"
        f"<th class=text scope=col>source</th>{head}{time}</tr></thead>"
        f"{''.join(body)}</table></div>"
    )


def csv_table(lines: Sequence[Line]) -> str:
    """Return the table as CSV, every line with its rules."""
    names = _columns(lines)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["rules", "about", "source", "method", *names, "seconds_per_frame"])
    for line in lines:
        scores = [_number(line.scores.get(name), 6) for name in names]
        told = [line.rules, line.about, line.source, line.name]
        writer.writerow([*map(_inert, told), *scores, _number(line.seconds, 6)])
    return text.getvalue()


def latex_table(lines: Sequence[Line]) -> str:
    """Return the table as LaTeX for the package booktabs."""
    names = _columns(lines)
    wide = 2 + len(names)
    rows = []
    for group in _groups(lines):
        told = f"\\textit{{{_tex(group[0].rules)}}}: {_tex(group[0].about)}"
        rows.append(f"\\midrule\n\\multicolumn{{{wide}}}{{p{{\\linewidth}}}}{{{told}}} \\\\")
        best = {name: _best(name, group) for name in names}
        for line in group:
            cells = []
            for name in names:
                number = _number(line.scores.get(name), DIGITS.get(name, 4))
                strong = number and line.scores[name] == best[name]
                cells.append(f"\\textbf{{{number}}}" if strong else number)
            rows.append(" & ".join([_tex(line.name), _tex(line.source), *cells]) + " \\\\")
    head = " & ".join(["Method", "Source", *(_tex(_title(name)) for name in names)])
    return "\n".join(
        [f"\\begin{{tabular}}{{ll{'r' * len(names)}}}", "\\toprule", f"{head} \\\\", *rows,
         "\\bottomrule", "\\end{tabular}", ""]
    )  # fmt: skip


def _clips(row: Row) -> str:
    """Name the clips, so that lines of different ones are not taken for comparable."""
    names, first = row["clips"], row["frames_asked"]
    told = ", ".join(names) if len(names) <= NAMED else f"{len(names)} clips [{digest(names)[:6]}]"
    return f"{told}; {row['frames']} frames" + (f", the first {first} of each" if first else "")


def _how(row: Row) -> str:
    if row["preset"] == FILES.name:
        return "filled from file to file, no truth"
    return f"measured here by the preset {row['preset']}"


def _weights(row: Row) -> str:
    return f", weights {row['weights'][:6]}" if row["weights"] else ""


def _masks(row: Row) -> str:
    masks = str(row["masks"])
    return PurePath(masks).name if "/" in masks else masks


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.rules, line.about), []).append(line)
    return list(groups.values())


def _columns(lines: Sequence[Line]) -> list[str]:
    """Return the scores that any line has, in the house's order."""
    there = {name for line in lines for name in line.scores}
    return [name for name in [*METRICS, *SHARES] if name in there]


def _title(name: str) -> str:
    if name in SHARES:
        return name
    arrow = "\N{UPWARDS ARROW}" if METRICS[name].higher_is_better else "\N{DOWNWARDS ARROW}"
    return f"{name.replace('_', ' ')} {arrow}"


def _best(name: str, group: Sequence[Line]) -> float | None:
    """Return the best score of a group, None where there is nothing to compare."""
    values = [line.scores[name] for line in group if name in line.scores]
    values = [value for value in values if not math.isnan(value)]
    if len(values) < 2 or name in SHARES:
        return None
    return max(values) if METRICS[name].higher_is_better else min(values)


def _cell(line: Line, name: str, best: float | None) -> str:
    value = line.scores.get(name)
    mark = " class=best" if value is not None and value == best else ""
    return f"<td{mark}>{_number(value, DIGITS.get(name, 4))}</td>"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _inert(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _tex(text: str) -> str:
    """Escape what LaTeX would act upon."""
    signs = {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\N{UPWARDS ARROW}": r"$\uparrow$", "\N{DOWNWARDS ARROW}": r"$\downarrow$",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    }  # fmt: skip
    return "".join(signs.get(sign, sign) for sign in text)
