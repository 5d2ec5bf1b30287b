"""Shares of ranks and how sure they are, by hand and against made people."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.report.answers import Answers, Ranking
from cleanplate.report.ranks import effective_number, ranks, share_of, wilson, write_csv


def answers(*given):
    """Each: (person, clip, methods from the best to the worst)."""
    rankings = tuple(
        Ranking(person, clip, {method: place for place, method in enumerate(order, 1)})
        for person, clip, order in given
    )
    return Answers("5tudy", tuple(sorted(given[0][2])), rankings, (), ())


def test_shares_and_mean_ranks_by_hand():
    lines = ranks(
        answers(
            ("anna", "camel", "fmt"), ("anna", "dog", "fmt"),
            ("bert", "camel", "ftm"), ("bert", "dog", "mft"),
        )
    )  # fmt: skip
    assert [line.method for line in lines] == ["f", "m", "t"]
    assert [line.mean_rank for line in lines] == [1.25, 2.0, 2.75]
    assert all((line.answers, line.people) == (4, 2) for line in lines)
    shares = [[share.share for share in line.shares] for line in lines]
    assert shares == [[0.75, 0.25, 0], [0.25, 0.5, 0.25], [0, 0.25, 0.75]]
    for share in (share for line in lines for share in line.shares):
        assert 0 <= share.low <= share.share <= share.high <= 1


def test_wilson_as_in_the_books():
    assert wilson(0.0, 10, 1.959964) == pytest.approx((0, 0.27753), abs=1e-5)
    assert wilson(0.3, 50, 1.959964) == pytest.approx((0.19103, 0.43750), abs=1e-5)
    low, high = wilson(1.0, 10, 1.959964)
    assert (1 - high, 1 - low) == pytest.approx(wilson(0.0, 10, 1.959964))


def test_effective_number_is_what_the_formula_says():
    people = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    flags = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0], bool)
    share, total = flags.mean(), len(flags)
    variance = sum((flags[people == g] - share).sum() ** 2 for g in range(3)) * 3 / 2 / total**2
    assert effective_number(flags, people) == pytest.approx(share * (1 - share) / variance)


def test_effective_number_stays_between_people_and_answers():
    same = np.repeat([True, False, True, False], 10)
    assert effective_number(same, np.repeat(np.arange(4), 10)) == pytest.approx(4)
    steady = np.tile([True, False], 20)  # more even than chance
    assert effective_number(steady, np.repeat(np.arange(4), 10)) == 40
    everyone = np.ones(12, bool)
    assert effective_number(everyone, np.repeat(np.arange(3), 4)) == 3
    uneven = np.array([0] * 10 + [1, 2])  # one person gave nearly all
    assert effective_number(np.ones(12, bool), uneven) == pytest.approx(144 / 102)


def test_one_person_says_nothing_about_others():
    share = share_of(np.array([True, True, False]), np.zeros(3, int))
    assert (share.low, share.high) == (0, 1)


def test_answers_of_one_person_count_less_than_those_of_many():
    flags = np.repeat([True, True, False, True, False, True], 5)
    alike = share_of(flags, np.repeat(np.arange(6), 5))
    alone = share_of(flags, np.arange(30))
    assert alike.high - alike.low > 1.5 * (alone.high - alone.low)


@pytest.mark.parametrize(("people", "clips"), [(5, 10), (10, 30)])
def test_intervals_hold_the_truth_as_often_as_they_say(people, clips):
    random = np.random.default_rng(3)
    truth, alike = 0.4, 0.3  # how alike the answers of one person are
    tries, held = 600, 0
    who = np.repeat(np.arange(people), clips)
    for _ in range(tries):
        habits = random.beta(truth * (1 / alike - 1), (1 - truth) * (1 / alike - 1), people)
        found = share_of(random.random(people * clips) < habits[who], who)
        held += found.low <= truth <= found.high
    assert 0.92 < held / tries < 0.985


def test_csv(tmp_path):
    lines = ranks(answers(("anna", "camel", "ft"), ("bert", "camel", "tf")))
    write_csv(lines, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == [
        "method", "answers", "people", "mean_rank",
        "rank_1", "rank_1_low", "rank_1_high", "rank_2", "rank_2_low", "rank_2_high",
    ]  # fmt: skip
    assert [row[:5] for row in rows] == [
        ["f", "2", "2", "1.5", "0.5"],
        ["t", "2", "2", "1.5", "0.5"],
    ]
    with pytest.raises(cp.BadOutput, match="does not exist"):
        write_csv(lines, tmp_path / "none" / "table.csv")
