"""A mask carried along the flow."""

from __future__ import annotations

import numpy as np

from cleanplate.masks.follow.carried import carry, sound, squared_lengths
from cleanplate.region import Region, whole_of

SIZE = (20, 30)


def flow(dx, dy):
    field = np.zeros((*SIZE, 2), np.float32)
    field[...] = (dx, dy)
    return field


def test_a_mask_is_carried_and_trusted_where_both_ways_agree():
    soft = np.zeros(SIZE, np.float32)
    soft[5:10, 5:10] = 1
    carried = carry(soft, flow(4, 2), flow(-4, -2), whole_of(SIZE))
    wanted = np.zeros(SIZE, np.float32)
    wanted[7:12, 9:14] = 1
    assert (carried.soft == wanted).all()
    inside = np.zeros(SIZE, bool)
    inside[2:, 4:] = True
    assert (carried.trust[inside] == 1).all()
    assert (carried.trust[~inside] == 0).all()  # from beyond the picture


def test_ways_that_disagree_are_not_trusted():
    carried = carry(np.ones(SIZE, np.float32), flow(9, 0), flow(0, 0), whole_of(SIZE))
    assert (carried.trust < 0.05).all()


def test_flow_is_sound_where_it_returns():
    back = flow(-4, -2)
    back[:, 15:] = 0
    trust = sound(flow(4, 2), back, whole_of(SIZE))
    assert (trust[:18, :11] == 1).all()
    assert (trust[:, 11:] < 0.2).all()
    assert (trust[18:] < 0.2).all()  # it leaves the picture


def test_a_part_is_a_part_of_the_whole():
    rng = np.random.default_rng(2)
    soft = rng.random(SIZE, np.float32)
    towards, back = rng.normal(0, 2, (2, *SIZE, 2)).astype(np.float32)
    part = Region(3, 15, 6, 21)
    small, large = carry(soft, towards, back, part), carry(soft, towards, back, whole_of(SIZE))
    np.testing.assert_allclose(small.soft, part.crop(large.soft), atol=1e-6)
    np.testing.assert_allclose(small.trust, part.crop(large.trust), atol=1e-6)


def test_lengths():
    vectors = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(squared_lengths(vectors), (vectors**2).sum(axis=-1), rtol=1e-6)
