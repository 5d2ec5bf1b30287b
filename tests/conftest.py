from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import HealthCheck, settings

from made_clips import make  # noqa: F401 - a fixture for all tests
from real_browser import browser, open_page  # noqa: F401 - fixtures for all tests of pages

if "PYTEST_XDIST_WORKER" in os.environ:  # several share the cores; threads that wait would spin
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long a draw takes says something of the machine and of what else it does, and nothing of us.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same draws every time, so that a change is judged by itself; --hypothesis-profile=patient
# looks for new ones.
settings.register_profile("steady", settings.get_profile("patient"), derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The DAVIS clips and masks beside the checkout; they are not part of the project."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "DAVIS").is_dir():
        pytest.skip("needs the shared DAVIS clips beside the checkout (shared/data)")
    return folder


@cache
def _photograph(name: str) -> Any:
    return getattr(skimage.data, name)()


@pytest.fixture(scope="session")
def pan() -> Callable[..., Any]:
    """Film a photograph of scikit-image: `step` is (dx, dy), how the camera moves a frame."""

    def film(
        count: int,
        step: tuple[float, float],
        *,
        name: str = "coffee",
        size: tuple[int, int] = (120, 160),
        start: tuple[float, float] = (40, 60),
        dtype: Any = np.uint8,
    ) -> Any:
        frames = []
        for t in range(count):
            left, top = start[0] + step[0] * t, start[1] + step[1] * t
            place = np.array([[1, 0, left], [0, 1, top]], np.float64)
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            frames.append(cv2.warpAffine(_photograph(name), place, size[::-1], flags=flags))
        clip = np.stack(frames)
        return clip.astype(np.uint16) * 257 if dtype == np.uint16 else clip

    return film


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test with a page once more where Chromium does not answer, as it rarely does."""
    for item in items:
        if "open_page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(60))
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=r"Timeout "))
