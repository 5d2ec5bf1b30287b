"""Motion that is made up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.datasets.layers import layered_motion

SIZE = (48, 80)


def test_it_is_told_by_its_seed():
    for seed in range(4):
        first, again = layered_motion(4, SIZE, seed=seed), layered_motion(4, SIZE, seed=seed)
        for one, other in zip(first, again, strict=True):
            assert one.shape == (3, *SIZE, 2)
            assert one.dtype == np.float32
            assert np.isfinite(one).all()
            np.testing.assert_array_equal(one, other)
    assert not np.array_equal(layered_motion(4, SIZE, seed=9)[0], first[0])


@pytest.mark.parametrize("seed", range(5))
def test_what_goes_forward_comes_back(seed):
    """But for edges, noise, and what leaves the picture."""
    forward, backward = layered_motion(5, SIZE, seed=seed)
    rows, columns = np.indices(SIZE, np.float32)
    for there, back in zip(forward, backward, strict=True):
        x, y = columns + there[..., 0], rows + there[..., 1]
        came = there + cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = (x >= 0) & (x <= SIZE[1] - 1) & (y >= 0) & (y <= SIZE[0] - 1)
        assert np.median(np.linalg.norm(came, axis=-1)[inside]) < 0.5


def test_the_motion_is_of_all_kinds():
    """Somewhere nothing moves, somewhere a lot does, and somewhere things apart."""
    clips = [layered_motion(4, SIZE, seed=seed)[0] for seed in range(20)]
    lengths = [np.linalg.norm(clip, axis=-1).mean() for clip in clips]
    assert min(lengths) < 0.3
    assert max(lengths) > 2
    assert sum(np.abs(np.diff(clip, axis=2)).max() > 1 for clip in clips) > 3
