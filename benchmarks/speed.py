"""Frames a second of a removal on files, end to end, and its ratio to the floor of the same run.

    python benchmarks/speed.py [--repeats 3] [--tunes removal,fidelity] [--length 90]

The floor is what no method of this kind can go below: decode, DIS "fast" flow both ways at full
size, encode with the same settings, one after the other. Floor and fill take turns; medians are
printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2

import cleanplate as cp
from camel import DATA, LENGTH, SIZE, make_clip, size_of
from cleanplate.io import open_video, open_writer


def main() -> None:
    """Print the floor and, for each tune, time a frame, frames a second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tunes", default="removal,fidelity")
    parser.add_argument("--length", type=int, default=LENGTH, help="above 90: forth and back")
    parser.add_argument("--size", type=size_of, default=SIZE)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    tunes, count, size = arguments.tunes.split(","), arguments.length, arguments.size
    with tempfile.TemporaryDirectory() as folder:
        video, masks = make_clip(arguments.data, Path(folder), length=count, size=size)
        out = Path(folder) / "clean.mp4"
        for tune in tunes:  # compiled code is loaded and caches are filled before anything counts
            cp.fill_file(video, masks, out, tune=tune)
        floors, fills = [], {tune: [] for tune in tunes}
        for _ in range(arguments.repeats):
            floors.append(timed(lambda: floor(video, Path(folder) / "floor.mp4")) / count)
            for tune in tunes:
                work = partial(cp.fill_file, video, masks, out, tune=tune)
                fills[tune].append(timed(work) / count)
    base = statistics.median(floors)
    print(f"{count} frames of {size[0]}x{size[1]}, median of {arguments.repeats}")
    print(f"floor      {1000 * base:7.1f} ms a frame")
    for tune, times in fills.items():
        each = statistics.median(times)
        print(
            f"{tune:10} {1000 * each:7.1f} ms a frame {1 / each:6.1f} fps  {each / base:.2f} floors"
        )


def floor(video: Path, out: Path) -> None:
    """Decode, find flow both ways, encode: one after the other."""
    with open_video(video) as reader:
        pictures = list(reader)
        search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        for one, two in pairwise(pictures):
            search.calc(one.planes[0], two.planes[0], None)
            search.calc(two.planes[0], one.planes[0], None)
        with open_writer(out, like=reader) as writer:
            for picture in pictures:
                writer.write(picture)
            writer.finish()


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
