from __future__ import annotations

import numpy as np

from cleanplate.masks.check import check, count_specks, flicker

SIZE = (40, 60)


def block(share=0.2):
    hole = np.zeros(SIZE, bool)
    hole[6:-6, 5 : 5 + round(share * SIZE[1])] = True
    return hole


def test_a_good_mask_has_no_findings():
    report = check([block()] * 5, size=SIZE)
    assert report.findings == []
    assert report.coverage == (block().mean(),) * 3
    assert report.specks == 0


def test_findings_name_what_is_wrong():
    empty, full = np.zeros(SIZE, bool), np.ones(SIZE, bool)
    assert "empty in every frame" in check([empty] * 3, size=SIZE).findings[0]
    report = check([block(), full, block()], size=SIZE)
    assert report.full == [1]
    assert report.coverage[2] == 1
    text = " ".join(report.findings)
    assert "whole picture in frame 1" in text
    assert "it looks inverted" in text
    missed = check([block(), block(), empty, block()], size=SIZE)
    assert missed.empty == missed.flicker == [2]
    assert "jumps and returns in frame 2" in missed.findings[0]
    assert check([], size=SIZE).findings


def test_noise_is_noticed():
    noise = np.random.default_rng(0).random(SIZE) < 0.05
    report = check([noise], size=SIZE)
    assert report.specks > 20
    assert "specks" in report.findings[0]


def test_specks_are_patches_and_gaps():
    hole = block()
    assert count_specks(hole) == 0
    hole[10, 8] = False
    hole[30, 40] = True
    assert count_specks(hole) == 2


def test_flicker_is_not_a_lasting_change():
    assert flicker([0.1, 0.1, 0.4, 0.4, 0.0, 0.0]) == []
    assert flicker([0.1, 0.1, 0.4, 0.1, 0.1]) == [2]
    assert flicker([0.1]) == []
