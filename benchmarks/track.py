"""How well an object is followed from its mask in the first frame alone, and how fast.

    python benchmarks/track.py [--from-box] [--clips camel,dog] [--frames 40]
    python benchmarks/track.py --method internal --budget 2m --clips camel,dog
    python benchmarks/track.py --method sam2 --weights sam2.1-hiera-tiny --from-box

DAVIS clips, all objects of an annotation taken as one. A line a clip, tuning and judging clips
apart: intersection over union before the mask grows; the share of the object's pixels in the grown
mask, and its area against the object's, over all frames but the first; frames a second, from
frames in memory to grown masks. With --from-box the first mask is not the annotation but what
`select` makes of the box around it; its intersection over union comes first. With --fixes N the
annotation of the frame that is worst corrects the mask, N times. --method internal is a network
fitted to the first mask for as long as --budget says; --method sam2 is SAM 2 by the --weights in a
folder, which then selects as well.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from camel import DATA
from cleanplate.io import read_video
from cleanplate.masks.draw.files import Annotation
from cleanplate.masks.follow import Tracker
from cleanplate.masks.generous import AUTO
from cleanplate.masks.select import Selector, select
from cleanplate.masks.track import holes_of, marks_of, working_picture
from cleanplate.masks.ways import FURTHEST, near
from cleanplate.region import bounding_box
from cleanplate.tracking import TRACKERS, load_selector, load_tracker

TUNING = ("camel", "bmx-trees", "libby", "car-shadow", "dog")
JUDGING = ("blackswan", "breakdance", "drift-straight", "horsejump-high", "kite-surf")
COLUMNS = ("first", "iou", "recall", "area", "fps")


def main() -> None:
    """Print a table for the tuning and for the judging clips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from-box", action="store_true")
    parser.add_argument("--fixes", type=int, default=0)
    parser.add_argument("--clips", type=lambda text: text.split(","), default=TUNING + JUDGING)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--method", choices=TRACKERS, default="flow")
    parser.add_argument("--budget", default="2m")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    more = {"budget": arguments.budget} if arguments.method == "internal" else {}
    network = {"weights": arguments.weights, "device": arguments.device}
    tracker = load_tracker(arguments.method, **network, **more)
    selector = select
    if arguments.method == "sam2" and arguments.from_box:
        selector = load_selector("sam2", **network)
    print(f"{'':16}" + "".join(f"{name:>8}" for name in COLUMNS))
    rows = {}
    for group, clips in (("tuning", TUNING), ("judging", JUDGING)):
        for clip in clips:
            if clip in arguments.clips:
                frames, truth = load(arguments.data, clip, arguments.frames)
                first = selected(frames, truth[0], selector) if arguments.from_box else truth[0]
                rows[clip] = measure(frames, truth, first, arguments.fixes, tracker)
                show(clip, rows[clip])
        show(group, np.mean([rows[clip] for clip in clips if clip in rows] or [[np.nan] * 5], 0))
    show("all", np.mean(list(rows.values()), axis=0))


def load(data: Path, clip: str, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return frames (T, H, W, 3) and the object's masks (T, H, W)."""
    frames = read_video(data / "JPEGImages" / "480p" / clip).frames[:count]
    return frames, np.stack(Annotation(data / "Annotations" / "480p" / clip)[:count])


def measure(
    frames: np.ndarray, truth: np.ndarray, first: np.ndarray, fixes: int, tracker: Tracker
) -> list[float]:
    """Return the five columns of a clip."""
    keys = {0: first}
    while True:
        overlap, row = followed(frames, truth, keys, tracker)
        if fixes == 0:
            return [iou(first, truth[0]), *row]
        worst = int(np.argmin([2 if t in keys else value for t, value in enumerate(overlap)]))
        keys = dict(sorted({**keys, worst: truth[worst]}.items()))
        fixes -= 1


def followed(
    frames: np.ndarray, truth: np.ndarray, keys: dict[int, np.ndarray], tracker: Tracker
) -> tuple[list[float], list[float]]:
    """Follow from key masks; return the overlap of every frame, and four columns."""

    def read(start: int, stop: int | None) -> Iterator[np.ndarray]:
        return (working_picture(frame) for frame in frames[start:stop])

    began = time.perf_counter()
    course = tracker(read, marks_of(keys))
    grown = list(holes_of(course, keys, AUTO))
    seconds = time.perf_counter() - began
    tight = holes_of(course, keys, 0)
    overlap = [iou(mine, true) for mine, true in zip(tight, truth, strict=True)]
    later = [(g, t) for g, t in zip(grown[1:], truth[1:], strict=True) if t.any()]
    recall = np.mean([(g & t).sum() / t.sum() for g, t in later])
    area = sum(g.sum() for g, _ in later) / sum(t.sum() for _, t in later)
    return overlap, [float(np.mean(overlap[1:])), float(recall), area, len(frames) / seconds]


def selected(frames: np.ndarray, truth: np.ndarray, selector: Selector) -> np.ndarray:
    """Return what a selector makes of the box around an object in the first frame."""
    rows, columns = bounding_box(truth, margin=0)
    x, y = columns.start, rows.start
    others = near([working_picture(frame) for frame in frames[: FURTHEST + 1]], 0)
    return selector(frames[0], (x, y, columns.stop - x, rows.stop - y), others=others)


def iou(one: np.ndarray, two: np.ndarray) -> float:
    """Intersection over union; 1 where both are empty."""
    union = (one | two).sum()
    return float((one & two).sum() / union) if union else 1.0


def show(name: str, row: list[float] | np.ndarray) -> None:
    """Print a line of the table."""
    print(f"{name:16}" + "".join(f"{value:8.3f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
