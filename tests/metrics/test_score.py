"""Any metric by its name; one that lacks something does not stop the others."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.metrics.score import (
    DEFAULT,
    LOADERS,
    Stretch,
    mean_of,
    measure,
    measure_stretches,
    score,
)


@pytest.fixture(scope="module")
def three():
    """Result, truth and holes of four frames: one without a hole, one that equals the truth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (4, 70, 80, 3), np.uint8)
    holes = np.zeros(truth.shape[:3], bool)
    holes[1:, 20:40, 30:50] = True
    result = truth.copy()
    result[1:3][holes[1:3]] //= 2
    return result, truth, holes


def test_the_same_numbers_as_the_functions(three):
    result, truth, holes = three
    assert score(result, truth, holes) == pytest.approx(
        {
            "psnr": metrics.psnr(result, truth),
            "ssim": metrics.ssim(result, truth),
            "psnr_hole": metrics.psnr_hole(result, truth, holes),
            "ssim_hole": metrics.ssim_hole(result, truth, holes),
        },
        rel=1e-12,
    )


def test_curves_tell_frame_by_frame(three):
    curves = measure(*three).curves
    assert curves.keys() == set(DEFAULT)
    assert curves["psnr"][0] == curves["psnr"][3] == math.inf
    assert math.isnan(curves["psnr_hole"][0])
    assert curves["psnr_hole"][3] == math.inf
    assert curves["ssim"][0] == pytest.approx(1)
    assert max(curves["psnr"][1:3]) < 40


def test_what_a_metric_lacks_is_said_and_the_others_run(three):
    result, truth, _ = three
    with pytest.warns(UserWarning, match="needs") as said:
        values = score(result, truth, metrics=["lpips", "psnr", "flicker"])
    assert values.keys() == {"psnr"}
    assert [str(warning.message) for warning in said] == [
        "lpips needs weights: left out.",
        "flicker needs holes: left out.",
    ]
    missing = measure(result, None, None, metrics=["psnr_hole"]).missing
    assert missing == {"psnr_hole": "psnr_hole needs truth and holes: left out."}


def test_metrics_of_whole_clips_have_no_curve(three):
    measured = measure(*three, metrics=["warping_error", "flicker"])
    assert not measured.curves
    assert measured.values["warping_error"] >= 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("sharpness", r"'sharpness' is unknown. Choose from: psnr, .*flicker\."),
        (3, r"3 is unknown. Choose from: psnr, .*flicker\."),
        ("vfid", r"'vfid' compares sets of clips, and this is one\."),
    ],
)
def test_what_is_no_metric_of_a_clip_is_refused(three, name, sentence):
    with pytest.raises(cp.BadInput, match=sentence) as refusal:
        score(*three, metrics=[name])
    assert "vfid" not in str(refusal.value) or name == "vfid"


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_clip_in_stretches_is_the_clip(three, length):
    names = [n for n, metric in metrics.METRICS.items() if metric.over != "set" and n != "lpips"]
    whole = measure(*three, metrics=names)
    ends = range(length, len(three[0]) + length, length)
    stretches = [
        Stretch(*(array[max(end - length - 1, 0) : end] for array in three), int(end > length))
        for end in ends
    ]
    found = measure_stretches(stretches, metrics=[*names, *names])
    assert found.values == pytest.approx(whole.values, rel=1e-12, nan_ok=True)
    assert found.curves.keys() == whole.curves.keys()
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(found.curves[name], curve)
    for name in names:
        arrays = (three[0], *({"truth": three[1], "holes": three[2]}[need]
                              for need in metrics.METRICS[name].needs))  # fmt: skip
        assert whole.values[name] == pytest.approx(getattr(metrics, name)(*arrays))


def test_lpips_of_stretches_and_a_network_that_is_loaded_once(three, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    result, truth, _ = three
    torch.manual_seed(0)
    torch.save(metrics.LPIPS("alex").state_dict(), tmp_path / "one.pth")
    torch.save(metrics.LPIPS("vgg").state_dict(), tmp_path / "two.pth")
    loaded, load = [], metrics.load_lpips
    monkeypatch.setattr(
        "cleanplate.metrics.perceptual.load_lpips",
        lambda files, **trunk: loaded.append(files) or load(files, **trunk),
    )
    given = {"metrics": ["lpips"], "weights": {"lpips": tmp_path / "one.pth"}}
    parts = [Stretch(*(a[:3] for a in three)), Stretch(*(a[2:] for a in three), 1)]
    values = [measure(*three, **given).values, measure_stretches(parts, **given).values]
    assert len(loaded) == 1
    wanted = metrics.lpips(result, truth, load(tmp_path / "one.pth"))
    assert [value["lpips"] for value in values] == pytest.approx([wanted] * 2, rel=1e-5)
    (tmp_path / "two.pth").replace(tmp_path / "one.pth")  # another file of the same name
    other = score(result, truth, **given)
    assert len(loaded) == 2
    again = metrics.lpips(result, truth, load(tmp_path / "one.pth"))
    assert other["lpips"] == pytest.approx(again)
    assert other["lpips"] != pytest.approx(wanted)


def test_what_a_clip_adds_to_a_set_is_kept_in_few_digits(three):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = metrics.I3D().eval()
    kept = measure(*three, metrics=["vfid", "psnr"], weights={"vfid": network})
    assert kept.values.keys() == {"psnr"}
    for side, frames in zip(("result", "truth"), three, strict=False):
        wanted = metrics.features(frames, network)
        found = kept.features["vfid"][side]
        assert np.array_equal(np.array(found, np.float32), wanted)
        assert max(len(repr(value)) for value in found) < 17


def test_what_needs_weights_has_a_loader():
    needy = {name for name, metric in metrics.METRICS.items() if "weights" in metric.needs}
    assert LOADERS.keys() == needy
    assert all(getattr(metrics, loader) for loader in LOADERS.values())


def test_means_of_curves_that_have_no_numbers():
    assert mean_of([math.inf, 30.0, math.nan, 40.0]) == 35
    assert mean_of([math.nan, math.inf]) == math.inf
    assert math.isnan(mean_of([math.nan]))
