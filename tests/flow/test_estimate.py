"""The flow between frames, against shifts that are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cleanplate.flow.estimate import estimate_flow, flow_between


def shifted(count, step, size=(120, 160), name="chelsea"):
    """The camera moves by step (dx, dy) a frame, so that the scene moves by minus that."""
    photograph = getattr(skimage.data, name)()
    if photograph.ndim == 3:
        photograph = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    return [
        cv2.warpAffine(
            photograph,
            np.array([[1, 0, 60 + step[0] * t], [0, 1, 80 + step[1] * t]], np.float64),
            size[::-1],
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        )
        for t in range(count)
    ]


@pytest.mark.parametrize("step", [(1.5, -0.75), (-4.3, 2.6), (0.4, 0.3), (9.5, 0)])
@pytest.mark.parametrize(  # measured: 0.07, 0.10, and 0.23 where half of the picture is flat
    ("name", "bar"), [("gravel", 0.1), ("chelsea", 0.11), ("coffee", 0.25)]
)
def test_a_sub_pixel_shift_is_found(step, name, bar):
    forward, backward = estimate_flow(shifted(3, step, name=name))
    assert forward.shape == backward.shape == (2, 120, 160, 2)
    assert forward.dtype == backward.dtype == np.float32
    inner = np.s_[:, 16:-16, 16:-16]
    for flow, truth in ((forward, (-step[0], -step[1])), (backward, step)):
        error = np.linalg.norm(flow[inner] - np.float32(truth), axis=-1)
        assert error.mean() < bar


def test_a_still_picture_does_not_move():
    forward, backward = estimate_flow(shifted(2, (0, 0)))
    assert np.abs(forward).max() < 0.02
    assert np.abs(backward).max() < 0.02


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (2, 200), (31, 33), (100, 1)])
def test_any_size_has_a_flow_of_its_size(size):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, size, np.uint8) for _ in range(3)]
    forward, backward = estimate_flow(pictures)
    assert forward.shape == backward.shape == (2, *size, 2)
    assert np.isfinite(forward).all()
    assert np.isfinite(backward).all()


def test_one_picture_has_no_neighbours():
    forward, backward = estimate_flow([np.zeros((5, 7), np.uint8)])
    assert forward.shape == backward.shape == (0, 5, 7, 2)


def test_the_same_pictures_give_the_same_flow():
    pictures = shifted(2, (2.3, 1))
    first = flow_between(*pictures)
    np.testing.assert_array_equal(first, flow_between(*pictures))
    np.testing.assert_array_equal(first, estimate_flow(pictures)[0][0])
