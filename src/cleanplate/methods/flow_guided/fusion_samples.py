"""Stretches of clips under drawn holes, as fidelity fills them: what fusion learns from.

A stretch takes as long to fill as a great many steps of training on it, so that it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.flows import FAMILIES
from cleanplate.datasets.samples import HALF, InTurn, resize
from cleanplate.errors import BadInput
from cleanplate.flow.behind import Clip as Stretch
from cleanplate.io.place import whole_file
from cleanplate.masks.draw import draw_holes
from cleanplate.methods.flow_guided.fusion import LEVELS, Merged, Verdict, channels, surroundings
from cleanplate.methods.flow_guided.fusion_network import (
    CANDIDATES,
    CHOICES,
    HOLE,
    MERGED,
    PICTURE,
    SMOOTH,
    VARIANCES,
)
from cleanplate.methods.flow_guided.inference import Method, Options
from cleanplate.video import Frames, Holes

CLOSEST = 1.7  # how much a clip may be enlarged
LEAST_HOLE = 0.02  # share of a crop; with less of a hole it teaches little
MOST_TRIES = 50  # crops in a row with less
_OTHER_TIME = (1, 0, 3, 2)  # the candidates where past and future change places

Planes = NDArray[Any]  # (h, w, C)


class Picture(NamedTuple):
    """Of a frame around its hole: what the network is given, what it is to add; float16."""

    given: Planes
    wanted: Planes


@dataclass(frozen=True)
class FusionSample:
    """Some crops of one stretch.

    given: (N, 25, s, s) float32, what the network is given. wanted: (N, 3, s, s), what it is to
    add to the merged picture, in its units. clip: its name. skipped: clips that should have been
    here and are broken, each with a sentence.
    """

    given: NDArray[np.float32]
    wanted: NDArray[np.float32]
    clip: str
    skipped: Mapping[str, str] = field(default_factory=dict)


class FusionSamples(InTurn[FusionSample]):
    """The samples of a data set, in a random order without an end: `samples[number]`.

    As `InTurn`, frames: of a stretch. options: of the method that fills it. stretches: of each
    clip. kept: frames of a stretch that are looked at. crop: side of the squares that are taken
    from them, crops: of a sample.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        frames: int,
        seed: int,
        options: Options,
        stretches: int,
        kept: int,
        crop: int,
        crops: int,
    ) -> None:
        super().__init__(clips, size, frames=frames, seed=seed)
        self.options, self.stretches, self.kept = options, stretches, kept
        self.crop, self.crops = crop, crops

    def _made(
        self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]
    ) -> FusionSample:
        pictures = self._stretch(chosen, int(rng.integers(self.stretches)))
        crops = [cropped(pictures, self.crop, rng) for _ in range(self.crops)]
        given, wanted = (
            np.stack([planes.transpose(2, 0, 1) for planes in some]).astype(np.float32)
            for some in zip(*crops, strict=True)
        )
        return FusionSample(given, wanted, self.clips[chosen].name, skipped)

    def _stretch(self, chosen: int, which: int) -> list[Picture]:
        """Return the pictures of a stretch of a clip, which are made if they are not kept yet."""
        path = self.folder and Path(self.folder) / f"{chosen}-{which}.npz"
        if path and path.is_file():
            with np.load(path, allow_pickle=False) as kept:
                return [Picture(kept[f"given{n}"], kept[f"wanted{n}"]) for n in range(self.kept)]
        pictures = self._filled(chosen, self._random(2, chosen, which))
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            named = {
                f"{name}{n}": planes
                for n, picture in enumerate(pictures)
                for name, planes in picture._asdict().items()
            }
            with whole_file(path) as part, part.open("wb") as file:
                np.savez(file, **named)
        return pictures

    def _filled(self, chosen: int, rng: np.random.Generator) -> list[Picture]:
        """Fill a stretch of a clip under a drawn hole, and look at some of its frames."""
        truth = self._seen(chosen, rng)
        family = str(rng.choice(FAMILIES))
        holes = draw_holes(family, len(truth), self.size, seed=int(rng.integers(1 << 31)))
        pictures = look(truth, holes, self.options)
        if not pictures:
            raise BadInput("the hole that was drawn for it is empty.")
        return [pictures[n] for n in rng.integers(len(pictures), size=self.kept)]

    def _seen(self, chosen: int, rng: np.random.Generator) -> Frames:
        """Return a stretch of a clip, of a part of its picture, turned about or not."""
        length = self._length(chosen)
        if length < 2:
            raise BadInput(f"it has {length} frames, 2 are needed.")
        count = min(length, self.frames)
        first = int(rng.integers(length - count + 1))
        frames = self.clips[chosen].load_frames(only=list(range(first, first + count)))
        high, wide = (max(int(side / rng.uniform(1, CLOSEST)), 1) for side in frames[0].shape[:2])
        top, left = (
            int(rng.integers(whole - part + 1))
            for whole, part in zip(frames[0].shape[:2], (high, wide), strict=True)
        )
        across, down = (slice(None, None, -1 if rng.random() < HALF else 1) for _ in range(2))
        parts = [frame[top : top + high, left : left + wide] for frame in frames]
        return np.stack([resize(part, self.size)[down, across] for part in parts])


def look(truth: Frames, holes: Holes, options: Options) -> list[Picture]:
    """Fill frames (T, H, W, 3) uint8 whose truth is known; return a picture a frame with a hole."""
    pictures: dict[int, Picture] = {}

    def record(clip: Stretch, t: int, merged: Merged) -> Verdict:
        hole = clip.holes[t]
        wanted = np.zeros((*hole.shape, 3), np.float32)
        wanted[hole] = (truth[t][hole] - merged.colours) / LEVELS
        given = channels(clip.frames[t], hole, merged)
        box = surroundings(hole)
        pictures[t] = Picture(given[box].astype(np.float16), wanted[box].astype(np.float16))
        shares = np.eye(CHOICES, dtype=np.float32)[np.full(len(merged.colours), MERGED)]
        return Verdict(shares, np.zeros_like(merged.colours))

    given = np.where(holes[..., None], np.uint8(0), truth)  # what is to be found is not shown
    Method(options, fuse=record).fill(given, holes, in_place=True)
    return [pictures[t] for t in sorted(pictures)]


def cropped(pictures: Sequence[Picture], crop: int, rng: np.random.Generator) -> Picture:
    """Cut a square with enough of a hole out of one of the pictures, turned about or not."""
    for _ in range(MOST_TRIES):
        picture = pictures[int(rng.integers(len(pictures)))]
        high, wide = picture.given.shape[:2]
        top, left = (int(rng.integers(max(side - crop, 0) + 1)) for side in (high, wide))
        beyond = [(0, max(crop - side, 0)) for side in (high, wide)]
        given, wanted = (
            np.pad(planes[top : top + crop, left : left + crop], [*beyond, (0, 0)])
            for planes in picture
        )
        if (given[..., HOLE] > 0).mean() >= LEAST_HOLE:
            break
    return turned_about(Picture(given, wanted), rng)


def turned_about(picture: Picture, rng: np.random.Generator) -> Picture:
    """Mirror a picture, turn it upside down, change its colours, its past and future, or not."""
    across, down = (slice(None, None, -1 if rng.random() < HALF else 1) for _ in range(2))
    given, wanted = (planes[down, across].copy() for planes in picture)
    if rng.random() < HALF:
        order = rng.permutation(3)
        for colours in (PICTURE, *CANDIDATES, SMOOTH):
            given[..., colours] = given[..., colours][..., order]
        wanted = wanted[..., order]
    if rng.random() < HALF:
        before = given.copy()
        for mine, other in enumerate(_OTHER_TIME):
            given[..., CANDIDATES[mine]] = before[..., CANDIDATES[other]]
        given[..., VARIANCES] = before[..., VARIANCES][..., _OTHER_TIME]
    return Picture(given, wanted)
