"""Compiled code runs whether or not it can be kept."""

from __future__ import annotations

import pytest
from numba import njit

from cleanplate.compiled import compiled


def twice(number):
    return 2 * number


def test_kept_beside_its_module():
    assert compiled()(twice)(21) == twice(21)
    assert compiled()(twice).stats.cache_path


def test_runs_where_nothing_can_be_kept():
    """Code that stands in no file has no place either."""
    space = {}
    exec("def twice(number): return 2 * number", space)
    with pytest.raises(RuntimeError, match="cannot cache"):
        njit(cache=True)(space["twice"])
    assert compiled()(space["twice"])(21) == twice(21)


def test_options_are_handed_on():
    assert compiled(inline="always")(twice).targetoptions["inline"] == "always"
