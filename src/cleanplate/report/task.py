"""One row of an evaluation: a clip, its holes, a method, and the scores they come to."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cleanplate.datasets.folders import Clip, Dataset, masks_of
from cleanplate.errors import BadInput
from cleanplate.inputs import digest, stamp
from cleanplate.masks.draw import FAMILIES, draw_holes
from cleanplate.masks.draw.shuffled import forth_and_back, partners
from cleanplate.metrics.score import measure
from cleanplate.pipeline import fill
from cleanplate.report.keep import Keeper, shown_names
from cleanplate.report.protocol import PRESETS
from cleanplate.report.rows import Row
from cleanplate.video import Filled, Frames, Holes

OWN, SHUFFLED = "annotations", "shuffled"  # holes that are lent, not drawn


@dataclass(frozen=True)
class Settings:
    """What all rows of a run have in common; see `evaluate`.

    weights: files by metric or method. sums: the beginnings of their sha256. folder: where pictures
    are kept.
    """

    dataset: str
    masks: str
    preset: str
    tune: str
    seed: int
    size: tuple[int, int]
    frames_asked: int | None
    metrics: tuple[str, ...]
    weights: tuple[tuple[str, tuple[str, ...]], ...]
    sums: tuple[tuple[str, str], ...]
    folder: str | None


@dataclass(frozen=True)
class Task:
    """What one row comes from.

    lender: the clip whose annotations are the holes, if any.
    """

    settings: Settings
    clip: Clip
    lender: Clip | None
    method: str

    def identity(self) -> Row:
        """Return the fields by which the row is known."""
        shared = ("dataset", "masks", "preset", "tune", "seed", "frames_asked")
        return {
            **{name: getattr(self.settings, name) for name in shared},
            "size": list(self.settings.size),
            "clip": self.clip.name,
            "method": self.method,
            "weights": dict(self.settings.sums).get(self.method),
            "version": version("cleanplate"),
        }

    def inputs(self) -> str:
        """Return what changes when the files do that the row is made from; raises BadInput."""
        sources = [self.clip.source.path, Path(self.settings.masks) / self.clip.name]
        if self.lender and self.lender.annotations:
            sources.append(self.lender.annotations.path)
        return digest(self.clip.length, *(stamp(path) for path in sources if path.exists()))

    def weighed(self) -> dict[str, str]:
        """Return whose weights the metrics are measured with."""
        return {name: sum_ for name, sum_ in self.settings.sums if name in self.settings.metrics}

    def run(self) -> Row:
        """Fill the clip and score the result."""
        settings, rules = self.settings, PRESETS[self.settings.preset]
        original = self.clip.load_frames(count=settings.frames_asked)
        truth = rules.frames(original, settings.size)
        holes = rules.holes(self._holes(len(truth)), settings.size)
        hidden = np.where(holes[..., None], np.zeros((), truth.dtype), truth)
        began = time.perf_counter()
        filled = fill(
            hidden, holes, method=self.method, tune=settings.tune, seed=settings.seed,
            weights=weights_of(settings, self.method), provenance=True,
        )  # fmt: skip
        seconds = (time.perf_counter() - began) / len(truth)
        scores = measure(
            filled.frames, truth, holes, metrics=settings.metrics, weights=dict(settings.weights)
        )
        return {
            **self.identity(),
            "inputs": self.inputs(),
            "weighed": self.weighed(),
            "original_size": list(original.shape[1:3]),
            "frames": len(truth),
            "hole_share": float(holes.mean()),
            "seconds_per_frame": seconds,
            "scores": scores.values,
            "curves": scores.curves,
            "missing": scores.missing,
            "features": scores.features,
            "warnings": _turned(self.clip.name, original, settings.size),
            "shown": self._keep(truth, filled, holes),
        }

    def _keep(self, truth: Frames, filled: Filled, holes: Holes) -> dict[str, str] | None:
        """Keep what a report shows; return the names of the files, None where there is no place."""
        if self.settings.folder is None:
            return None
        names = shown_names(self.identity())
        with Keeper(Path(self.settings.folder), names) as keeper:
            parts = truth, filled.frames, holes, filled.provenance.source
            for before, after, hole, source in zip(*parts, strict=True):
                keeper.add(before, after, hole, source, scored=True)
        return names

    def _holes(self, count: int) -> Holes:
        """Return the holes (T, h, w) of the clip: lent, drawn, or from a folder."""
        if self.lender:
            lent = self.lender.load_annotations()
            if lent is None:
                raise BadInput(f"{self.lender.name} has no annotations. Choose other masks.")
            return lent[list(forth_and_back(count, len(lent)))]
        if self.settings.masks in FAMILIES:
            # Another seed for every clip, the same on every machine.
            parts = [self.settings.seed, zlib.crc32(self.clip.name.encode())]
            seed = int(np.random.SeedSequence(parts).generate_state(1)[0])
            return draw_holes(self.settings.masks, count, self.settings.size, seed=seed)
        return masks_of(self.settings.masks, self.clip, count=count)


def weights_of(settings: Settings, method: str) -> str | None:
    """Return the file of a method's weights, None without; raises BadInput for several."""
    files = dict(settings.weights).get(method, ())
    if len(files) > 1:
        raise BadInput(f"{len(files)} files of weights were given for {method}. Give one.")
    return files[0] if files else None


def with_lenders(dataset: Dataset, masks: str, seed: int) -> list[tuple[Clip, Clip | None]]:
    """Return every clip with the one that lends it its holes: itself, another, or none."""
    clips = dataset.clips
    if masks == OWN:
        return [(clip, clip) for clip in clips]
    if masks != SHUFFLED:
        return [(clip, None) for clip in clips]
    if len(clips) < 2:
        raise BadInput("shuffled annotations need two clips, there is one. Choose other masks.")
    order = partners(len(clips), np.random.Generator(np.random.PCG64(seed)))
    return [(clip, clips[other]) for clip, other in zip(clips, order, strict=True)]


def _turned(name: str, frames: Frames, size: tuple[int, int]) -> list[str]:
    """Warn of a size that lies the other way than the clip."""
    height, width = frames.shape[1:3]
    if (height - width) * (size[0] - size[1]) >= 0:
        return []
    return [
        f"{name} is {height}x{width} (height x width) and is scored at {size[0]}x{size[1]}: "
        "one lies, the other stands"
    ]
