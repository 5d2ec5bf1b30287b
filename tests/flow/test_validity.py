"""Flow is trusted where the way there and back ends at its start, inside the picture."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.flow.validity import Rule, unreliable
from cleanplate.warp import sample_vector

SIZE = (20, 30)


def field(x, y):
    return np.broadcast_to(np.array([x, y], np.float32), (1, *SIZE, 2)).copy()


def test_what_leads_out_of_the_picture_and_what_does_not_come_back():
    towards, back = field(3, -2), field(-3, 2)
    found = unreliable(towards, back, Rule())[0]
    assert found[:2].all()
    assert found[:, -3:].all()
    assert not found[2:, :-3].any()
    back[0, 5:9, 10:15] += 4
    found = unreliable(towards, back, Rule())[0]
    assert found[7:11, 7:12].all()
    assert found[2:, :-3].sum() == 4 * 5


@pytest.mark.parametrize("rule", [Rule(), Rule("fixed", 1.5)])
def test_the_rules_are_their_slow_twin(rule):
    rng = np.random.default_rng(0)
    towards = rng.normal(0, 3, (1, *SIZE, 2)).astype(np.float32)
    back = -towards + rng.normal(0, 1, towards.shape).astype(np.float32)
    towards, back = (np.rint(flow * 32) / 32 for flow in (towards, back))
    found = unreliable(towards.astype(np.float32), back.astype(np.float32), rule)[0]
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            way = towards[0, y, x]
            there = x + way[0], y + way[1]
            if not (0 <= there[0] <= SIZE[1] - 1 and 0 <= there[1] <= SIZE[0] - 1):
                assert found[y, x]
                continue
            returned = np.array(sample_vector(back[0], there[1], there[0]))
            error = ((way + returned) ** 2).sum()
            if rule.rule == "fixed":
                limit = rule.delta**2
            else:
                limit = 0.01 * ((way**2).sum() + (returned**2).sum()) + 0.5
            assert found[y, x] == (error > limit)


def test_rules_that_mean_nothing_are_refused():
    for wrong in ({"rule": "loose"}, {"delta": 0}, {"delta": float("inf")}):
        with pytest.raises(BadInput, match="consistency" if "rule" in wrong else "delta"):
            Rule(**wrong)
