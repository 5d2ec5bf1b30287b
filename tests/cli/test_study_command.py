"""``cleanplate study``."""

from __future__ import annotations

import csv
import json
import shutil

import pytest

from cleanplate.cli import main
from cleanplate.report.answers import FORMAT, Key, seal

KEY = Key({"aaaa1": "camel"}, {"t001": ("aaaa1", "flow"), "t002": ("aaaa1", "telea")})


@pytest.fixture
def folder(tmp_path):
    """Three people: two like flow, one telea."""
    for person, best in (("anna1", "t001"), ("bert1", "t001"), ("carl1", "t002")):
        ranks = {take: 1 if take == best else 2 for take in KEY.takes}
        told = {
            "format": FORMAT,
            "study": "5tudy",
            "person": person,
            "at": "2025-01-02T03:04:05.678Z",
            "key": seal(KEY),
            "answers": [{"clip": "aaaa1", "ranks": ranks, "replays": 0, "seconds": 9}],
        }
        (tmp_path / f"{person}.json").write_text(json.dumps(told))
    return tmp_path


def test_the_table(folder, capsys):
    assert main(["study", str(folder)]) == 0
    said = capsys.readouterr()
    head, flow, telea, about = said.out.splitlines()
    assert head.split() == ["method", "1st", "2nd", "mean", "rank"]
    assert flow.startswith("flow    67 % (")
    assert flow.endswith("1.33")
    assert telea.startswith("telea   33 % (")
    assert about == "3 answers by 3 people; shares of ranks, with 95 % confidence intervals."
    assert said.err == ""


def test_json_and_what_is_left_out(folder, capsys, tmp_path):
    one, two = str(folder / "anna1.json"), str(folder / "carl1.json")
    again = shutil.copy(one, tmp_path / "again.json")
    assert main(["study", one, two, str(again), "--json"]) == 0
    said = capsys.readouterr()
    flow, telea = json.loads(said.out)
    assert (flow["method"], telea["method"]) == ("flow", "telea")
    assert flow["answers"] == flow["people"] == 2
    assert [share["share"] for share in flow["shares"]] == [0.5, 0.5]
    assert set(flow["shares"][0]) == {"share", "low", "high"}
    assert said.err.startswith("Warning: ")
    assert said.err.count("\n") == 1
    assert "of the same person" in said.err


def test_a_file_given_twice(folder, capsys):
    one = str(folder / "anna1.json")
    assert main(["study", one, one, "--json"]) == 0
    assert capsys.readouterr().err == f"Warning: {one} was given twice: it counts once.\n"


def test_csv_beside_the_table(folder, capsys, tmp_path):
    assert main(["study", str(folder), "--csv", str(tmp_path / "table.csv")]) == 0
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == ["flow", "telea"]
    assert float(rows[0]["rank_1"]) == pytest.approx(2 / 3)
    assert "1st" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.json"], "does not exist"),
        (["anna1.json", "--csv", "anna1.json"], "is the input itself"),
        (["anna1.json", "--csv", "none/table.csv"], "does not exist"),
        ([".", "--csv", "bert1.json"], "is the input itself"),
    ],
)
def test_what_cannot_be_done(folder, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert main(["study", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert sentence in told
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
