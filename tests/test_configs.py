"""Dataclasses from plain values: every key and kind is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from cleanplate.configs import built
from cleanplate.errors import BadInput


@dataclass(frozen=True)
class Inner:
    on: bool = False


@dataclass(frozen=True)
class Outer:
    size: tuple[int, int] = (1, 2)
    many: tuple[float, ...] = ()
    pairs: tuple[tuple[int, float], ...] = ()
    name: str = "x"
    rate: float = 1.0
    most: int | None = None
    inner: Inner = field(default_factory=Inner)


def test_plain_values_become_what_is_wanted():
    found = built(
        Outer,
        {
            "size": [3, 4], "many": [1, 2.5], "pairs": [[1, 2]], "rate": 3, "most": 5,
            "inner": {"on": True},
        },
        source="it",
    )  # fmt: skip
    assert found == Outer((3, 4), (1.0, 2.5), ((1, 2.0),), "x", 3.0, 5, Inner(True))
    assert type(found.rate) is type(found.many[0]) is float
    assert built(Outer, {}, source="it") == Outer()
    assert built(Outer, {"most": None}, source="it").most is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"colour": 1}, "it has no setting 'colour'. Choose from: size, many"),
        ({"size": [1]}, "size of it is .* Give a list of 2"),
        ({"size": [1, True]}, "size of it is 'True'. Give a whole number"),
        ({"size": "ab"}, "size of it is 'ab'. Give a list of 2"),
        ({"many": 1}, "many of it is '1'. Give a list"),
        ({"name": 1}, "name of it is '1'. Give a text"),
        ({"rate": "1"}, "rate of it is '1'. Give a number"),
        ({"rate": float("nan")}, "rate of it is 'nan'"),
        ({"rate": True}, "rate of it is 'True'. Give a number"),
        ({"most": 1.5}, "most of it is '1.5'. Give a whole number"),
        ({"inner": 1}, "inner of it is '1'. Give a table"),
        ({"inner": {"on": 1}}, "on of inner of it is '1'. Give true or false"),
        ({"name": None}, "name of it is 'None'. Give a text"),
        ({"size": np.zeros(2)}, "Give a list of 2"),
        ({"x" * 200: 1}, "no setting 'x{80}'"),
    ],
)
def test_others_are_refused(values, problem):
    with pytest.raises(BadInput, match=problem) as refusal:
        built(Outer, values, source="it")
    assert "\n" not in str(refusal.value)
