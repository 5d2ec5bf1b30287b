"""Several methods on one video: every result a file, done once, redone when its inputs change."""

from __future__ import annotations

import os

import pytest

import cleanplate as cp
from cleanplate.errors import BadInput
from cleanplate.io import Encoding
from cleanplate.report.compare import compare
from cleanplate.report.keep import read_take
from cleanplate.report.rows import NAME, read_rows

SPEC = "box:20,14,16,12"


def test_results_are_what_a_fill_makes(make, tmp_path):
    source = make("in.mkv", codec="ffv1", options={}, count=6)
    options = {"encoding": Encoding(lossless=True), "mask_options": cp.MaskOptions(grow=2)}
    rows = compare(source, SPEC, tmp_path / "out", methods=["flow", "telea"], seed=2, **options)
    for row in rows:
        alone = tmp_path / f"{row['method']}.mkv"
        summary = cp.fill_file(source, SPEC, alone, method=row["method"], seed=2, **options)
        together = tmp_path / "out" / row["output"]
        assert together.name == f"in-{row['method']}.mkv"
        one, other = cp.read_video(alone), cp.read_video(together)
        assert (one.frames == other.frames).all()
        assert row["scores"] == {
            "borrowed": summary.borrowed,
            "painted": 0,
            "invented": summary.invented,
        }
        assert row["frames"] == 6 and row["hole_share"] == summary.hole_share
        assert len(read_take(tmp_path / "out", row["shown"]["take"])["fill"]) == 6


def test_what_is_there_is_not_made_again(make, tmp_path):
    source, out = make("in.mp4", count=4), tmp_path / "out"
    compare(source, SPEC, out, methods=["ns"])
    first = (out / "in-ns.mp4").stat().st_mtime_ns
    rows = compare(source, SPEC, out, methods=["ns", "telea"])
    assert (out / "in-ns.mp4").stat().st_mtime_ns == first
    assert [row["method"] for row in rows] == ["ns", "telea"]
    assert len(read_rows(out)) == 2


@pytest.mark.parametrize("change", ["video", "encoding", "grow", "result"])
def test_it_is_made_again_when_something_changed(make, tmp_path, change):
    source, out = make("in.mp4", count=4), tmp_path / "out"
    compare(source, SPEC, out, methods=["ns"])
    first, options = (out / "in-ns.mp4").stat().st_mtime_ns, {}
    if change == "video":
        os.utime(source, ns=(1, 1))
    elif change == "result":
        (out / "in-ns.mp4").unlink()
    elif change == "grow":
        options = {"mask_options": cp.MaskOptions(grow=1)}
    else:
        options = {"encoding": Encoding(crf=30)}
    compare(source, SPEC, out, methods=["ns"], **options)
    assert len(read_rows(out)) == 2
    assert (out / "in-ns.mp4").stat().st_mtime_ns > first


def test_a_folder_of_frames_gives_folders(make, tmp_path, pan):
    cp.write_video(tmp_path / "frames", pan(3, (1, 0), size=(48, 64)))
    (row,) = compare(tmp_path / "frames", SPEC, tmp_path / "out", methods=["telea"])
    assert len(list((tmp_path / "out" / row["output"]).iterdir())) == 3


def test_progress_is_of_all_methods(make, tmp_path):
    told = []
    compare(
        make("in.mp4", count=4), SPEC, tmp_path / "out", methods=["ns", "telea"],
        progress=lambda *numbers: told.append(numbers),
    )  # fmt: skip
    assert told[-1] == (8, 8) and sorted(told) == told


@pytest.mark.parametrize("wrong", [{"methods": ["magic"]}, {"video": "no.mp4"}, {"mask": "no.png"}])
def test_what_cannot_be_done_is_refused_before_the_work(make, tmp_path, wrong):
    given = {"video": make("in.mp4", count=4), "mask": SPEC, "out": tmp_path / "out", **wrong}
    with pytest.raises(BadInput):
        compare(**given)
    left = tmp_path / "out" / NAME
    assert not left.exists() or left.read_bytes() == b""


def test_two_videos_of_one_name_do_not_take_each_other_s_place(make, tmp_path):
    places = []
    for folder in "ab":
        (tmp_path / folder).mkdir()
        source = make(f"{folder}/in.mp4", count=3)
        places.append(source)
    for source in [*places, places[0]]:
        compare(source, SPEC, tmp_path / "out", methods=["ns"])
    rows = read_rows(tmp_path / "out")
    assert len(rows) == 2
    assert len({row["output"] for row in rows}) == 2
