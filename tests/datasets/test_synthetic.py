from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from cleanplate.datasets.synthetic import crossing_object, moving_photograph, soft_chord

SIZE = (68, 120)


@pytest.fixture(scope="module")
def truth():
    return moving_photograph(skimage.data.coffee(), size=SIZE, count=12)


def test_camera_moves_smoothly_and_is_repeatable(truth):
    again = moving_photograph(skimage.data.coffee(), size=SIZE, count=12)
    assert truth.shape == (12, *SIZE, 3)
    assert np.array_equal(truth, again)
    assert not np.array_equal(
        truth, moving_photograph(skimage.data.coffee(), size=SIZE, count=12, seed=2)
    )
    steps = np.abs(np.diff(truth.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert (steps > 0.5).all()  # it moves all the time, by fractions of a pixel too
    assert np.abs(truth[-1].astype(float) - truth[0]).mean() > steps.max()


@pytest.mark.parametrize("shape", [(40, 30), (30, 200), (500, 90)])
def test_camera_stays_inside_any_photograph(shape):
    """The rim of the photograph is red; where it is seen the camera has left the inside."""
    photograph = np.full((*shape, 3), 100, np.uint8)
    frames = moving_photograph(photograph, size=(33, 47), count=9, seed=3)
    assert (frames == 100).all()
    photograph[[0, -1]] = photograph[:, [0, -1]] = (255, 0, 0)
    frames = moving_photograph(photograph, size=(33, 47), count=9, seed=3)
    assert np.mean(frames[..., 0] > 250) < 0.06  # it may touch the rim, and not run along it


def test_holes_are_exactly_where_the_object_is(truth):
    before = truth.copy()
    scene, holes = crossing_object(truth)
    assert np.array_equal(truth, before)
    changed = (scene != truth).any(axis=3)
    assert not changed[~holes].any()
    assert changed[holes].mean() > 0.97  # the faintest edge may round to the background
    assert (holes.mean(axis=(1, 2)) > 0.01).all()
    middles = [np.nonzero(hole)[1].mean() for hole in holes]
    assert (np.diff(middles) > 2).all()


def test_one_frame():
    frames = moving_photograph(skimage.data.coffee(), size=(20, 31), count=1)
    scene, holes = crossing_object(frames)
    assert scene.shape == frames.shape
    assert holes.any()


def test_chord_is_quiet_and_fades():
    samples = soft_chord(0.5, rate=8000)
    assert samples.shape == (4000, 2)
    assert samples.dtype == np.float32
    assert 0.1 < np.abs(samples).max() <= 0.3
    assert np.abs(samples[[0, -1]]).max() < 0.01
