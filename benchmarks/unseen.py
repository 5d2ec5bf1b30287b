"""What no frame shows, filled in several ways: figures over those pixels alone, and pictures.

    python benchmarks/unseen.py [--kinds fixed,curve] [--clips camel] [--frames 16] [--each]
                                [--pictures DIR]
    python benchmarks/unseen.py --ways smooth,removal,corrected,internal --budget 2m --kinds fixed

At 432x240. Flow and choice of sources are those of removal, the same for all ways; fidelity stands
beside them. Unseen are the pixels to which removal finds no way from any frame. The columns: PSNR
over the unseen pixels of a clip, and of its frames; sharp, the energy of the fill's gradients over
that of the truth's; change, from frame to frame along the true flow, in levels of 0 to 255, in
what is unseen in both; and milliseconds a frame from flow to pixels. The first row is the truth,
which changes as well: its light, its noise. Settings are chosen on the tuning clips alone. With
--pictures there is a strip a clip and kind: its frame with the most unseen pixels and one a few
later, side by side; above the truth, where the unseen is outlined, then the ways. Two more ways
are of internal learning, for as long as --budget says: "internal" paints the unseen by a network
fitted to the clip from nothing, "corrected" by one that corrects what removal makes of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

import cleanplate as cp
from cleanplate.album import Album
from cleanplate.flow.behind import Clip, Motion, find_motion
from cleanplate.flow.estimate import estimate_flow, grey
from cleanplate.methods.flow_guided import fidelity, removal
from cleanplate.methods.flow_guided.rounds import first_guess, trace
from cleanplate.methods.flow_guided.unseen import complete_alone, invent
from cleanplate.metrics.fidelity import psnr
from cleanplate.metrics.temporal import occluded, stays_inside
from cleanplate.threads import each_frame
from quality import DATA, KINDS, TUNING, load

COLUMNS = ("unseen", "frame", "sharp", "change", "ms")
LEAST = 0.01  # of the holes' pixels have to be unseen for a clip to count
LATER = 6  # frames between the two of a strip
TELEA_RADIUS = 3  # pixels


class Case(NamedTuple):
    """A clip with holes, its motion, and where it shows in no frame what is in the hole."""

    clip: Clip
    motion: Motion
    unseen: np.ndarray  # (T, H, W) bool


def main() -> None:
    """Print a table a kind of hole, of means over clips, and one of all."""
    given = parse()
    rows: dict[str, list[np.ndarray]] = {}
    for kind in given.kinds.split(","):
        here: dict[str, list[np.ndarray]] = {}
        for name in given.clips.split(","):
            one = measured(kind, name, given)
            if given.each and one:
                print_table(f"{kind} {name}", one)
            for table in (here, rows):
                for way, figures in one.items():
                    table.setdefault(way, []).extend(figures)
        print_table(kind, here)
    print_table("all", rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--clips", default=",".join(TUNING))
    parser.add_argument("--frames", type=int, default=16, help="of each clip, the first so many")
    parser.add_argument("--ways", default=",".join(WAYS), help="also internal, corrected")
    parser.add_argument("--budget", default="2m", help="of a fit")
    parser.add_argument("--each", action="store_true", help="a table a clip as well")
    parser.add_argument("--pictures", type=Path, help="a folder for strips")
    parser.add_argument("--data", type=Path, default=DATA)
    return parser.parse_args()


def measured(kind: str, name: str, given: argparse.Namespace) -> dict[str, list[np.ndarray]]:
    """Return the figures of each way on one clip; none where it shows nearly everything."""
    frames, holes = load(given.data, kind, name, given.frames)
    case = prepared(frames, holes)
    if case.unseen.sum() < LEAST * holes.sum():
        return {}
    flow = estimate_flow([grey(frame) for frame in frames])
    ways = {way: partial(fitted, prior=prior, budget=given.budget) for way, prior in FITS.items()}
    shown, table = {"truth": frames}, {"truth": [figures(frames, frames, case.unseen, flow, 0.0)]}
    for way in given.ways.split(","):
        began = time.perf_counter()
        shown[way] = (ways | WAYS)[way](case)
        seconds = (time.perf_counter() - began) / len(frames)
        table[way] = [figures(shown[way], frames, case.unseen, flow, seconds)]
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(given.pictures / f"{kind}-{name}.png"), strip(shown, case.unseen))
    return table


def prepared(frames: np.ndarray, holes: np.ndarray) -> Case:
    """Find the motion of a clip as removal does, and what its trajectories do not reach."""
    clip = Clip(frames, holes)
    motion = find_motion(clip, first_guess(clip), removal=True)
    unseen = np.zeros_like(holes)

    def record(album: Album, motion: Motion, borrowed: list) -> list:
        for mask, hole, mine in zip(unseen, holes, borrowed, strict=True):
            mask[hole] = mine.frame < 0
        return borrowed

    removal.pick_all(clip, Album(frames, holes), motion, invent=record)
    return Case(clip, motion, unseen)


def by_removal(case: Case, invent: removal.Invent) -> np.ndarray:
    """Fill as removal does, with another way to invent."""
    clip, motion, _ = case
    picks = removal.pick_all(clip, Album(clip.frames, clip.holes), motion, invent=invent)
    return removal.fill(clip, picks, Album(clip.frames.copy(), clip.holes)).frames


def smooth(case: Case) -> np.ndarray:
    """Continue what lies around the unseen by Laplace's equation, each frame alone."""
    return by_removal(case, lambda album, motion, borrowed: borrowed)


def telea(case: Case) -> np.ndarray:
    """Fill the unseen by OpenCV's Telea, each frame alone."""
    pairs = zip(smooth(case), case.unseen.astype(np.uint8), strict=True)
    return np.stack([cv2.inpaint(f, lost, TELEA_RADIUS, cv2.INPAINT_TELEA) for f, lost in pairs])


def each_alone(album: Album, motion: Motion, borrowed: list) -> list:
    """Invent from patches in each frame by itself; nothing is carried."""
    return each_frame(lambda t: complete_alone(album, borrowed[t], t, seed=0), len(borrowed))


def by_fidelity(case: Case) -> np.ndarray:
    """Fill as fidelity does; its flow would have been found with more care."""
    clip, motion, _ = case
    small, album = (Album(clip.frames.copy(), clip.holes) for _ in range(2))
    traces = trace(clip, motion)
    unseen = fidelity.find_unseen(small, motion, traces)
    return fidelity.fill(clip, traces, unseen, small, album).frames


def fitted(case: Case, *, prior: str, budget: str) -> np.ndarray:
    """Paint the unseen as internal learning does; all else is removal's."""
    method = cp.load_method("internal", tune="removal", prior=prior, budget=budget)
    painted = smooth(case)
    painted[case.unseen] = cp.fill(case.clip.frames, case.clip.holes, method=method)[case.unseen]
    return painted


FITS = {"internal": "none", "corrected": "flow"}  # ways of internal learning, and their priors
WAYS: dict[str, Callable[[Case], np.ndarray]] = {
    "smooth": smooth,
    "telea": telea,
    "alone": partial(by_removal, invent=each_alone),
    "removal": partial(by_removal, invent=partial(invent, seed=0)),
    "fidelity": by_fidelity,
}


def figures(
    result: np.ndarray, truth: np.ndarray, unseen: np.ndarray, flow: tuple, seconds: float
) -> np.ndarray:
    """Return the figures of COLUMNS."""
    squares = (result[unseen].astype(np.float32) - truth[unseen]) ** 2
    inside = 10 * np.log10(255**2 / squares.mean()) if squares.any() else np.inf
    sharp = gradient_energy(result, unseen) / gradient_energy(truth, unseen)
    return np.array([
        inside, psnr(result, truth), sharp, change(result, unseen, flow), 1000 * seconds
    ])  # fmt: skip


def gradient_energy(frames: np.ndarray, where: np.ndarray) -> float:
    """Return the mean of squared differences between neighbours that are both in a mask."""
    total, count = 0.0, 0
    for axis in (1, 2):
        both = where & np.roll(where, -1, axis)
        both[(slice(None),) * axis + (-1,)] = False
        squares = (np.roll(frames, -1, axis)[both].astype(np.float32) - frames[both]) ** 2
        total, count = total + squares.sum(), count + squares.size
    return total / max(count, 1)


def change(frames: np.ndarray, unseen: np.ndarray, flow: tuple) -> float:
    """Return the mean absolute difference of frames to the next along the flow, in the unseen."""
    height, width = unseen.shape[1:]
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    total, count = 0.0, 0
    for t, (forward, backward) in enumerate(zip(*flow, strict=True)):
        x, y = (columns + forward[..., 0]).astype(np.float32), rows + forward[..., 1]
        follow = partial(
            cv2.remap, map1=x, map2=y.astype(np.float32), interpolation=cv2.INTER_LINEAR
        )
        both = unseen[t] & (follow(unseen[t + 1].astype(np.float32)) > 0.99)
        both &= stays_inside(forward) & ~occluded(forward, backward)
        apart = np.abs(follow(frames[t + 1].astype(np.float32)) - frames[t])[both]
        total, count = total + apart.sum(), count + apart.size
    return total / count if count else np.nan


def strip(shown: dict[str, np.ndarray], unseen: np.ndarray) -> np.ndarray:
    """Return a picture, BGR: the truth and each way below one another, two frames side by side."""
    first = int(unseen.sum(axis=(1, 2)).argmax())
    pair = first, (first + LATER if first + LATER < len(unseen) else max(first - LATER, 0))
    rows = []
    for way, frames in shown.items():
        pictures = [frames[t][..., ::-1].copy() for t in pair]
        for picture, t in zip(pictures, pair, strict=True):
            if way == "truth":
                outline, _ = cv2.findContours(unseen[t].astype(np.uint8), 0, 2)
                cv2.drawContours(picture, outline, -1, (255, 0, 255))
            cv2.putText(picture, way, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255))
        rows.append(np.hstack(pictures))
    return np.vstack(rows)


def print_table(title: str, rows: dict[str, list[np.ndarray]]) -> None:
    """Print the mean figures of each way."""
    print(f"\n{title:20}" + "".join(f"{column:>9}" for column in COLUMNS))
    for way, each in rows.items():
        cells = zip(np.nanmean(each, axis=0), (2, 2, 2, 2, 0), strict=True)
        print(f"{way:20}" + "".join(f"{value:9.{digits}f}" for value, digits in cells), flush=True)


if __name__ == "__main__":
    main()
