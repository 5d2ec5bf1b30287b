"""Any metric by its name; one that lacks something does not stop the others."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import metrics
from cleanplate.metrics.score import DEFAULT, mean_of, measure, score


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


@pytest.mark.parametrize("name", ["sharpness", "vfid", 3])
def test_what_is_no_metric_of_a_clip_is_refused(three, name):
    with pytest.raises(cp.BadInput, match=r"is unknown. Choose from: psnr, .*flicker\."):
        score(*three, metrics=[name])


def test_means_of_curves_that_have_no_numbers():
    assert mean_of([math.inf, 30.0, math.nan, 40.0]) == 35
    assert mean_of([math.nan, math.inf]) == math.inf
    assert math.isnan(mean_of([math.nan]))
