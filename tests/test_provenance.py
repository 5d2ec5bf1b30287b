from __future__ import annotations

import numpy as np

from cleanplate.provenance import BY_NETWORK, INVENTED, provenance_picture
from cleanplate.video import KNOWN, PAINTED, UNSEEN


def test_provenance_colours():
    source = np.array([[KNOWN, UNSEEN, PAINTED, 10, 9, 0, 11, 42]], np.int32)
    frame = np.full((1, 8, 3), 200, np.uint8)
    known, invented, painted, same, before, long_before, after, long_after = provenance_picture(
        source, 10, frame=frame
    )[0].astype(int)
    assert known.tolist() == [100, 100, 100]
    assert tuple(invented) == INVENTED
    assert tuple(painted) == BY_NETWORK
    assert same.tolist() == [255, 255, 255]
    assert before[2] > before[0]  # blue is before
    assert after[0] > after[2]  # red is after
    assert long_before.sum() < before.sum()
    assert long_after.sum() < after.sum()
    assert provenance_picture(source, 10)[0, 0].tolist() == [0, 0, 0]
