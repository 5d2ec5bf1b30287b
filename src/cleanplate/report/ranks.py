"""The result of a study: how often each method came first, second, third, and how sure that is."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from cleanplate.io.place import write_text
from cleanplate.report.answers import Answers

LEVEL = 0.95

Flags = NDArray[np.bool_]  # (answers,)
People = NDArray[np.intp]  # (answers,) who gave each: 0, 1, ...


@dataclass(frozen=True)
class Share:
    """How large a part of the answers is, from 0 to 1, with its 95 % confidence interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """What a study says of one method. shares: of the 1st, 2nd, ... ranks."""

    method: str
    answers: int
    people: int
    shares: tuple[Share, ...]
    mean_rank: float


def ranks(answers: Answers) -> list[Line]:
    """Return a line for each method, the best mean rank first.

    An answer is how one person ranked all methods on one clip. The intervals speak about other
    people before the same clips; see `share_of`.
    """
    given = answers.rankings
    _, people = np.unique([ranking.person for ranking in given], return_inverse=True)
    places = range(1, len(answers.methods) + 1)
    lines = []
    for method in answers.methods:
        got = np.array([ranking.ranks[method] for ranking in given])
        shares = tuple(share_of(got == place, people) for place in places)
        lines.append(Line(method, len(got), int(people.max()) + 1, shares, float(got.mean())))
    return sorted(lines, key=lambda line: line.mean_rank)


def share_of(flags: Flags, people: People) -> Share:
    """Return the share of True with its 95 % confidence interval.

    flags: (N,) bool. people: (N,) who gave each answer, from 0, everyone at least one. Answers of
    one person are alike, so N of them tell less than those of N people. The interval is Wilson's
    score interval (Wilson, JASA 1927) on `effective_number`, with Student's t for the number of
    people less one in place of the normal quantile (Korn and Graubard, Survey Methodology 1998):
    with few people the spread between them is itself a guess. One person says nothing about
    others: the interval is everything from 0 to 1.

    >>> half = share_of(np.array([True, True, False, False]), np.array([0, 1, 2, 3]))
    >>> half.share, round(half.low, 2), round(half.high, 2)
    (0.5, 0.08, 0.92)
    """
    share, count = float(flags.mean()), int(people.max()) + 1
    if count == 1:
        return Share(share, 0.0, 1.0)
    quantile = float(stdtrit(count - 1, (1 + LEVEL) / 2))
    return Share(share, *wilson(share, effective_number(flags, people), quantile))


def wilson(share: float, count: float, quantile: float) -> tuple[float, float]:
    """Return the score interval of a share (0 to 1) of `count` independent answers.

    >>> low, high = wilson(0.5, 10, 1.96)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    weight = quantile**2 / count
    middle = (share + weight / 2) / (1 + weight)
    reach = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def effective_number(flags: Flags, people: People) -> float:
    """Return how many independent answers would be as sure as these: N over the design effect.

    That is the variance of a share among independent answers over its variance between people,
    G / (G - 1) * sum over people (sum of residuals)^2 / N^2 (Kish, Survey Sampling, 1965). It is
    never more than N, and never less than if everyone had given one answer over and over,
    N^2 / sum over people (their answers)^2, which is G if all answered equally often. The latter
    also stands where all answers agree, and nothing can be seen of their spread.

    >>> two_people = np.array([0, 0, 1, 1])
    >>> effective_number(np.array([True, True, False, False]), two_people)
    2.0
    >>> effective_number(np.array([True, False, True, False]), two_people)
    4.0
    """
    total, share = len(flags), float(flags.mean())
    each = np.bincount(people)
    least = float(total**2 / np.sum(each**2))
    if len(each) == 1 or share in (0, 1):
        return least
    residuals = np.bincount(people, weights=flags) - share * each
    between = len(each) / (len(each) - 1) * float(np.sum(residuals**2)) / total**2
    alone = share * (1 - share)
    if between * total <= alone:
        return float(total)
    return max(alone / between, least)


def write_csv(lines: Sequence[Line], path: Path) -> None:
    """Write the lines as a table with one row a method; raises BadOutput."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    places = range(1, len(lines[0].shares) + 1)
    heads = [name for n in places for name in (f"rank_{n}", f"rank_{n}_low", f"rank_{n}_high")]
    table.writerow(["method", "answers", "people", "mean_rank", *heads])
    for line in lines:
        cells = [n for share in line.shares for n in (share.share, share.low, share.high)]
        table.writerow([line.method, line.answers, line.people, line.mean_rank, *cells])
    write_text(path, text.getvalue())
