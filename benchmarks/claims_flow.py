"""The claims of the flow-guided paper that need no training, at our scale.

    python benchmarks/claims_flow.py [--only 2 5 6] [--frames 24] [--kinds fixed object]

Xu et al., CVPR 2019, tables 2, 5 and 6; tables 3 and 4 are those of `claims_dfc.py`. The judging
clips at 432x240 are filled under two kinds of holes, and scored by PSNR of the hole and of the
frame and by how far changes to the next frame are off, in levels. In each table the first line is
what the paper has, and the others are compared with it, clip by clip: nothing here is drawn by
chance.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

import claims
import cleanplate as cp
from claims import SCORES, Line, Table
from cleanplate.flow.estimate import grey
from cleanplate.methods.flow_guided.inference import Method, Options
from cleanplate.video import Filled
from quality import DATA, JUDGING, KINDS, SIZE

USUAL = ("fixed", "object")


class Fill(NamedTuple):
    """What has a method's door, and is but a function of frames and holes."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def fill(self, frames: np.ndarray, holes: np.ndarray) -> Filled:
        """Return what the function makes of them."""
        return Filled(self.of(frames, holes), holes, [])


def by_flow(
    frames: np.ndarray, holes: np.ndarray, *, tune: str = "fidelity", **options: Any
) -> np.ndarray:
    """Fill by the flow method."""
    return cp.fill(frames, holes, tune=tune, options=options)


def each_alone(frames: np.ndarray, holes: np.ndarray, *, tune: str = "fidelity") -> np.ndarray:
    """Fill each frame as if there were no other: all that is in its hole is invented."""
    pairs = zip(frames, holes, strict=True)
    return np.stack([by_flow(one[None], hole[None], tune=tune)[0] for one, hole in pairs])


def by_baseline(name: str, frames: np.ndarray, holes: np.ndarray) -> np.ndarray:
    return cp.fill(frames, holes, method=name)


def by_estimate(estimate: Callable[..., Any], frames: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Fill by the flow method from another initial flow."""
    return Method(Options(tune="fidelity"), estimate=estimate).fill(frames, holes).frames


def flow_by(between: Callable[..., np.ndarray], pictures: Any) -> Any:
    """Return flow both ways, (T-1, H, W, 2) each, by what finds it between two grey pictures."""
    greys = [grey(picture) for picture in pictures]
    pairs = list(pairwise(greys))
    return (
        np.stack([between(a, b) for a, b in pairs]).astype(np.float32),
        np.stack([between(b, a) for a, b in pairs]).astype(np.float32),
    )


def farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """By polynomials that are fitted to each neighbourhood (Farnebäck, SCIA 2003)."""
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 5, 15, 3, 7, 1.5, 0)


def dis(preset: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """By dense inverse search, as a preset of OpenCV's has it."""
    return cv2.DISOpticalFlow.create(preset).calc(first, second, None)


def camera(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Take the motion of the picture as a whole alone: one homography of what corners do."""
    height, width = first.shape
    points = cv2.goodFeaturesToTrack(first, 400, 0.01, 7)
    still = np.zeros((height, width, 2), np.float32)
    if points is None:
        return still
    moved, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, None)
    matrix, _ = cv2.findHomography(points[found == 1], moved[found == 1], cv2.RANSAC, 1.0)
    if matrix is None:
        return still
    at = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    return cv2.perspectiveTransform(at.reshape(1, -1, 2), matrix).reshape(at.shape) - at


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "flow": by_flow,
    "removal": partial(by_flow, tune="removal"),
    "published": partial(by_flow, propagation="published"),
    "smooth alone": each_alone,
    "patches alone": partial(each_alone, tune="removal"),
    "telea": partial(by_baseline, "telea"),
    "median": partial(by_baseline, "median"),
    "ultrafast": partial(
        by_estimate, partial(flow_by, partial(dis, cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST))
    ),
    "medium": partial(
        by_estimate, partial(flow_by, partial(dis, cv2.DISOPTICAL_FLOW_PRESET_MEDIUM))
    ),
    "farneback": partial(by_estimate, partial(flow_by, farneback)),
    "camera": partial(by_estimate, partial(flow_by, camera)),
}
TABLES = {
    "2": Table(
        "Table 2: against the inpainting of images",
        (
            Line("along the flow", "flow"),
            Line("patches, each frame alone", "patches alone"),
            Line("smooth, each frame alone", "smooth alone"),
            Line("Telea, each frame alone", "telea"),
            Line("median of several frames", "median"),
        ),
        "hole",
        seeded=False,
    ),
    "5": Table(
        "Table 5: propagation, what no frame shows filled smoothly",
        (
            Line("published", "published"),
            Line("traced, by fidelity", "flow"),
            Line("none", "smooth alone"),
        ),
        "hole",
        seeded=False,
    ),
    "5 sharp": Table(
        "Table 5 again, what no frame shows filled from patches",
        (Line("traced, by removal", "removal"), Line("none", "patches alone")),
        "hole",
        seeded=False,
    ),
    "6": Table(
        "Table 6: another initial flow, completed and followed alike",
        (
            Line("DIS, as we set it", "flow"),
            Line("DIS ultrafast", "ultrafast"),
            Line("DIS medium", "medium"),
            Line("Farnebäck", "farneback"),
            Line("one homography a frame", "camera"),
        ),
        "hole",
        seeded=False,
    ),
}


def main() -> None:
    """Fill and score what the tables need, each way once, then print them."""
    given = parse()
    chosen = [TABLES[name] for name in given.only]
    clips = claims.judging_clips(given.data, given.kinds, given.clips, SIZE[::-1], given.frames)
    values = {}
    for way in claims.trainings_of(chosen):
        values[way] = claims.measured(
            [claims.scores(Fill(WAYS[way]), clips)], given.kinds, given.clips
        )
        print(f"{way}: done", flush=True)
    claims.print_heading(list(SCORES.values()))
    for table in chosen:
        claims.print_table(table, [values[line.training] for line in table.lines], list(SCORES))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES), help="tables")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(USUAL))
    parser.add_argument("--clips", nargs="+", default=list(JUDGING), help="that judge")
    parser.add_argument("--frames", type=int, default=24, help="of each, the first so many")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


if __name__ == "__main__":
    main()
