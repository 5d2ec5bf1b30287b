"""A run over a data set: the same numbers every time, however often it was interrupted."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.datasets.folders import open_dataset
from cleanplate.metrics import psnr, psnr_hole
from cleanplate.report.evaluate import evaluate
from cleanplate.report.protocol import PRESETS
from cleanplate.report.rows import NAME, read_rows, table

SIZE = (48, 80)
QUICK = {"size": SIZE, "metrics": ["psnr", "psnr_hole"], "processes": 1}
CLIPS = ("one", "two", "three")


@pytest.fixture(scope="module")
def davis(pan, tmp_path_factory):
    """Three little clips in the layout of DAVIS, each with an object."""
    root = tmp_path_factory.mktemp("set")
    for number, clip in enumerate(CLIPS):
        for t, frame in enumerate(pan(4, (2, 0), size=(96, 160), start=(30 * number, 40))):
            hole = np.zeros(frame.shape[:2], np.uint8)
            hole[30:60, 40 + 3 * t : 70 + 10 * number + 3 * t] = 255
            for folder, picture, kind in (
                ("JPEGImages", frame[..., ::-1], "jpg"),
                ("Annotations", hole, "png"),
            ):
                place = root / folder / "480p" / clip
                place.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(place / f"{t:05d}.{kind}"), picture)
    return root


def scores(rows):
    return [(row["clip"], row["method"], row["scores"], row["curves"]) for row in rows]


def test_rows_are_what_the_functions_say(davis):
    rows = evaluate(davis, methods=["telea", "flow"], masks="annotations", clips=["two"], **QUICK)
    names = sorted((davis / "JPEGImages/480p/two").iterdir())
    full = np.stack([cv2.imread(str(name))[..., ::-1] for name in names])
    truth = np.stack([cv2.resize(f, SIZE[::-1], interpolation=cv2.INTER_AREA) for f in full])
    masks = [cv2.imread(str(m), 0) for m in sorted((davis / "Annotations/480p/two").iterdir())]
    holes = np.stack([cv2.resize(m, SIZE[::-1], interpolation=cv2.INTER_NEAREST_EXACT) > 127
                      for m in masks])  # fmt: skip
    for row, method in zip(rows, ["telea", "flow"], strict=True):
        clean = cp.fill(truth, holes, method=method)
        assert row["method"] == method
        assert row["scores"]["psnr"] == pytest.approx(psnr(clean, truth), rel=1e-12)
        assert row["scores"]["psnr_hole"] == pytest.approx(psnr_hole(clean, truth, holes))
        assert len(row["curves"]["psnr"]) == row["frames"] == 4
        assert row["hole_share"] == pytest.approx(holes.mean())
    assert rows[1]["scores"]["psnr"] > rows[0]["scores"]["psnr"]


def test_twice_the_same(davis):
    both = [evaluate(davis, methods=["telea", "median"], seed=3, **QUICK) for _ in range(2)]
    assert scores(both[0]) == scores(both[1])
    other = evaluate(davis, methods=["telea", "median"], seed=4, **QUICK)
    assert scores(other) != scores(both[0])


def test_an_interrupted_run_goes_on(davis, tmp_path):
    whole = evaluate(davis, methods=["telea", "ns"], out=tmp_path / "whole", **QUICK)

    def stop(done, total, row):
        assert total == 6
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(davis, methods=["telea", "ns"], out=tmp_path / "run", progress=stop, **QUICK)
    with (tmp_path / "run" / NAME).open("a") as file:
        file.write('{"torn')
    told = []
    again = evaluate(davis, methods=["telea", "ns"], out=tmp_path / "run",
                     progress=lambda *told_: told.append(told_[:2]), **QUICK)  # fmt: skip
    assert told == [(5, 6), (6, 6)]
    assert scores(again) == scores(whole)
    lines = [table(read_rows(tmp_path / name)) for name in ("whole", "run")]
    for one, other in zip(*lines, strict=True):
        assert {**one, "seconds_per_frame": 0} == {**other, "seconds_per_frame": 0}


def test_rows_that_lack_a_metric_are_computed_again(davis, tmp_path):
    few = {**QUICK, "metrics": ["psnr"], "clips": ["one"]}
    evaluate(davis, methods=["telea"], out=tmp_path, **few)
    more = {**few, "metrics": ["psnr", "flicker", "lpips"]}
    (row,) = evaluate(davis, methods=["telea"], out=tmp_path, **more)
    assert row["scores"].keys() == {"psnr", "flicker"}
    assert row["missing"] == {"lpips": "lpips needs weights: left out."}
    evaluate(davis, methods=["telea"], out=tmp_path, progress=pytest.fail, **more)


@pytest.fixture(scope="module")
def i3d(tmp_path_factory):
    """A file of I3D's weights, drawn at random, whose features are not all but 0."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = metrics.I3D()
    for values in network.parameters():
        if values.ndim == 5:
            torch.nn.init.kaiming_normal_(values)
    path = tmp_path_factory.mktemp("i3d") / "i3d.pt"
    torch.save(network.state_dict(), path)
    return path


def test_vfid_is_that_of_the_set_however_often_the_run_was_interrupted(
    davis, i3d, tmp_path, monkeypatch
):
    given = {**QUICK, "methods": ["telea"], "masks": "annotations", "weights": {"vfid": i3d},
             "metrics": ["psnr", "vfid"]}  # fmt: skip
    loaded, load = [], metrics.load_i3d
    monkeypatch.setattr("cleanplate.metrics.i3d.load_i3d", lambda f: loaded.append(f) or load(f))
    rows = evaluate(davis, out=tmp_path / "whole", **given)
    assert len(loaded) <= 1  # once a process, which other tests may have done
    assert all(row["scores"].keys() == {"psnr"} and not row["missing"] for row in rows)
    dataset = open_dataset(davis)
    truths = [PRESETS["house"].frames(clip.load_frames(), SIZE) for clip in dataset.clips]
    holes = [PRESETS["house"].holes(clip.load_annotations(), SIZE) for clip in dataset.clips]
    results = [cp.fill(t, h, method="telea") for t, h in zip(truths, holes, strict=True)]
    wanted = metrics.vfid(results, truths, i3d)
    assert wanted > 1e-4
    (whole,) = table(rows)
    assert whole["scores"]["vfid"] == pytest.approx(wanted, rel=1e-9)

    def stop(done, total, row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(davis, out=tmp_path / "run", progress=stop, **given)
    evaluate(davis, out=tmp_path / "run", **given)
    (line,) = table(read_rows(tmp_path / "run"))
    assert {**line, "seconds_per_frame": 0} == {**whole, "seconds_per_frame": 0}


def test_a_run_that_gains_weights_is_computed_again(davis, i3d, tmp_path):
    given = {**QUICK, "methods": ["telea"], "metrics": ["psnr", "vfid"], "clips": ["one", "two"]}
    rows = evaluate(davis, out=tmp_path, **given)
    lacks = {"vfid": "vfid needs weights: left out."}
    assert [(row["scores"].keys(), row["missing"]) for row in rows] == [({"psnr"}, lacks)] * 2
    assert "vfid" not in table(rows)[0]["scores"]
    evaluate(davis, out=tmp_path, progress=pytest.fail, **given)  # nothing new to find out
    weighed = {**given, "weights": {"vfid": i3d}}
    (line,) = table(evaluate(davis, out=tmp_path, **weighed))
    assert np.isfinite(line["scores"]["vfid"])
    evaluate(davis, out=tmp_path, progress=pytest.fail, **weighed)
    assert table(read_rows(tmp_path)) == [line]


def test_weights_that_do_not_fit_are_refused_before_the_work(davis, tmp_path):
    given = {**QUICK, "metrics": ["psnr", "vfid"], "weights": {"vfid": tmp_path / "none.pt"}}
    with pytest.raises(cp.BadInput, match=r"none\.pt does not exist"):
        evaluate(davis, methods=["telea"], out=tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def assert_none_left(session):
    """Wait until no process of a session is left."""
    for _ in range(200):
        left = [p for p in Path("/proc").glob("[0-9]*/stat") if session_of(p) == session]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(f"still there: {left}")


def session_of(stat):
    try:
        return int(stat.read_text().rpartition(")")[2].split()[3])
    except OSError:  # it has just ended
        return None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_killed_and_started_again(davis, tmp_path):
    """The real command, with processes of its own."""
    command = [sys.executable, "-c", "from cleanplate.cli import main; raise SystemExit(main())",
               "evaluate", str(davis), "-o", str(tmp_path), "--methods", "telea,flow", "--size",
               "48x80", "--metrics", "psnr", "--processes", "2"]  # fmt: skip
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    while run.poll() is None and not (tmp_path / NAME).exists():
        time.sleep(0.02)
    while run.poll() is None and not read_rows(tmp_path):
        time.sleep(0.02)
    if run.poll() is None:
        os.kill(run.pid, signal.SIGKILL)  # and its processes end with it
    run.wait()
    assert_none_left(run.pid)
    assert read_rows(tmp_path)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    whole = evaluate(davis, methods=["telea", "flow"], **{**QUICK, "metrics": ["psnr"]})
    found = sorted(scores(read_rows(tmp_path)), key=str)
    assert found == sorted(scores(whole), key=str)


def test_shuffled_holes_are_another_clips(davis):
    own = evaluate(davis, methods=["telea"], masks="annotations", **QUICK)
    shuffled = evaluate(davis, methods=["telea"], masks="shuffled", seed=1, **QUICK)
    for one, other in zip(own, shuffled, strict=True):
        assert one["hole_share"] != other["hole_share"]
    assert sorted(r["hole_share"] for r in own) == sorted(r["hole_share"] for r in shuffled)


def test_a_folder_of_masks(davis, tmp_path):
    for clip in CLIPS:
        (tmp_path / clip).mkdir()
        hole = np.zeros(SIZE, np.uint8)
        hole[10:20, 10:30] = 255
        cv2.imwrite(str(tmp_path / clip / "00000.png"), hole)
    rows = evaluate(davis, methods=["telea"], masks=tmp_path, **QUICK)
    assert [row["hole_share"] for row in rows] == [200 / (48 * 80)] * 3


def test_a_size_that_lies_the_other_way_is_told(davis):
    (row,) = evaluate(davis, methods=["telea"], clips=["one"], **{**QUICK, "size": (80, 48)})
    (told,) = row["warnings"]
    assert told.startswith("one is 96x160 (height x width) and is scored at 80x48")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"preset": "mine"}, "preset 'mine' is unknown. Choose one of: house, e2fgvi."),
        ({"methods": ["magic"]}, "method 'magic' is unknown"),
        ({"metrics": ["sharpness"]}, "metric 'sharpness' is unknown"),
        ({"clips": ["four"]}, "clip 'four' is not in the data set. It has: one, three, two."),
        ({"masks": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_refused(davis, given, sentence):
    with pytest.raises(cp.BadInput, match=sentence):
        evaluate(davis, **{**QUICK, **given})


def test_the_shared_clips_are_scored_by_the_house_protocol(shared_data):
    """OpenCV's Telea on one clip and one kind: the figure in their own table."""
    (row,) = evaluate(shared_data / "DAVIS", methods=["telea"], masks=shared_data / "masks/fixed",
                      clips=["libby"], metrics=["psnr"], processes=1)  # fmt: skip
    with (shared_data / "prototype.csv").open() as file:
        wanted = {(r["kind"], r["clip"]): float(r["telea_psnr"]) for r in csv.DictReader(file)}
    assert row["scores"]["psnr"] == pytest.approx(wanted["fixed", "libby"], abs=0.01)


def test_arrays_are_a_data_set(davis, pan, tmp_path):
    clips = {name: pan(4, (2, 0), size=SIZE, start=(20 * n, 40)) for n, name in enumerate("ab")}
    holes = {name: np.zeros(SIZE, bool) for name in clips}
    for hole in holes.values():
        hole[10:30, 20:50] = True
    rows = evaluate(
        clips, masks=holes, methods=["telea"], out=tmp_path, **{**QUICK, "processes": 2}
    )
    for row in rows:
        frames, hole = clips[row["clip"]], np.broadcast_to(holes[row["clip"]], (4, *SIZE))
        clean = cp.fill(frames, hole, method="telea")
        assert row["scores"]["psnr_hole"] == pytest.approx(psnr_hole(clean, frames, hole))
    assert evaluate(clips, masks=holes, methods=["telea"], out=tmp_path, **QUICK) == rows
    assert len(evaluate(clips, masks="fixed", methods=["telea"], out=tmp_path, **QUICK)) == 2
    assert len(read_rows(tmp_path)) == 4
    clips["a"] = clips["a"][::-1]
    assert (
        evaluate(clips, masks=holes, methods=["telea"], **QUICK)[0]["dataset"] != rows[0]["dataset"]
    )


@pytest.mark.parametrize(
    ("clips", "masks"),
    [({}, "fixed"), ({"a": np.zeros((2, 48, 80))}, "fixed"),
     ({"a": np.zeros((2, 48, 80, 3), np.uint8)}, {"b": np.ones((48, 80), bool)}),
     ("folder", {"a": np.ones((48, 80), bool)})],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(clips, masks):
    with pytest.raises(cp.BadInput):
        evaluate(clips, masks=masks, methods=["telea"], **QUICK)


def test_every_clip_has_a_hole_of_its_own(davis):
    rows = evaluate(davis, methods=["telea"], masks="stationary", **QUICK)
    assert len({row["hole_share"] for row in rows}) == len(CLIPS)


def test_what_lies_under_the_hole_is_hidden_from_the_method(davis, monkeypatch):
    from cleanplate.report import task

    seen = []

    def fill(frames, holes, **options):
        seen.append(frames[holes])
        return cp.fill(frames, holes, **options)

    monkeypatch.setattr(task, "fill", fill)
    evaluate(davis, methods=["telea"], masks="fixed", clips=["one"], **QUICK)
    assert seen and not seen[0].any()


def test_rows_are_computed_again_when_their_files_changed(davis, tmp_path):
    asked = {"methods": ["telea"], "masks": "annotations", "clips": ["one"], "out": tmp_path}
    first = evaluate(davis, **asked, **QUICK)
    assert evaluate(davis, **asked, **QUICK) == first
    for folder in ("JPEGImages", "Annotations"):
        picture = davis / folder / "480p/one" / ("00000." + ("jpg" if folder[0] == "J" else "png"))
        before = picture.stat()
        os.utime(picture, ns=(1, 1))
        assert evaluate(davis, **asked, **QUICK)[0]["inputs"] != first[0]["inputs"]
        os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_another_metric_keeps_those_that_were_there(davis, tmp_path):
    asked = {"methods": ["telea"], "masks": "fixed", "out": tmp_path, "size": SIZE}
    evaluate(davis, **asked, metrics=["psnr"], processes=1)
    rows = evaluate(davis, **asked, metrics=["flicker"], processes=1)
    assert all(row["scores"].keys() == {"psnr", "flicker"} for row in rows)
    assert table(read_rows(tmp_path))[0]["scores"].keys() == {"psnr", "flicker"}


@pytest.mark.parametrize("methods", [[], ["telea", "telea"]])
def test_methods_are_given_once_and_at_least_one(davis, methods):
    with pytest.raises(cp.BadInput, match="Give each once"):
        evaluate(davis, methods=methods, **QUICK)


def test_weights_of_what_takes_none_are_refused(davis, tmp_path):
    (tmp_path / "x.pth").write_bytes(b"x")
    with pytest.raises(cp.BadInput, match="'psnr' takes no weights"):
        evaluate(davis, methods=["telea"], weights={"psnr": tmp_path / "x.pth"}, **QUICK)
