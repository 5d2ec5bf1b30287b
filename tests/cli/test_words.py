from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.cli.words import folder_words, percent
from cleanplate.provenance import AFTER, BEFORE, BY_NETWORK, INVENTED


@given(st.floats(0, 1))
def test_percent_never_hides_a_rest(share):
    words = percent(share)
    assert (words == "0 %") == (share == 0)
    assert (words == "100 %") == (share == 1)
    digits = float(words.removeprefix("under ").removeprefix("over ").removesuffix(" %"))
    assert digits == pytest.approx(100 * share, abs=0.51)


def test_the_words_for_provenance_are_its_colours():
    assert "Blue: frames before, red: frames after" in folder_words("provenance", "p")
    assert BEFORE[1][2] > BEFORE[1][0] and AFTER[1][0] > AFTER[1][2]
    assert sum(BEFORE[1]) < sum(BEFORE[0]) and sum(AFTER[1]) < sum(AFTER[0])  # further is darker
    assert INVENTED == (255, 0, 255)
    assert BY_NETWORK[1] > BY_NETWORK[0] + BY_NETWORK[2]  # green
