"""How far corrections are believed."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.methods.internal.belief import KINDS, beliefs

DOUBTS = np.array([[0, 0, 0.3], [0, 0.9, 0], [1, 0, 0]], np.float32)  # sure, unsure, seen nowhere


def case(shares, count=300, seed=0):
    """Pixels of every kind whose right change is so many shares of the change that is made."""
    rng = np.random.default_rng(seed)
    change = rng.normal(size=(KINDS * count, 3)).astype(np.float32)
    kinds = np.arange(KINDS).repeat(count)
    return change, change * np.float32(shares)[kinds][:, None], DOUBTS[kinds]


def test_each_kind_is_believed_as_far_as_it_was_right():
    found = beliefs([case((-0.5, 0.25, 2)), case((-0.5, 0.25, 2), seed=1)])
    np.testing.assert_allclose(found, (0, 0.25, 1), atol=1e-5)


def test_no_share_comes_closer_to_the_truth_than_those():
    rng = np.random.default_rng(4)
    change, right, doubts = case((0.3, 0.6, 0.9))
    right = right + rng.normal(size=right.shape).astype(np.float32)
    found = beliefs([(change, right, doubts)])

    def off(shares):
        return np.square(right - np.float32(shares).repeat(300)[:, None] * change).sum()

    for kind in range(KINDS):
        for other in (0, 0.5, 1):
            assert off(found) <= off(np.where(np.arange(KINDS) == kind, other, found)) + 1e-3


def test_few_pixels_are_believed_as_all_are():
    change, right, doubts = case((0.5, 0.5, 0.5))
    found = beliefs([(change[:301], right[:301], doubts[:301])])
    assert found == pytest.approx([0.5, 0.5, 0.5])
    assert (beliefs([]) == 1).all()
