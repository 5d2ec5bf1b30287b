"""A camera on a tripod, told from one that hardly moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.flow.rest import at_rest

SIZE = (120, 160)
COUNT = 24
NOISES = [0, 2, 6]  # levels; with much more it is not told from something that moves


@pytest.fixture(scope="module")
def greys(pan):
    """Film a picture, in grey: `step` is how the camera moves a frame, `zoom` how it nears.

    `shake`: where the camera is beside its way in each frame. A photograph, or a picture that is
    textured everywhere alike.
    """
    photograph = cv2.cvtColor(pan(1, (0, 0), size=(200, 260))[0], cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(np.random.default_rng(7).normal(size=(200, 260)), None, 2)
    even = np.clip(128 + 30 * smooth / smooth.std(), 0, 255).astype(np.uint8)

    def film(count=COUNT, step=(0, 0), *, zoom=1.0, shake=None, noise=0, seed=0, textured=False):
        still = even if textured else photograph
        rng, clip = np.random.default_rng(seed), []
        for t in range(count):
            scale = zoom**-t
            left, top = (20 + v * t + (1 - scale) * side / 2
                         for v, side in zip(step, SIZE[::-1], strict=True))  # fmt: skip
            if shake is not None:
                left, top = left + shake[t][0], top + shake[t][1]
            place = np.array([[scale, 0, left], [0, scale, top]])
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            picture = cv2.warpAffine(still, place, SIZE[::-1], flags=flags)
            noisy = picture + rng.normal(0, noise, SIZE)
            clip.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
        return clip

    return film


def rests(greys, doubtful=None):
    if doubtful is None:
        doubtful = np.zeros((len(greys), *greys[0].shape), bool)
    found = at_rest(greys, doubtful)
    assert found.dtype == np.bool_
    assert found.shape == (len(greys) - 1,)
    return found


@pytest.mark.parametrize("noise", NOISES)
def test_a_still_picture_rests_whatever_its_noise(greys, noise):
    for seed in range(3):
        assert rests(greys(noise=noise, seed=seed)).mean() > (0.9 if noise > 5 else 0.999)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("step", [(0.05, 0), (0, -0.05), (1, 0), (3, 2)], ids=str)
def test_a_pan_does_not_rest_however_slow(greys, noise, step):
    assert not rests(greys(step=step, noise=noise)).any()


@pytest.mark.parametrize("noise", [0, 2])
@pytest.mark.parametrize("zoom", [1.001, 1 / 1.001])
def test_a_slow_zoom_does_not_rest(greys, noise, zoom):
    """No more than 0.1 pixels a frame, in the corners alone."""
    assert not rests(greys(zoom=zoom, noise=noise)).any()


@pytest.mark.parametrize("noise", [0, 2])
@pytest.mark.parametrize("period", [12, 16, 21, 32, 48])
def test_a_camera_that_sways_does_not_rest(greys, noise, period):
    """By a pixel to either side: after a while it is where it was, but it has not rested."""
    turns = 2 * np.pi * np.arange(64) / period
    shake = np.stack([np.sin(turns), 0 * turns], axis=1)
    assert rests(greys(64, shake=shake, noise=noise)).mean() < 0.1


def test_a_camera_that_shakes_does_not_rest(greys):
    """By up to a pixel in every frame: neighbours differ by as much as frames far apart."""
    shake = np.random.default_rng(0).uniform(-1, 1, (64, 2))
    assert rests(greys(64, shake=shake)).mean() < 0.1


@pytest.mark.parametrize("noise", [0, 2])
def test_something_that_moves_does_not_move_the_camera(greys, noise):
    """Water runs over a third of the picture, or something goes by that is smaller."""
    still = greys(noise=noise, textured=True)
    moving = greys(step=(1.5, 0.5), noise=noise, seed=1, textured=True)
    water, passing = ([picture.copy() for picture in still] for _ in range(2))
    for t, picture in enumerate(moving):
        water[t][:, :53] = picture[:, :53]
        passing[t][:, 3 * t : 3 * t + 25] = picture[:, :25]
    assert rests(water).all()
    assert rests(passing).all()


def test_what_is_doubtful_is_not_compared(greys):
    """Most of the picture is marked: whether that moves or not, the rest decides."""
    doubtful = np.zeros((COUNT, *SIZE), bool)
    doubtful[:, :, :100] = True
    still = greys(noise=2, textured=True)
    moving = greys(step=(1, 0), noise=2, seed=1, textured=True)
    for marked in (still, moving):
        for known, expected in ((still, True), (moving, False)):
            mixed = [np.where(*pictures) for pictures in zip(doubtful, marked, known, strict=True)]
            assert (rests(mixed, doubtful) == expected).all()
    assert not rests([np.where(*p) for p in zip(doubtful, moving, still, strict=True)]).any()


def test_what_is_doubtful_in_either_picture_is_not_compared(greys):
    """Rubbish stands under a hole that is elsewhere in every frame."""
    clip, doubtful = greys(noise=2), np.zeros((COUNT, *SIZE), bool)
    rng = np.random.default_rng(0)
    for t, picture in enumerate(clip):
        doubtful[t, :, (t % 2) * 80 :][:, :70] = True
        picture[doubtful[t]] = rng.integers(0, 256, int(doubtful[t].sum()), np.uint8)
    assert rests(clip, doubtful).all()
    assert not rests(clip).any()


def test_a_camera_that_rests_and_then_pans_and_rests_again(greys):
    still, moving = greys(20, noise=2), greys(20, (0.5, 0), noise=2, seed=1)
    there = [moving[-1]] * 20
    found = rests([*still, *moving[1:], *there])
    np.testing.assert_array_equal(found, np.arange(58) // 19 != 1)


def test_a_short_rest_in_a_pan_is_none(greys):
    """It cannot be told from a turn of the camera, and nothing drifts far in so few frames."""
    moving = greys(40, (0.5, 0), noise=2)
    assert not rests([*moving[:20], *[moving[20]] * 8, *moving[20:]])[:19].any()
    assert not rests([*moving[:20], *[moving[20]] * 8, *moving[20:]])[28:].any()


def test_short_clips(greys):
    """A clip of some frames is compared end to end, one of a few cannot tell."""
    for count in range(1, 5):
        assert not rests(greys(count)).any()
    for count in (5, 9, 16, 17):
        assert rests(greys(count)).all()
        assert not rests(greys(count, (1, 0))).any()
    assert at_rest([], np.zeros((0, *SIZE), bool)).shape == (0,)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (2, 2), (40, 1), (1, 40), (5, 7)])
def test_pictures_of_a_few_pixels_do_not_tell(size):
    assert not rests([np.zeros(size, np.uint8)] * 20).any()


def test_without_enough_that_is_known_it_cannot_be_told(greys):
    clip, doubtful = greys(), np.ones((COUNT, *SIZE), bool)
    assert not rests(clip, doubtful).any()
    doubtful[:, :20, :20] = False
    assert not rests(clip, doubtful).any()


def test_a_lost_frame_does_not_hide_that_others_rest(greys):
    clip, doubtful = greys(60, noise=2), np.zeros((60, *SIZE), bool)
    doubtful[40] = True
    found = rests(clip, doubtful)
    assert found[:20].all()
    assert found.mean() > 0.5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_texture_rests(level):
    """Nothing in it could show that it moves."""
    assert rests([np.full(SIZE, level, np.uint8)] * COUNT).all()


def test_a_jolt_between_is_no_rest(greys):
    """Two frames lie elsewhere: the camera is pushed and comes back, and rests before and after."""
    shake = np.zeros((COUNT, 2))
    shake[COUNT // 2 : COUNT // 2 + 2] = (5, 4)
    found = rests(greys(shake=shake, noise=2))
    assert not found[[COUNT // 2 - 1, COUNT // 2 + 1]].any()
    assert found.mean() > 0.8
