"""Training samples of flow."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from cleanplate.datasets.flows import FlowSamples
from cleanplate.datasets.folders import open_dataset
from cleanplate.errors import BadInput
from made_training import clips  # noqa: F401 - a fixture

SIZE = (32, 48)


def made(folder, **options):
    return FlowSamples(open_dataset(folder).clips, SIZE, **{"frames": 5, **options})


@pytest.mark.parametrize("made_up", [0, 1])
def test_a_sample_is_told_by_its_number(clips, made_up):  # noqa: F811
    samples, again = made(clips, made_up=made_up), made(clips, made_up=made_up)
    kept = [samples[number] for number in range(4)]
    for number in (3, 0):
        for name in ("given", "wanted", "lost"):
            np.testing.assert_array_equal(getattr(again[number], name), getattr(kept[number], name))
    for one in kept:
        assert one.given.shape == (12, 16, *SIZE)
        assert one.wanted.shape == (12, 2, *SIZE)
        assert one.lost.shape == (12, 1, *SIZE)
        assert one.given.dtype == one.wanted.dtype == np.float32
        assert (one.clip == "made up") == bool(made_up)
        np.testing.assert_array_equal(one.given[:, 8:9] > 0, one.lost)
        assert one.lost.any(axis=(1, 2, 3)).all()


def test_what_is_wanted_is_nothing_where_the_flow_is_known(clips):  # noqa: F811
    one = made(clips, made_up=1)[0]
    known = np.broadcast_to(~one.lost, one.wanted.shape)
    np.testing.assert_allclose(one.wanted[known], 0, atol=1e-4)
    assert one.wanted[~known].any()


def test_a_pan_needs_no_correction(clips):  # noqa: F811
    """The clips are pans over a photograph: the camera explains most of it."""
    one = made(clips, made_up=0)[1]
    assert np.abs(one.wanted).mean() < 0.5


def test_clips_that_are_too_short_are_refused(clips):  # noqa: F811
    with pytest.raises(BadInput, match="8 frames, 30 are needed"):
        made(clips, made_up=0, frames=30)[0]
