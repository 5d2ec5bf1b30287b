"""The table as HTML, CSV and LaTeX: lines of different rules are never compared."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from io import StringIO

import pytest

from cleanplate.report.published import PUBLISHED
from cleanplate.report.tables import (
    Line,
    csv_table,
    html_table,
    latex_table,
    measured,
    published,
)

ROW = {
    "dataset": "sets/DAVIS", "method": "flow", "tune": "fidelity", "masks": "stationary",
    "preset": "house", "seed": 3, "size": [240, 432], "version": "0.1.0", "weights": None,
    "clips": ["a", "b"], "frames": 9, "frames_asked": None,
    "scores": {"psnr": 31.25, "ssim": 0.9}, "seconds_per_frame": 0.1,
}  # fmt: skip


class Cells(HTMLParser):
    """The rows of a table as lists of (class, text)."""

    def __init__(self, page):
        super().__init__()
        self.rows, self._open = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append([dict(attributes).get("class"), ""])
            self._open = True

    def handle_data(self, text):
        if self._open:
            self.rows[-1][-1][1] += text

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._open = False


def lines():
    return [
        Line("A", "one", "here", "flow", {"psnr": 30.0, "warping_error": 0.002}, 0.1),
        Line("A", "one", "here", "telea", {"psnr": 25.0, "warping_error": 0.001}, 0.2),
        Line("B", "two", "paper", "STTN", {"psnr": 40.0}),
    ]


def test_the_best_is_marked_among_lines_of_the_same_rules():
    rows = Cells(html_table(lines())).rows
    marked = {row[0][1]: [cell[1] for cell in row if cell[0] == "best"] for row in rows[1:]}
    assert marked["flow"] == ["30.00"]
    assert marked["telea"] == ["0.00100"]
    assert marked["STTN"] == []  # the highest of all, but alone under its rules
    assert [row[0][1] for row in rows if row[0][0] == "rules"] == ["Aone", "Btwo"]


def test_measured_lines_name_their_rules():
    (line,) = measured([ROW])
    assert line.rules == "DAVIS, stationary, 240x432"
    assert "preset house" in line.about and "seed 3" in line.about
    other = measured([{**ROW, "preset": "e2fgvi"}])[0]
    assert (line.rules, line.about) != (other.rules, other.about)
    assert measured([{**ROW, "clips": ["a", "c"]}])[0].about != line.about
    assert measured([{**ROW, "frames_asked": 5}])[0].about != line.about
    many = [[f"{n}{end}" for n in range(30)] for end in "ab"]
    assert len({measured([{**ROW, "clips": names}])[0].about for names in many}) == 2
    assert "no truth" in measured([{**ROW, "preset": "files"}])[0].about


def test_papers_lines_are_all_there_and_those_of_one_protocol_together():
    found = published()
    assert len(found) == len(PUBLISHED)
    abouts = [line.about for line in found]
    assert len(set(abouts)) == sum(a != b for a, b in zip(abouts, [None, *abouts], strict=False))


def test_csv_can_be_read_back():
    rows = list(csv.DictReader(StringIO(csv_table(lines()))))
    assert [row["method"] for row in rows] == ["flow", "telea", "STTN"]
    assert float(rows[0]["psnr"]) == 30 and rows[2]["warping_error"] == ""
    assert float(rows[1]["seconds_per_frame"]) == 0.2


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x"])
def test_csv_holds_no_formula(name):
    row = next(csv.DictReader(StringIO(csv_table([Line(name, "", "", name, {})]))))
    assert row["method"] == f"'{name}" and row["rules"] == f"'{name}"


def test_texts_are_escaped():
    bad = Line("<b>&", "100 % of_it", "x^2~{}\\", "<script>", {"psnr": 1.0})
    page, tex = html_table([bad]), latex_table([bad])
    assert "<script>" not in page and "&lt;b&gt;&amp;" in page
    assert r"100 \% of\_it" in tex
    assert r"x\textasciicircum{}2\textasciitilde{}\{\}\textbackslash{}" in tex


def test_latex_has_as_many_cells_in_every_row():
    tex = latex_table(lines())
    assert tex.startswith(r"\begin{tabular}{llrr}") and tex.rstrip().endswith(r"\end{tabular}")
    body = [row for row in tex.splitlines() if row.endswith(r"\\") and "multicolumn" not in row]
    assert {row.count("&") for row in body} == {3}
    assert re.findall(r"textbf\{([\d.]+)\}", tex) == ["30.00", "0.00100"]


def test_what_was_not_measured_is_left_blank():
    table = Cells(html_table([Line("A", "", "", "m", {"psnr": float("nan")}, None)])).rows
    assert table[2][2] == [None, ""]
    assert "inf" in html_table([Line("A", "", "", "m", {"psnr": float("inf")}, None)])
