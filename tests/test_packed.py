"""Masks that wait in an eighth of their bytes come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cleanplate.packed import Packed, union

sizes = st.tuples(st.integers(1, 9), st.integers(1, 19))


@given(sizes.flatmap(lambda size: arrays(bool, size)))
def test_a_mask_comes_back(mask):
    packed = Packed.of(mask)
    np.testing.assert_array_equal(packed.mask(), mask)
    assert packed.mask().dtype == np.bool_
    assert packed.size == mask.shape
    assert packed.any() == mask.any()
    assert packed.bits.nbytes == -(-mask.size // 8)


@given(sizes.flatmap(lambda size: arrays(bool, (3, *size))), st.integers(1, 3))
def test_the_union_is_what_any_mask_marks(masks, count):
    packed = [Packed.of(mask) for mask in masks[:count]]
    np.testing.assert_array_equal(union(packed), masks[:count].any(axis=0))
    np.testing.assert_array_equal(packed[0].mask(), masks[0])  # none was changed


def test_a_union_of_none_has_no_size():
    with pytest.raises(ValueError, match="unpack"):
        union([])
