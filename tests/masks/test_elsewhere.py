"""How often other frames show something else."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.masks.elsewhere import TIMES, elsewhere
from cleanplate.region import Region
from made_panned import noise, panned

SIZE = (192, 256)
BOX = Region(28, 62, 42, 78)
PART = Region(8, 82, 22, 98)


def told(others, size=(74, 76)):
    return elsewhere(panned(0, size=SIZE), others, BOX, PART, size)


@pytest.mark.parametrize("size", [(74, 76), (37, 38)])
def test_an_object_that_moved_on_is_seldom_shown_again(size):
    shares = told([panned(step, size=SIZE) for step in (4, -4, 6, 8, -8)], size)
    assert [share.shape for share in shares] == [size] * len(TIMES)
    scale = size[0] / 74
    thing = tuple(slice(round(scale * a), round(scale * b)) for a, b in ((29, 45), (29, 47)))
    ground = tuple(slice(round(scale * a), round(scale * b)) for a, b in ((2, 16), (2, 74)))
    for share in shares:
        assert share[thing].mean() > 0.8
        assert share[ground].mean() < 0.5 * share[thing].mean()
    assert (shares[1] <= shares[0]).all()


def test_ground_is_what_most_show():
    """Where the object has come by in one of many frames, ground stays ground."""
    shares = told([panned(step, size=SIZE) for step in (4, 8, 12, 16, 20, -20)])
    behind = np.s_[28:46, 8:24]  # the thing is there, beside the camera, at step 4 alone
    assert shares[1][behind].mean() < 0.4


def test_frames_whose_ground_is_not_found_tell_nothing():
    assert told([noise(9, SIZE), noise(10, SIZE)]) == []
    assert told([]) == []


def test_a_box_around_everything_still_tells():
    whole = Region(0, SIZE[0], 0, SIZE[1])
    frame, others = panned(0, size=SIZE), [panned(step, size=SIZE) for step in (4, 8)]
    shares = elsewhere(frame, others, whole, whole, (96, 128))
    assert len(shares) == len(TIMES)
    assert all(np.isfinite(share).all() for share in shares)
