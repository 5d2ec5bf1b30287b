"""Little clips to train on, and runs on them in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

SIZE = (48, 96)
TINY = ["--config", "tiny", "--quiet"]


def write_clip(folder: Path, *, count: int = 8, seed: int = 0) -> None:
    """A pan over a photograph, as pictures."""
    photograph = skimage.data.coffee()
    top, left = np.random.default_rng(seed).integers(0, 200, 2)
    folder.mkdir(parents=True)
    for t in range(count):
        part = photograph[top : top + SIZE[0], left + 3 * t : left + 3 * t + SIZE[1]]
        cv2.imwrite(str(folder / f"{t:05d}.png"), part[..., ::-1])


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """A data set of three clips."""
    folder = tmp_path_factory.mktemp("clips")
    for number, name in enumerate(("ant", "bee", "cat")):
        write_clip(folder / name, seed=number)
    return folder


@pytest.fixture
def one_core():
    """Train on one core: in parallel tests, threads would wait for each other."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def started(arguments: list[str], **environment: str) -> subprocess.Popen[str]:
    """``cleanplate ...`` on one core in a process of its own."""
    code = (
        "import sys, torch; torch.set_num_threads(1); from cleanplate.cli import main; "
        "sys.exit(main())"
    )
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal's or a batch system's job is
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process: its code, and what it said on stderr."""
    _, said = process.communicate(timeout=100)
    return process.returncode, said
