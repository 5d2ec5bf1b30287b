"""Samples with their motion: frames in a row, each sample told by its number alone."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.datasets import moving
from cleanplate.datasets.folders import open_dataset
from cleanplate.datasets.moving import MovingSamples
from cleanplate.errors import BadInput
from made_training import clips  # noqa: F401 - a fixture

SIZE = (32, 48)
FIELDS = ("frames", "holes", "forward", "backward", "doubt_forward", "doubt_backward")


def made(folder, **options):
    return MovingSamples(open_dataset(folder).clips, SIZE, frames=4, **options)


def test_a_sample_is_told_by_its_number_and_the_seed(clips):  # noqa: F811
    one, two = made(clips, seed=1), made(clips, seed=1)
    two[0]
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one[5], name), getattr(two[5], name))
    assert (one[5].frames != made(clips, seed=2)[5].frames).any()
    shapes = {name: getattr(one[5], name).shape for name in FIELDS}
    assert shapes == {
        "frames": (4, *SIZE, 3), "holes": (4, *SIZE), "forward": (3, *SIZE, 2),
        "backward": (3, *SIZE, 2), "doubt_forward": (3, *SIZE), "doubt_backward": (3, *SIZE),
    }  # fmt: skip


def test_the_motion_is_that_of_the_frames_mirrored_or_not(clips):  # noqa: F811
    """The camera pans by three pixels of 96, which are about 1.8 of the 58 that are seen."""
    samples, ways = made(clips), set()
    for number in range(12):
        sample = samples[number]
        sure = ~sample.doubt_forward
        dx, dy = (float(np.median(sample.forward[..., k][sure])) for k in (0, 1))
        assert abs(dx) == pytest.approx(1.8, abs=0.4)
        assert abs(dy) < 0.4
        assert np.median(sample.backward[..., 0]) * dx < 0
        assert sure.mean() > 0.5
        assert sample.holes.any()
        ways.add(dx > 0)
    assert ways == {True, False}


def test_no_flow_is_found_where_none_is_wanted(clips, monkeypatch):  # noqa: F811
    found, none = made(clips)[3], made(clips, flow=False)
    monkeypatch.setattr(moving, "classical_flow", None)
    np.testing.assert_array_equal(none[3].frames, found.frames)
    assert none[3].forward.shape == found.forward.shape
    assert not none[3].forward.any()


def test_what_cannot_be_made_is_refused(clips):  # noqa: F811
    with pytest.raises(BadInput, match=r"masks are \['blot'\]. Choose from: stationary"):
        made(clips, families=["blot"])
    with pytest.raises(BadInput, match="8 frames, 9 are needed"):
        MovingSamples(open_dataset(clips).clips, SIZE, frames=9)[0]
