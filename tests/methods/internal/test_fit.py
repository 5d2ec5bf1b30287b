"""A fit ends when its plan says so, keeps the best weights, and goes on where it was stopped."""

from __future__ import annotations

import logging

import pytest

torch = pytest.importorskip("torch")

from cleanplate.errors import BadInput, CleanplateError  # noqa: E402
from cleanplate.methods.internal import fit as fitting  # noqa: E402
from cleanplate.methods.internal.fit import fit  # noqa: E402
from cleanplate.methods.internal.plan import Plan  # noqa: E402


class Line:
    """Fits y = 3 x by numbers that depend on the step alone; judged as it is told."""

    def __init__(self, judgements=None, stop_at=None):
        self.judgements = None if judgements is None else list(judgements)
        self.stop_at = stop_at

    def losses(self, network, step):
        if step == self.stop_at:
            raise KeyboardInterrupt
        x = torch.randn(8, 1, generator=torch.Generator().manual_seed(step))
        return {"total": (network(x) - 3 * x).abs().mean()}

    def judge(self, network):
        return None if self.judgements is None else self.judgements.pop(0)


def network():
    torch.manual_seed(0)
    return torch.nn.Linear(1, 1)


def state(net):
    return {key: value.clone() for key, value in net.state_dict().items()}


def same(one, two):
    return all(torch.equal(one[key], two[key]) for key in one)


def test_a_fit_gets_better_and_its_rate_ends_at_nothing():
    net, shares = network(), []
    marks = fit(net, Line(), Plan(steps=60, learning_rate=0.1, judged_every=20),
                progress=shares.append)  # fmt: skip
    assert [mark.step for mark in marks] == [0, 20, 40, 60]
    assert marks[-1].loss < marks[1].loss / 2
    assert shares == [step / 60 for step in range(1, 61)]
    rates = [Plan(steps=60).rate(step, step / 60) for step in range(61)]
    assert max(rates) <= 1e-3
    assert rates[60] == 0
    assert rates[0] < rates[10] > rates[40]
    assert Plan(schedule="constant", warmup=0).rate(1000, 0.9) == 1e-3


def test_the_weights_that_were_judged_best_are_kept():
    net, seen = network(), []

    class Watching(Line):
        def judge(self, network):
            seen.append(state(network))
            return super().judge(network)

    fit(net, Watching([9, 5, 2, 3, 4]), Plan(steps=40, judged_every=10))
    assert same(state(net), seen[2])
    fit(net, Watching(), Plan(steps=40, judged_every=10))  # nothing is held out
    assert same(state(net), seen[-1])


def test_a_fit_that_gets_no_better_ends():
    plan = Plan(steps=1000, judged_every=10, patience=2)
    marks = fit(network(), Line([9, 5, 6, 7, 1]), plan)
    assert [mark.step for mark in marks] == [0, 10, 20, 30]


def test_a_budget_ends_a_fit_when_its_time_is_up(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(fitting.time, "perf_counter", lambda: float(next(clock)))
    marks = fit(network(), Line(), Plan(steps=10**6, budget="90s", judged_every=50))
    assert marks[-1].step == pytest.approx(90, abs=3)  # each takes a second
    assert marks[-1].seconds >= 90


@pytest.mark.parametrize("stop_at", [5, 25, 26, 39])
def test_a_fit_that_was_stopped_ends_bit_equal(tmp_path, stop_at):
    plan, wanted = Plan(steps=40, judged_every=5, patience=0), network()
    judgements = [9, 8, 7, 6, 5, 6, 7, 3, 4]
    whole = fit(wanted, Line(judgements), plan)
    net = network()
    with pytest.raises(KeyboardInterrupt):
        fit(net, Line(judgements, stop_at=stop_at), plan, run=tmp_path)
    made = network()
    left = judgements[stop_at // 5 + 1 :]  # those that were not asked for yet
    marks = fit(made, Line([0, *left]), plan, run=tmp_path)
    assert same(state(made), state(wanted))
    assert [mark[:1] + mark[2:] for mark in marks] == [mark[:1] + mark[2:] for mark in whole]


def test_a_fit_that_is_done_is_not_made_again(tmp_path):
    plan, net = Plan(steps=10, judged_every=5), network()
    fit(net, Line(), plan, run=tmp_path)
    again = network()
    fit(again, Line(stop_at=0), plan, run=tmp_path)
    assert same(state(again), state(net))


def test_checkpoints_of_another_network_are_refused(tmp_path):
    fit(network(), Line(), Plan(steps=5), run=tmp_path)
    with pytest.raises(BadInput, match="not of this fit"):
        fit(torch.nn.Linear(2, 1), Line(), Plan(steps=5), run=tmp_path)


def test_a_fit_that_falls_apart_says_so():
    class Lost(Line):
        def losses(self, network, step):
            return {"total": super().losses(network, step)["total"] * float("nan")}

    with pytest.raises(CleanplateError, match="after 5 steps the loss is nan"):
        fit(network(), Lost(), Plan(steps=10, judged_every=5))


def test_loss_and_time_left_are_logged(caplog):
    with caplog.at_level(logging.INFO, "cleanplate"):
        fit(network(), Line([9, 5, 4]), Plan(steps=20, judged_every=10))
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "step 0", "step 10", "step 20"
    ]  # fmt: skip
    assert "held out 5.00 levels off" in caplog.records[1].message
    assert caplog.records[1].message.endswith("s left")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps is 0. Give a whole number from 1"),
        ({"budget": "soon"}, "budget is 'soon'. Give a time such as 90s"),
        ({"budget": "0s"}, "budget is '0s'"),
        ({"budget": 90}, "budget is 90"),
        ({"learning_rate": 0}, "learning_rate is 0.0. Give a number above 0"),
        ({"schedule": "steep"}, "schedule 'steep' is unknown"),
    ],
)
def test_a_plan_that_means_nothing_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        Plan(**wrong)
