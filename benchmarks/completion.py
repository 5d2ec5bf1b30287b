"""How well the flow inside a hole is completed: end-point error, in smooth and in hard regions.

    python benchmarks/completion.py [--kinds fixed,object] [--frames 24] [--ring 4]
                                    [--weights FILE] [--dfc FILE]

The truth is the flow that our estimator finds on the complete frames, at 432x240. Each way is given
that flow with the hole, and a ring around it, taken out; both directions count. Hard is what lies
within HARD_REACH pixels of an edge of the motion (Xu et al., CVPR 2019, tables 3 and 4, tell smooth
from hard as well). Settings are chosen on the tuning clips alone; the judging clips only judge.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from cleanplate.flow.camera import camera_motion
from cleanplate.flow.complete import Effort, complete_flow
from cleanplate.flow.completion import load_completion
from cleanplate.flow.estimate import estimate_flow
from cleanplate.harmonic import harmonic_fill
from quality import DATA, JUDGING, KINDS, TUNING, load

EDGE = 1.0  # pixels of motion by which neighbours differ across an edge
HARD_REACH = 5
REGIONS = ("smooth", "hard", "overall")

Complete = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def main() -> None:
    """Print a table for each kind of hole."""
    given = parse()
    ways = {**WAYS}
    for name, weights in (("learned", given.weights), ("dfc", given.dfc)):
        if weights is not None:
            ways[name] = by_network(name, weights)
    for kind in given.kinds.split(","):
        sums = {name: {group: np.zeros((3, 2)) for group in (TUNING, JUDGING)} for name in ways}
        seconds = dict.fromkeys(ways, 0.0)
        pairs = 0
        for group in (TUNING, JUDGING):
            for clip in group:
                frames, holes = load(given.data, kind, clip, given.frames)
                truth = estimate_flow([cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames])
                pairs += len(truth[0])
                for name, way in ways.items():
                    began = time.perf_counter()
                    found = way(*blanked(truth, holes, given.ring))
                    seconds[name] += time.perf_counter() - began
                    sums[name][group] += errors(found, truth, (holes[:-1], holes[1:]))
        print_table(kind, sums, {name: s / pairs for name, s in seconds.items()})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--frames", type=int, default=24, help="of each clip, the first so many")
    parser.add_argument("--ring", type=int, default=4, help="pixels around the hole, taken out too")
    parser.add_argument("--weights", type=Path, help="of a network: adds the learned completion")
    parser.add_argument("--dfc", type=Path, help="weights of DFC-Net: adds its completion")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def blanked(truth: tuple[np.ndarray, np.ndarray], holes: np.ndarray, ring: int) -> tuple:
    """Return forward and backward flow with 0 where it is taken out, and where that is."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * ring + 1, 2 * ring + 1))
    wide = np.stack([cv2.dilate(hole.astype(np.uint8), disk) > 0 for hole in holes])
    forward, backward = (
        np.where(w[..., None], np.float32(0), f)
        for f, w in zip(truth, (wide[:-1], wide[1:]), strict=True)
    )
    return forward, backward, wide[:-1], wide[1:]


def errors(found: tuple, truth: tuple, holes: tuple) -> np.ndarray:
    """Return sums of end-point errors and counts of pixels, (3, 2), for REGIONS."""
    total = np.zeros((3, 2))
    for ours, theirs, hole in zip(found, truth, holes, strict=True):
        off, hard = np.linalg.norm(ours - theirs, axis=-1), hard_regions(theirs)
        for row, where in zip(total, (hole & ~hard, hole & hard, hole), strict=True):
            row += off[where].sum(), where.sum()
    return total


def hard_regions(flow: np.ndarray) -> np.ndarray:
    """Return (N, H, W) bool, True near edges of the motion."""
    across = np.linalg.norm(np.diff(flow, axis=2, append=flow[:, :, -1:]), axis=-1)
    down = np.linalg.norm(np.diff(flow, axis=1, append=flow[:, -1:]), axis=-1)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * HARD_REACH + 1, 2 * HARD_REACH + 1))
    return np.stack([
        cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in np.maximum(across, down) > EDGE
    ])  # fmt: skip


def harmonic(forward, backward, lost_forward, lost_backward):
    """Solve Laplace's equation, each flow by itself: what the paper calls region fill."""
    return tuple(
        np.stack([harmonic_fill(f, hole) for f, hole in zip(flow, lost, strict=True)])
        for flow, lost in ((forward, lost_forward), (backward, lost_backward))
    )


def affine(forward, backward, lost_forward, lost_backward):
    """Fit one affine motion to the surroundings of each frame's hole, by least squares."""
    return tuple(
        np.stack([fitted(f, hole) for f, hole in zip(flow, lost, strict=True)])
        for flow, lost in ((forward, lost_forward), (backward, lost_backward))
    )


def fitted(flow, hole, reach=24):
    disk = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    rows, columns = np.nonzero(~hole & (cv2.dilate(hole.astype(np.uint8), disk) > 0))
    if not len(rows):
        return flow
    places = np.stack([np.ones(len(rows)), columns, rows], axis=1)
    matrix = np.linalg.lstsq(places, flow[rows, columns].astype(float), rcond=None)[0]
    rows, columns = np.nonzero(hole)
    filled = flow.copy()
    filled[rows, columns] = np.stack([np.ones(len(rows)), columns, rows], axis=1) @ matrix
    return filled


def camera(forward, backward, lost_forward, lost_backward):
    """Take the whole frame's homography."""
    return tuple(
        np.where(lost[..., None], motion_of(flow, lost), flow)
        for flow, lost in ((forward, lost_forward), (backward, lost_backward))
    )


def motion_of(flow, lost):
    motion = camera_motion(flow, lost)
    return np.stack([motion[t] for t in range(len(flow))])


def settled(forward, backward, lost_forward, lost_backward):
    """Settle the residual to the homography in space and time, as flow-guided filling does."""
    return completed(complete_flow, forward, backward, lost_forward, lost_backward)


def by_network(name: str, weights: Path) -> Complete:
    """Return what has a network do it: learned corrects that residual, dfc begins anew."""
    return partial(completed, load_completion(name, weights=weights))


def completed(complete, forward, backward, lost_forward, lost_backward):
    motions = camera_motion(forward, lost_forward), camera_motion(backward, lost_backward)
    copies, lost = (forward.copy(), backward.copy()), (lost_forward, lost_backward)
    return complete(*copies, motions, lost, effort=Effort())


WAYS: dict[str, Complete] = {
    "harmonic": harmonic,
    "affine": affine,
    "homography": camera,
    "settled": settled,
}


def print_table(kind: str, sums: dict, seconds: dict[str, float]) -> None:
    """Print the mean end-point error of each way in pixels, and what it gains over harmonic."""
    columns = [f"{group} {region}" for group in ("tune", "judge") for region in REGIONS]
    print(f"\n{kind:12}" + "".join(f"{column:>16}" for column in columns))
    first = next(iter(sums))
    for name, groups in sums.items():
        cells = ""
        for group, each in groups.items():
            means = each[:, 0] / np.maximum(each[:, 1], 1)
            base = sums[first][group]
            gains = 1 - means / (base[:, 0] / np.maximum(base[:, 1], 1))
            both = zip(means, 100 * gains, strict=True)
            cells += "".join(f"{mean:9.3f} {gain:+4.0f} %" for mean, gain in both)
        print(f"{name:12}{cells}  {1000 * seconds[name]:.0f} ms a pair")


if __name__ == "__main__":
    main()
