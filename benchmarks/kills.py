"""One run killed twenty times (kill -9) at random moments, and every time begun again.

    python benchmarks/kills.py [--kills 20] [--frames 600] [--seed 0]

The clip is DAVIS "camel" at 432x240, played forth and back, its own annotation the mask, in windows
of 30 frames. Printed is whether the final file is that of a run never killed, bit for bit, and how
many windows were filled more than once though no kill had cut them.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from camel import DATA, make_clip

SIZE = (432, 240)
LENGTH = 30
RUN = f"""
import os, sys
import cleanplate.stream as stream
stream.window_length = lambda *_: {LENGTH}
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
plain, keep = stream.fill_window, stream.fills
def fill_window(window, *told):
    os.write(log, b"begin %d\\n" % window.first)
    return plain(window, *told)
stream.fill_window = fill_window
from cleanplate.store import Store
kept = Store.keep
def keep(self, *told):
    kept(self, *told)
    os.write(log, b"kept\\n")
Store.keep = keep
from cleanplate.cli import main
raise SystemExit(main())
"""


def main() -> None:
    """Print what came of it, as JSON; ends with 1 where it is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clip = make_clip(arguments.data, place / "clip", length=arguments.frames, size=SIZE)
        began = time.perf_counter()
        run(clip, place / "whole.mp4", place / "whole.log").wait()
        alone = time.perf_counter() - began
        logs = killed(clip, place, arguments.kills, alone, arguments.seed)
        twice = computed_twice(logs)
        same = (place / "out.mp4").read_bytes() == (place / "whole.mp4").read_bytes()
        left = sorted(p.name for p in place.iterdir() if p.name.startswith("."))
        windows = len(begun(place / "whole.log")[0])
    result = {
        "kills": len(logs) - 1,
        "windows": windows,
        "identical": same,
        "filled_twice_though_kept": twice,
        "left_behind": left,
        "seconds_of_a_run": round(alone, 1),
    }
    print(json.dumps(result))
    sys.exit(not same or bool(twice or left or len(logs) - 1 < arguments.kills))


def run(clip: tuple[Path, Path], out: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a fill that writes down which windows it begins and keeps."""
    command = [sys.executable, "-c", RUN, str(log), "fill", *map(str, clip), "-q", "-o", str(out)]
    return subprocess.Popen(command, start_new_session=True)


def killed(clip: tuple[Path, Path], place: Path, kills: int, alone: float, seed: int) -> list[Path]:
    """Kill a run again and again, then let it end; return the logs, one for each start."""
    rng, logs = np.random.default_rng(seed), []
    for number in range(kills):
        logs.append(place / f"{number}.log")
        process = run(clip, place / "out.mp4", logs[-1])
        wait_for(logs[-1], process)
        # Moments spread over a run of which some part is done already.
        time.sleep(float(rng.uniform(0, 1.5 * alone / kills)))
        if process.poll() is not None:
            break  # it is complete: there is nothing left to kill
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    logs.append(place / "last.log")
    if run(clip, place / "out.mp4", logs[-1]).wait():
        raise SystemExit("the last run did not end well")
    return logs


def wait_for(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a run has begun its first window, or has ended."""
    while process.poll() is None and not (log.exists() and log.stat().st_size):
        time.sleep(0.01)


def begun(log: Path) -> tuple[list[int], bool]:
    """Return the windows that a run began, by their first frames; whether its last was kept."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [int(line.split()[1]) for line in lines if line != "kept"], lines[-1:] == ["kept"]


def computed_twice(logs: list[Path]) -> list[int]:
    """Return windows that were begun again though no kill had cut them."""
    times: Counter[int] = Counter()
    for log in logs:
        windows, kept = begun(log)
        times.update(windows if kept or log == logs[-1] else windows[:-1])
    return sorted(first for first, count in times.items() if count > 1)


if __name__ == "__main__":
    main()
