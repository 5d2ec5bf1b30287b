from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleanplate.errors import BadInput
from cleanplate.web.ask import asked_of, box_of, frame_of, growth_of, points_of
from cleanplate.web.work import Asked

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = st.sampled_from(["method", "tune", "growth", "lossless", "plate", "seed"])


def test_nothing_asked_is_what_the_page_shows_as_usual():
    assert asked_of({}) == Asked("flow", "removal", "auto", False, False, 0)


def test_every_choice_arrives():
    given = {"method": "internal", "tune": "fidelity", "growth": 8, "plate": True, "seed": 7}
    assert asked_of({**given, "lossless": True}) == Asked("internal", "fidelity", 8, True, True, 7)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_whatever_is_sent_is_understood_or_refused(given):
    try:
        asked = asked_of(given)
    except BadInput:
        return
    assert asked.method in ("flow", "internal") and asked.tune in ("removal", "fidelity")
    assert asked.growth == "auto" or 0 <= asked.growth <= 64
    assert asked.seed >= 0


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_places_are_whole_numbers_or_refused(given):
    for read in (box_of, points_of, frame_of):
        try:
            found = read(given)
        except BadInput:
            continue
        if read is frame_of:
            assert found == given and found >= 0
        else:
            assert found == (None if given is None else found)


@pytest.mark.parametrize("method", ["sttn", "telea", "../flow", None, ["flow"]])
def test_methods_that_need_weights_are_not_offered(method):
    with pytest.raises(BadInput, match="Choose one of: flow, internal"):
        asked_of({"method": method})


@pytest.mark.parametrize("text", ["-1", "65", "1e3", "٣", "", "99999999999"])
def test_a_margin_in_an_address_is_small_and_whole(text):
    assert growth_of(None) == growth_of("auto") == "auto"
    assert growth_of("64") == 64
    with pytest.raises(BadInput, match="Give auto, or 0 to 64 pixels"):
        growth_of(text)


def test_boxes_and_clicks_arrive():
    assert box_of([1, -2, 30, 40]) == (1, -2, 30, 40)
    assert points_of([[1, 2], [3, 4]]) == [(1, 2), (3, 4)]
    for wrong in ([1, 2, 3], [1, 2, 3, 1.5], [1, 2, 3, True], [1, 2, 3, 10**9], "1234", {}):
        with pytest.raises(BadInput, match="4 whole numbers"):
            box_of(wrong)
