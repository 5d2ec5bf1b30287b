"""What follows from what a fill is asked for."""

from __future__ import annotations

import pytest

import cleanplate as cp
from cleanplate.asked import as_method, length_within, recipe_for
from cleanplate.errors import BadInput
from cleanplate.io import Encoding, open_video


def test_a_method_that_is_loaded_stays_what_it_is_and_has_no_recipe():
    room = cp.load_method("flow")
    assert as_method(room, tune="removal") is room
    assert recipe_for(room, tune="removal") is None


def test_the_recipe_tells_all_options():
    assert recipe_for("flow", seed=0) == recipe_for("flow", {}, seed=0)
    assert recipe_for("flow", seed=0) != recipe_for("flow", {"more": 1}, seed=0)


def test_an_option_is_told_once():
    with pytest.raises(BadInput, match="tune is not among"):
        as_method("flow", {"tune": "removal"}, tune="fidelity")


def test_little_memory_makes_windows_short_and_a_plate_shorter(make, tmp_path):
    with open_video(make("clip.mp4", size=(240, 320))) as reader:
        room = cp.load_method("flow")

        def length(memory, plate=None):
            given = room, reader.info, tmp_path / "out.mp4", Encoding(), plate
            return length_within(memory, *given)

        usual = length(None)
        least = next(m for m in range(100 << 20, 4 << 30, 4 << 20) if _suffices(length, m))
        assert length(least) < usual
        with pytest.raises(BadInput):
            length(least, tmp_path / "plate.mov")


def _suffices(length, memory):
    try:
        return length(memory) > 0
    except BadInput:
        return False
