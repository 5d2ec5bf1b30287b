"""Amounts of memory, as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.memory import bytes_of, in_words


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2G", 2 * 10**9),
        (" 1.5 GB ", 1_500_000_000),
        ("900m", 900 * 10**6),
        ("1MiB", 2**20),
        ("0.5Gi", 2**29),
        ("4096", 4096),
        (4096, 4096),
        (None, None),
    ],
)
def test_amounts_are_read(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "much", "-2G", "0", "0.0G", "2i", "2GG", "1e9", "2 G B", -5])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(BadInput, match="no amount of memory"):
        bytes_of(text)


@given(st.integers(1, 10**13))
def test_what_is_said_is_no_less(size):
    said = bytes_of(in_words(size))
    assert size <= said <= 1.12 * size + 10**6
