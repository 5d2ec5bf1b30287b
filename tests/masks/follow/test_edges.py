"""Settling a mask between edges: against the linear system, solved in full."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.masks.follow import edges


def twin(wanted, prior, lab, likeness, step):
    """The same minimum by a dense solver."""
    height, width = wanted.shape
    system = np.diag(prior.ravel().astype(float))
    for y in range(height):
        for x in range(width):
            for to_y, to_x in ((y, x + 1), (y + 1, x)):
                if to_y < height and to_x < width:
                    squared = np.square(lab[y, x].astype(float) - lab[to_y, to_x]).sum()
                    squared = squared // edges._COARSE * edges._COARSE
                    link = likeness * (np.exp(-0.5 * squared / step**2) + edges._LEAK)
                    one, two = y * width + x, to_y * width + to_x
                    system[[one, two], [one, two]] += link
                    system[[one, two], [two, one]] -= link
    return np.linalg.solve(system, (prior * wanted).ravel()).reshape(height, width)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_settled_as_by_the_slow_twin(height, width, seed):
    rng = np.random.default_rng(seed)
    wanted = rng.random((height, width), np.float32)
    prior = (0.5 + rng.random((height, width))).astype(np.float32)
    lab = rng.integers(100, 130, (height, width, 3)).astype(np.uint8)
    settled = edges.settle(wanted, prior, lab, likeness=1.0, step=8.0)
    assert settled.dtype == np.float32
    np.testing.assert_allclose(settled, twin(wanted, prior, lab, 1.0, 8.0), atol=0.05)


def test_a_mask_moves_to_the_edge_of_the_picture():
    lab = np.full((20, 20, 3), 128, np.uint8)
    lab[:, 10:] = 160
    wanted = np.full((20, 20), 0.5, np.float32)
    wanted[:, :7], wanted[:, 13:] = 1, 0
    prior = np.abs(2 * wanted - 1) + np.float32(0.05)
    settled = edges.settle(wanted, prior, lab, likeness=3.0, step=8.0)
    assert (settled[:, :10] > 0.6).all()
    assert (settled[:, 10:] < 0.4).all()
