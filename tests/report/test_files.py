"""Files are scored a stretch at a time, and come to the same numbers."""

from __future__ import annotations

import shutil
import tracemalloc
from itertools import pairwise

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.metrics import METRICS
from cleanplate.metrics.score import measure
from cleanplate.report.files import LENGTH, _stretches, score_files

COUNT = 2 * LENGTH + 3
FLOWING = ["warping_error", "warping_error_tsam", "flicker"]


@pytest.fixture(scope="module")
def clips(pan, tmp_path_factory):
    """A result, its truth and a moving hole, as arrays and in folders of pictures."""
    folder = tmp_path_factory.mktemp("files")
    truth = pan(COUNT, (2, 1), size=(70, 84))
    holes = np.zeros(truth.shape[:3], bool)
    for t in range(COUNT):
        holes[t, 20:40, 10 + 2 * t : 30 + 2 * t] = t not in (0, 9)
    noise = np.random.default_rng(0).integers(0, 20, truth.shape, np.uint8)
    result = np.where(holes[..., None], truth // 2 + noise, truth)
    cp.write_video(folder / "truth", truth)
    cp.write_video(folder / "result", result)
    cp.write_video(folder / "deep", truth.astype(np.uint16) * 257)
    cp.write_video(folder / "short", truth[: LENGTH + 1])
    cp.write_video(folder / "small", truth[:, :68])
    for name, count in (("masks", COUNT), ("few", LENGTH), ("many", COUNT + 2)):
        (folder / name).mkdir()
        for t in range(count):
            hole = holes[min(t, COUNT - 1)].astype(np.uint8) * 255
            cv2.imwrite(str(folder / name / f"{t:05d}.png"), hole)
    return folder, result, truth, holes


def paths(folder, *names):
    return [folder / name for name in names]


def test_the_same_numbers_as_of_arrays(clips):
    folder, *arrays = clips
    names = [name for name in METRICS if name not in ("lpips", "vfid")]
    wanted = measure(*arrays, metrics=names)
    found = score_files(*paths(folder, "result", "truth", "masks"), metrics=names)
    assert found.values == pytest.approx(wanted.values, rel=1e-12)
    assert all(np.isfinite(value) for value in wanted.values.values())
    for name, curve in wanted.curves.items():
        np.testing.assert_array_equal(found.curves[name], curve)


def test_lpips_is_the_mean_over_all_frames(clips, tmp_path):
    torch = pytest.importorskip("torch")
    folder, *arrays = clips
    torch.manual_seed(0)
    torch.save(metrics.LPIPS("alex").state_dict(), tmp_path / "lpips.pth")
    given = {"metrics": ["lpips"], "weights": {"lpips": tmp_path / "lpips.pth"}}
    wanted = measure(*arrays, **given).values["lpips"]
    found = score_files(*paths(folder, "result", "truth", "masks"), **given).values["lpips"]
    assert found == pytest.approx(wanted, rel=1e-5)


def test_a_still_mask_and_a_box(clips):
    folder, result, truth, _ = clips
    hole = np.zeros(truth.shape[:3], bool)
    hole[:, 10:30, 5:45] = True
    wanted = measure(result, truth, hole).values
    found = score_files(folder / "result", folder / "truth", "box:5,10,40,20").values
    assert found == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, LENGTH, LENGTH + 1, 2 * LENGTH - 1, 2 * LENGTH])
def test_stretches_share_one_frame(count):
    stretches = list(_stretches((np.array([t]),) * 3 for t in range(count)))
    seen = [t for stretch in stretches for t in stretch.result[stretch.shared :, 0]]
    assert seen == list(range(count))
    assert [stretch.shared for stretch in stretches] == [0] + [1] * (len(stretches) - 1)
    for one, other in pairwise(stretches):
        assert other.result[0] == one.result[-1]
    assert max(len(stretch.result) for stretch in stretches) <= LENGTH


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("short", "truth", "masks"), f"frames of .*short: {LENGTH + 1}, of .*truth: {COUNT}"),
        (("result", "short", "masks"), f"frames of .*result: {COUNT}, of .*short: {LENGTH + 1}"),
        (("result", "small", "masks"), r"size of .*result: 84x70, of .*small: 84x68"),
        (("result", "deep", "masks"), r"depth of .*result: uint8, of .*deep: uint16"),
        (("result", "truth", "few"), f"mask has {LENGTH} frames, the video has {COUNT}"),
        (("result", "truth", "many"), f"mask has {COUNT + 2} frames, the video has {COUNT}"),
        (("none", "truth", "masks"), "does not exist"),
        (("result", "truth", "none"), "does not exist"),
    ],
)
def test_what_does_not_belong_together_is_refused(clips, names, sentence):
    with pytest.raises(cp.BadInput, match=sentence) as refusal:
        score_files(*paths(clips[0], *names), metrics=["psnr"])
    assert "\n" not in str(refusal.value)


def test_a_metric_of_sets_is_refused(clips):
    with pytest.raises(cp.BadInput, match="compares sets of clips"):
        score_files(*paths(clips[0], "result", "truth", "masks"), metrics=["psnr", "vfid"])


def peak(folder, count):
    frame = np.random.default_rng(0).integers(0, 256, (1, 96, 96, 3), np.uint8)
    cp.write_video(folder / str(count), np.broadcast_to(frame, (count, 96, 96, 3)))
    given = [folder / str(count), folder / str(count), "box:20,20,30,30"]
    tracemalloc.start()
    score_files(*given, metrics=["psnr", "psnr_hole", *FLOWING])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_clip(tmp_path):
    peak(tmp_path, 2)  # what is compiled and imported once
    # How many frames are on their way at once is up to the threads.
    usual = max(peak(tmp_path, 4 * LENGTH + turn) for turn in range(3))
    assert peak(tmp_path, 20 * LENGTH) < 1.5 * usual


@pytest.mark.parametrize("which", ["result", "truth", "masks"])
def test_a_frame_that_is_left_out_is_named(clips, tmp_path, which):
    folder, *_ = clips
    shutil.copytree(folder / which, tmp_path / which)
    sorted((tmp_path / which).iterdir())[4].unlink()
    places = [
        (tmp_path if name == which else folder) / name for name in ("result", "truth", "masks")
    ]
    with pytest.raises(cp.BadInput, match=rf"{which} has no frame 4, but 3 and 5"):
        score_files(*places)


def test_weights_of_what_takes_none_are_refused(clips):
    folder, *_ = clips
    with pytest.raises(cp.BadInput, match="'lpisp' takes no weights"):
        score_files(*paths(folder, "result", "truth", "masks"), weights={"lpisp": "x.pth"})
