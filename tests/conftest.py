from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The DAVIS clips and masks beside the checkout; they are not part of the project."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "DAVIS").is_dir():
        pytest.skip("needs the shared DAVIS clips beside the checkout (shared/data)")
    return folder
