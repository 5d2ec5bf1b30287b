"""Rows survive whatever ends a run, and come to a table by the rules of their preset."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.journal import Journal
from cleanplate.report.rows import NAME, key, read_rows, table


def row(clip="camel", method="flow", *, scores=None, curves=None, frames=2, **fields):
    return {
        "dataset": "DAVIS",
        "clip": clip,
        "method": method,
        "tune": "fidelity",
        "masks": "fixed",
        "preset": "house",
        "seed": 0,
        "size": [240, 432],
        "frames_asked": None,
        "version": "1",
        "weights": None,
        "frames": frames,
        "seconds_per_frame": 0.5,
        "scores": scores or {"psnr": 30.0},
        "curves": curves or {},
        "missing": {},
        "warnings": [],
        **fields,
    }


def write(folder, *rows):
    journal = Journal(folder / NAME)
    for one in rows:
        journal.add(one)
    journal.close()


def test_rows_come_back(tmp_path):
    rows = [row(), row("dog", scores={"psnr": math.inf, "ssim": math.nan})]
    write(tmp_path, rows[0])
    write(tmp_path, rows[1])
    back = read_rows(tmp_path)
    assert back[0] == rows[0]
    assert back[1]["scores"] == {"psnr": "inf", "ssim": "nan"}
    assert [key(one) for one in back] == [key(one) for one in rows]
    for line in (tmp_path / NAME).read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)  # JSON that every reader takes


def test_a_torn_line_is_left_out_and_written_over(tmp_path):
    write(tmp_path, row())
    with (tmp_path / NAME).open("a") as file:
        file.write('{"clip": "do')
    assert len(read_rows(tmp_path)) == 1
    write(tmp_path, row("dog"))
    assert [one["clip"] for one in read_rows(tmp_path)] == ["camel", "dog"]


@pytest.mark.parametrize("line", ["words", "{}", "[1]", '{"clip": "camel"}'])
def test_what_is_no_row_is_refused(tmp_path, line):
    write(tmp_path, row())
    with (tmp_path / NAME).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(cp.BadInput, match=r"line 2 of .* is no row"):
        read_rows(tmp_path)


def test_no_rows_yet(tmp_path):
    assert read_rows(tmp_path / "new") == []


def test_the_house_takes_the_mean_over_clips():
    rows = [row(scores={"psnr": 30.0}, frames=1), row("dog", scores={"psnr": 40.0}, frames=9)]
    (line,) = table(rows)
    assert line["scores"] == {"psnr": 35.0}
    assert (len(line["clips"]), line["frames"], line["seconds_per_frame"]) == (2, 10, 0.5)


def test_pooled_rules_take_the_mean_over_frames():
    rows = [
        row(scores={"psnr": 30.0, "e": 1.0}, curves={"psnr": [30.0]}, preset="e2fgvi", frames=1),
        row("dog", scores={"psnr": 40.0, "e": 3.0}, curves={"psnr": [40.0, 40.0, "inf"]},
            preset="e2fgvi", frames=3),
    ]  # fmt: skip
    (line,) = table(rows)
    assert line["scores"] == {"psnr": pytest.approx(110 / 3), "e": 2.0}


def test_rules_that_differ_are_never_mixed():
    rows = [row(), row(method="telea"), row(preset="e2fgvi"), row(seed=1), row(version="2")]
    assert len(table(rows)) == 5
    assert [len(line["clips"]) for line in table([*rows, row("dog")])] == [2, 1, 1, 1, 1]


def test_a_clip_computed_twice_counts_once():
    (line,) = table([row(scores={"psnr": 10.0}), row(scores={"psnr": 30.0})])
    assert line["clips"] == ["camel"]
    assert line["scores"]["psnr"] == 30


def with_features(clip, result, truth, **fields):
    return row(clip, features={"vfid": {"result": result, "truth": truth}}, **fields)


def test_sets_are_compared_by_the_features_of_their_clips(tmp_path):
    pytest.importorskip("torch")
    ours, theirs = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    rows = [
        with_features(f"clip{n}", *([float(str(v)) for v in side[n]] for side in (ours, theirs)))
        for n in range(4)
    ]
    wanted = pytest.approx(metrics.frechet(ours, theirs), rel=1e-12)
    (line,) = table(rows)
    assert line["scores"] == {"psnr": 30.0, "vfid": wanted}
    assert line["missing"] == {}
    write(tmp_path, *rows)
    assert table(read_rows(tmp_path)) == [line]
    (line,) = table([*rows, row("older")])  # of a run without weights
    assert (len(line["clips"]), line["scores"]["vfid"]) == (5, wanted)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([[1.0, 2.0]], "vfid of flow needs two clips, there is one: left out."),
        ([[1.0, "nan"], [1.0, 2.0]], "vfid of flow: features are not finite. Give numbers alone."),
    ],
)
def test_a_set_that_has_no_distance_says_why(values, sentence):
    pytest.importorskip("torch")
    (line,) = table([with_features(str(n), v, v) for n, v in enumerate(values)])
    assert math.isnan(line["scores"]["vfid"])
    assert line["missing"] == {"vfid": sentence}
    assert line["scores"]["psnr"] == 30


def test_scores_without_a_number_are_left_out():
    rows = [row(scores={"psnr": "inf"}), row("dog", scores={"psnr": 30.0})]
    assert table(rows)[0]["scores"]["psnr"] == 30
    assert math.isnan(table(rows[:1])[0]["scores"]["psnr"])
