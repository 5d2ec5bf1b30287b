"""What an encoder takes of memory and of time, told before it has anything to do."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from cleanplate.io.clip import means_folder, open_writer
from cleanplate.io.encode import Encoding, plan
from cleanplate.io.habits import HABITS, Habits
from cleanplate.io.info import VideoInfo
from cleanplate.io.picture import Picture
from cleanplate.io.pipe import is_pipe
from cleanplate.io.reader import Reader
from cleanplate.io.refuse import path_of


def encoder_bytes(out: str | Path, info: VideoInfo, encoding: Encoding) -> int:
    """Return how much memory writing such a clip takes; raises BadOutput where it cannot be."""
    out = path_of(out)
    if is_pipe(out) or means_folder(out):
        return 0
    chosen, (height, width) = plan(out, info, encoding), info.size
    habits = HABITS.get(chosen.codec, Habits())
    held = (info.is_large and habits.held_modest) or habits.held
    return height * width * held * chosen.planes.itemsize


def writing_seconds(
    pictures: list[Picture], like: Reader, out: str | Path, encoding: Encoding
) -> float:
    """Return how long it takes to write a few pictures as `out` would be, in a temporary place."""
    out = path_of(out)
    if is_pipe(out):
        return 0.0
    with tempfile.TemporaryDirectory(prefix="cleanplate-") as folder:
        suffix = "" if means_folder(out) else out.suffix  # a folder that is there may have a dot
        trial = Path(folder) / f"trial{suffix}"
        writer = open_writer(trial, like, encoding, alone=True)
        began = time.perf_counter()
        with writer:
            for picture in pictures:
                writer.write(picture)
            writer.finish()
        return time.perf_counter() - began
