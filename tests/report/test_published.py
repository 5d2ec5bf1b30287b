"""The published numbers are a table that can be shown: named, in range, each of them once."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from cleanplate.metrics import METRICS
from cleanplate.report.protocol import PRESETS
from cleanplate.report.published import PROTOCOLS, PUBLISHED

RANGES = {"psnr": (10, 60), "ssim": (0, 1), "vfid": (0, 1), "warping_error": (0, 0.01)}


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.method}-{row.dataset}")
class TestRow:
    def test_its_protocol_is_described(self, row):
        assert row.protocol in PROTOCOLS

    def test_its_scores_are_metrics_of_the_house(self, row):
        assert row.scores and set(row.scores) <= set(METRICS)

    def test_its_scores_are_plausible(self, row):
        for name, value in row.scores.items():
            low, high = RANGES[name]
            assert low < value < high, name

    def test_it_says_where_it_is_from(self, row):
        assert row.method and row.dataset and row.holes
        assert re.search(r", \w+ 20\d\d\b", row.paper), "authors, venue and year"


def test_no_row_is_there_twice():
    rows = Counter((row.method, row.paper, row.dataset, row.holes) for row in PUBLISHED)
    assert max(rows.values()) == 1


def test_every_protocol_is_one_sentence_and_used():
    assert {row.protocol for row in PUBLISHED} == set(PROTOCOLS)
    for sentence in PROTOCOLS.values():
        assert sentence.endswith(".") and ". " not in sentence


def test_rows_of_one_paper_share_a_protocol():
    assert all(
        len({row.protocol for row in PUBLISHED if row.paper == paper}) == 1
        for paper in {row.paper for row in PUBLISHED}
    )


def test_the_preset_that_follows_a_paper_has_rows_to_stand_beside():
    assert "e2fgvi" in PRESETS and "e2fgvi" in PROTOCOLS


@pytest.mark.parametrize("dataset", ["DAVIS", "YouTube-VOS"])
@pytest.mark.parametrize("method", ["DFVI", "STTN", "TSAM", "TAAN"])
def test_the_papers_that_the_house_follows_have_rows(method, dataset):
    assert any((row.method, row.dataset) == (method, dataset) for row in PUBLISHED)
