"""Do windows show? The change of a fill from frame to frame at their borders, and inside them.

    python benchmarks/borders.py [--length 24] [--tune removal] [--kinds stationary]
    python benchmarks/borders.py --length 90 --frames 200

The clips of DAVIS at 432x240, filled in windows of at most `length` frames; with --frames they are
played forth and back until they have so many. A border are all frames that two windows share, and
the frames beside them. Printed for each clip is the largest change of the fill along its own motion
(`metrics.temporal.changes`, in levels) at borders and elsewhere, and the largest at the same places
of the same clip filled in a single window: what is there anyway.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

import numpy as np

import cleanplate as cp
import cleanplate.windows
from cleanplate.masks.draw.shuffled import forth_and_back
from cleanplate.methods.flow_guided.inference import Method
from cleanplate.metrics.temporal import changes
from cleanplate.stream import Still, cut, look
from quality import DATA, JUDGING, TUNING, load


def main() -> None:
    """Print a row for each clip, then how many have no larger change at borders than elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, default=24)
    parser.add_argument("--frames", type=int, help="played forth and back to so many")
    parser.add_argument("--tune", default="removal", choices=["fidelity", "removal"])
    parser.add_argument("--kinds", default="stationary")
    parser.add_argument("--clips", default=",".join(TUNING + JUDGING))
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    print(f"{'':28}{'borders':>10}{'elsewhere':>11}{'one window':>12}")
    good = rows = 0
    for kind in arguments.kinds.split(","):
        for clip in arguments.clips.split(","):
            frames, holes = played(*load(arguments.data, kind, clip, None), arguments.frames)
            here = np.zeros(len(frames) - 1, bool)
            here[borders(frames, holes, arguments.length)] = True
            if not here.any():
                print(f"{kind:12}{clip:16} lies in a single window", flush=True)
                continue
            told = {"tune": arguments.tune, "options": {"completion": "smooth"}}
            one = np.array(changes(filled(frames, holes, len(frames), **told), holes))
            many = np.array(changes(filled(frames, holes, arguments.length, **told), holes))
            at, beside, anyway = np.nanmax(many[here]), np.nanmax(many[~here]), np.nanmax(one[here])
            good, rows = good + (at <= max(beside, anyway)), rows + 1
            print(f"{kind:12}{clip:16}{at:10.2f}{beside:11.2f}{anyway:12.2f}", flush=True)
    print(f"{good} of {rows}: no more at borders than elsewhere, or than in a single window")


def played(
    frames: np.ndarray, holes: np.ndarray, count: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Play a clip forth and back until it has so many frames; once if None."""
    order = list(forth_and_back(count or len(frames), len(frames)))
    return frames[order], holes[order]


def borders(frames: np.ndarray, holes: np.ndarray, length: int) -> list[int]:
    """Return the first frames of pairs that lie at a border of windows."""
    shown = look((Still(f), h, None) for f, h in zip(frames, holes, strict=True))
    found = [w for w in cut(shown, length) if w.lead]
    return [t for w in found for t in range(w.first - 1, w.first + w.lead)]


def filled(frames: np.ndarray, holes: np.ndarray, length: int, **told: object) -> np.ndarray:
    """Fill a clip in windows of at most so many frames."""
    with (
        patch.object(cleanplate.windows, "LONGEST", length),
        patch.object(Method, "longest_window", length),
    ):
        return cp.fill(frames, holes, **told)


if __name__ == "__main__":
    main()
