"""Clips on a Ray cluster of this machine: the bytes of a local run, how fast, and a worker lost.

    python benchmarks/cluster.py [--clips 4] [--frames 60]

The clips are DAVIS "camel" at 432x240, each with a seed of its own, its annotation the mask, in
windows of 20 frames. They are filled one after the other in this process, then by two workers, then
again by two of which one is killed (kill -9) once it has kept a window. Printed is JSON: seconds of
each, whether all files are alike, and how many frames the lost worker's clip had not to fill again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import cleanplate.stream as stream
from camel import DATA, make_clip
from cleanplate.jobs import batch

SIZE = (432, 240)
LENGTH = 20


def main() -> None:
    """Print what came of it; ends with 1 where the files differ or nothing was gone on from."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        manifest = make_manifest(arguments.data, place, arguments.clips, arguments.frames)
        for name in ("_fill", "_fill_abroad"):  # windows are short in every process
            setattr(batch, name, partial(fill, getattr(batch, name)))
        took = {}
        took["local"], _ = timed(partial(batch.fill_batch, manifest, place / "local"))
        run = partial(batch.fill_batch, manifest, place / "two", cluster="local")
        took["two_workers"], _ = timed(run)
        killer = threading.Thread(target=kill_one, args=(place / "killed",), daemon=True)
        killer.start()
        run = partial(batch.fill_batch, manifest, place / "killed", cluster="local")
        took["one_killed"], results = timed(run)
        alike = all(
            (place / "local" / f"{n}.mp4").read_bytes() == (place / way / f"{n}.mp4").read_bytes()
            for n in range(arguments.clips)
            for way in ("two", "killed")
        )
    resumed = sum((done.summary or {}).get("resumed_frames", 0) for done in results)
    result = {name: round(seconds, 1) for name, seconds in took.items()}
    print(json.dumps({**result, "alike": alike, "frames_not_filled_again": resumed}))
    sys.exit(not alike or not resumed)


def fill(plain: object, *told: object) -> object:
    """Fill a clip in short windows, alone: shares of it would be filled in long ones."""
    batch.cores = lambda: 1
    stream.window_length = lambda *_: LENGTH
    return plain(*told)  # type: ignore[operator]


def make_manifest(data: Path, place: Path, clips: int, frames: int) -> Path:
    """Write the clips, and a manifest that names them."""
    lines = []
    for number in range(clips):
        video, masks = make_clip(data, place / f"{number}", length=frames, size=SIZE)
        told = {"video": str(video), "mask": str(masks), "out": f"{number}.mp4", "seed": number}
        lines.append(json.dumps(told))
    (place / "clips.jsonl").write_text("\n".join(lines))
    return place / "clips.jsonl"


def kill_one(out: Path) -> None:
    """Wait until a window of some clip is kept, and kill the worker that is at that clip."""
    while not (kept := sorted(out.glob(".*.job/*.window"))):
        time.sleep(0.05)
    lock = (kept[0].parent / "lock").stat().st_ino
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                held = [file.stat().st_ino for file in (process / "fd").iterdir()]
            except OSError:
                continue
            if lock in held:
                os.kill(int(process.name), signal.SIGKILL)
                return


def timed(work: partial[list[batch.Done]]) -> tuple[float, list[batch.Done]]:
    """Return the seconds that a batch takes, and what came of it."""
    began = time.perf_counter()
    results = work()
    return time.perf_counter() - began, results


if __name__ == "__main__":
    main()
