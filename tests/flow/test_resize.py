from __future__ import annotations

import numpy as np

from cleanplate.flow.resize import resize_flow


def test_a_flow_at_another_size():
    flow = np.full((10, 20, 2), (3.0, -40.0), np.float32)
    np.testing.assert_allclose(resize_flow(flow, (5, 40)), np.full((5, 40, 2), (6.0, -5.0)))
    assert not np.shares_memory(resize_flow(flow, (10, 20)), flow)
