from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk_line import Line, desk_in
from page_visitor import Here

import cleanplate as cp
from cleanplate.web.server import Settings, listening


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: Any) -> Iterator[Callable[..., str]]:
    """Run a server until the test ends; serve(**settings) returns its address."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with ExitStack() as running:

        def begin(*, hire: Any = Here, **settings: Any) -> str:
            given = Settings(**{"port": 0, **settings})
            server, address = running.enter_context(listening(given, hire=hire))
            thread = threading.Thread(target=server.run)
            thread.start()
            running.callback(thread.join)
            running.callback(server.end)
            return address

        yield begin
    assert not list((tmp_path / "temporary").iterdir()), "something is left behind"


@pytest.fixture(scope="session")
def scene(pan: Any) -> Any:
    """12 small frames of a camera that moves, a green disc in front: (frames, truth, holes)."""
    truth = pan(12, (3.0, 0.0), size=(96, 128))
    frames, holes = truth.copy(), np.zeros(truth.shape[:3], bool)
    y, x = np.mgrid[:96, :128]
    for t, (frame, hole) in enumerate(zip(frames, holes, strict=True)):
        hole[:] = np.hypot(x - 30 - 3 * t, y - 48) < 14
        frame[hole] = (30, 200, 60)
    return frames, truth, holes


@pytest.fixture(scope="session")
def clip(scene: Any, tmp_path_factory: Any) -> bytes:
    """The scene as the bytes of a small MP4 file."""
    path = tmp_path_factory.mktemp("scene") / "scene.mp4"
    cp.write_video(path, scene[0], encoding=cp.Encoding(crf=4))
    return bytes(path.read_bytes())


@pytest.fixture
def line() -> Line:
    """A line of jobs that stands still until a test says what comes of them."""
    return Line()


@pytest.fixture
def desk(tmp_path: Path, line: Line) -> Any:
    """The desk before that line."""
    return desk_in(tmp_path, line)


@pytest.fixture
def room(desk: Any) -> Any:
    """A visitor's room there."""
    return desk.rooms.of(desk.rooms.enter())
