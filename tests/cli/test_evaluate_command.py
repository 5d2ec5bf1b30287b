"""``cleanplate evaluate`` and ``cleanplate score``."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.cli import main
from cleanplate.io import Encoding
from cleanplate.metrics import psnr, psnr_hole, ssim


@pytest.fixture(scope="module")
def place(pan, tmp_path_factory):
    """A truth, a result that differs in the hole, and odd ones out, in one folder."""
    folder = tmp_path_factory.mktemp("score")
    truth = pan(3, (2, 0), size=(80, 96))
    hole = np.zeros(truth.shape[1:3], bool)
    hole[20:40, 30:60] = True
    result = truth.copy()
    result[:, hole] //= 2
    lossless = Encoding(lossless=True)
    cp.write_video(folder / "truth.mkv", truth, rate=25, encoding=lossless)
    cp.write_video(folder / "result.mkv", result, rate=25, encoding=lossless)
    cp.write_video(folder / "short.mkv", truth[:2], rate=25, encoding=lossless)
    cp.write_video(folder / "small.mkv", truth[:, :64], rate=25, encoding=lossless)
    cv2.imwrite(str(folder / "mask.png"), hole.astype(np.uint8) * 255)
    for t, frame in enumerate(truth):
        (folder / "set/clip").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"set/clip/{t:05d}.png"), frame[..., ::-1])
    return folder, result, truth, np.broadcast_to(hole, truth.shape[:3])


def files(folder, *names):
    return [str(folder / name) for name in names]


def test_scores_of_files(place, capsys):
    folder, result, truth, holes = place
    assert main(["score", *files(folder, "result.mkv", "truth.mkv", "mask.png"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["psnr"] == pytest.approx(psnr(result, truth))
    assert scores["psnr_hole"] == pytest.approx(psnr_hole(result, truth, holes))
    assert scores["ssim"] == pytest.approx(ssim(result, truth))


def test_scores_in_words_and_what_is_missing(place, capsys):
    folder, *_ = place
    arguments = ["score", *files(folder, "result.mkv", "truth.mkv", "mask.png")]
    assert main([*arguments, "--metrics", "psnr,lpips"]) == 0
    said = capsys.readouterr()
    assert said.out.split()[0] == "psnr"
    assert said.err == "Warning: lpips needs weights: left out.\n"


def test_nothing_to_measure_with_is_an_error(place, capsys):
    arguments = ["score", *files(place[0], "result.mkv", "truth.mkv", "mask.png")]
    assert main([*arguments, "--metrics", "lpips"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "lpips needs weights" in said.err


def test_a_mask_of_another_shape_is_told(place, capsys, tmp_path):
    cv2.imwrite(str(tmp_path / "tall.png"), np.eye(80, dtype=np.uint8) * 255)
    names = files(place[0], "result.mkv", "truth.mkv")
    assert main(["score", *names, str(tmp_path / "tall.png")]) == 0
    assert capsys.readouterr().err == ""
    cv2.imwrite(str(tmp_path / "wide.png"), np.eye(40, 96, dtype=np.uint8) * 255)
    assert main(["score", *names, str(tmp_path / "wide.png")]) == 0
    assert "the mask is stretched" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("short.mkv", "truth.mkv", "mask.png"), "frames of"),
        (("small.mkv", "truth.mkv", "mask.png"), "size of"),
        (("none.mkv", "truth.mkv", "mask.png"), "does not exist"),
    ],
)
def test_clips_that_are_not_alike_are_refused(place, capsys, names, sentence):
    assert main(["score", *files(place[0], *names)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert sentence in told


def test_evaluate_prints_the_table_and_keeps_the_rows(place, capsys, tmp_path):
    folder, *_ = place
    arguments = ["evaluate", str(folder / "set"), "-o", str(tmp_path), "--methods", "telea,median",
                 "--size", "48x64", "--metrics", "psnr", "--processes", "1"]  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "1/2 clip" in said
    header, *lines = said.splitlines()[2:]
    assert header.split()[:3] == ["method", "tune", "masks"]
    assert [line.split()[0] for line in lines] == ["telea", "median"]
    assert main([*arguments, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [line["method"] for line in table] == ["telea", "median"]
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2


def test_what_a_set_lacks_is_a_warning(place, capsys, tmp_path):
    torch = pytest.importorskip("torch")
    folder, *_ = place
    arguments = ["evaluate", str(folder / "set"), "-o", str(tmp_path), "--methods", "telea",
                 "--size", "48x64", "--metrics", "psnr,vfid", "--processes", "1"]  # fmt: skip
    assert main(arguments) == 0
    assert capsys.readouterr().err == "Warning: vfid needs weights: left out.\n"
    torch.manual_seed(0)
    torch.save(metrics.I3D().state_dict(), tmp_path / "i3d.pt")
    assert main([*arguments, "--weights", f"vfid={tmp_path / 'i3d.pt'}", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "Warning: vfid of telea needs two clips, there is one: left out.\n"
    (line,) = json.loads(said.out)
    assert line["scores"]["vfid"] == "nan"
    assert line["scores"]["psnr"] > 0


def test_a_metric_of_sets_is_no_score_of_a_clip(place, capsys):
    arguments = ["score", *files(place[0], "result.mkv", "truth.mkv", "mask.png")]
    assert main([*arguments, "--metrics", "vfid"]) == 2
    assert "compares sets of clips" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--size", "240"], "size '240' is none. Give HEIGHTxWIDTH"),
        (["--size", "0x9"], "holds no pixel"),
        (["--weights", "alex.pth"], "are not METRIC=FILE"),
        (["--masks", "stripes"], "stripes"),
        (["--preset", "mine"], "preset 'mine' is unknown"),
    ],
)
def test_what_evaluate_cannot_do(place, capsys, tmp_path, options, sentence):
    arguments = ["evaluate", str(place[0] / "set"), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--processes", "1", *options]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert sentence in told
