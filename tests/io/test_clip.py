"""What write_video is given: frames, a rate, sound, wishes; other kinds get a sentence."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.io import Encoding, open_video, write_video

CLIP = np.zeros((3, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("target", ["out.mp4", "out"])
@pytest.mark.parametrize("frames", [CLIP[:0], CLIP[:, :0], CLIP[:, :, :0]])
def test_arrays_that_hold_nothing(tmp_path, target, frames):
    with pytest.raises(BadInput, match="at least one frame of one pixel"):
        write_video(tmp_path / target, frames)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate", [0, -25, float("nan"), float("inf"), "fast", None, [25], 1e-9])
def test_rates_that_are_none(tmp_path, rate):
    for target in ("out.mp4", "out"):
        with pytest.raises(BadInput) as raised:
            write_video(tmp_path / target, CLIP, rate=rate)
        assert "frames a second. Give a number above 0" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_rate_with_a_point_is_meant_as_it_is_written(tmp_path):
    write_video(tmp_path / "out.mp4", CLIP, rate=29.97)
    with open_video(tmp_path / "out.mp4") as reader:
        assert reader.info.frame_rate == Fraction(2997, 100)


@pytest.mark.parametrize(
    "audio, said",
    [
        (np.zeros((100, 2, 2)), "not .samples, rate."),
        (5, "not .samples, rate."),
        (("words", 48000), "not .samples, rate."),
        ((np.zeros(100), None), "not .samples, rate."),
        ((np.zeros(100), 0), "0 samples a second"),
        ((np.full(100, np.nan), 48000), "not finite"),
        ((np.zeros((100, 3)), 48000), "has shape"),
    ],
)
def test_sound_that_is_none(tmp_path, audio, said):
    with pytest.raises(BadInput, match=said) as raised:
        write_video(tmp_path / "out.mp4", CLIP, audio=audio)
    assert str(raised.value).endswith(".")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wish", [{"crf": "20"}, {"crf": True}, {"codec": 264}, {"preset": 3}])
def test_wishes_of_another_kind(wish):
    with pytest.raises(BadInput, match="or leave it out") as raised:
        Encoding(**wish)
    assert next(iter(wish)) in str(raised.value)
