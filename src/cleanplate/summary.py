"""What a fill came to: how much of the hole was borrowed, from how far, painted and invented."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.video import PAINTED


@dataclass(frozen=True)
class Summary:
    """What was done to a file.

    frames: of the output. size: (height, width) as displayed. filled_frames: those with a hole.
    hole_share: mean share of the picture. borrowed, painted (by a network), invented: shares of
    all hole pixels.
    median_distance, furthest: frames between a borrowed pixel and its source, None without one.
    shots: how many there are. seconds: the work took. warnings: what could not be kept or looks
    wrong. problems: what is missing from the output; empty if it is whole. output: its path.
    resumed_frames: those that an interrupted run had filled already.
    """

    frames: int
    size: tuple[int, int]
    filled_frames: int
    hole_share: float
    borrowed: float
    painted: float
    invented: float
    median_distance: float | None
    furthest: int | None
    shots: int
    seconds: float
    warnings: list[str]
    problems: list[str]
    output: str
    resumed_frames: int = 0


SHARES = ("borrowed", "painted", "invented")  # of the hole, 1 in all where there is one


class Tally:
    """Counts while the frames go by, in memory that does not grow with them."""

    def __init__(self) -> None:
        self.frames = self.filled_frames = self.full_frames = self.shots = 0
        self.hole_pixels = self.painted_pixels = self.pixels = 0
        self._distances: Counter[int] = Counter()

    def add(self, hole: NDArray[np.bool_], source: NDArray[np.int32], starts_shot: bool) -> None:
        """Count one frame, its hole (H, W) and where the hole's pixels (N,) came from."""
        count = int(hole.sum())
        self.shots += starts_shot or not self.frames
        times = np.bincount(np.abs(source[source >= 0] - self.frames))
        self._distances.update({d: int(n) for d, n in enumerate(times) if n})
        self.frames += 1
        self.filled_frames += count > 0
        self.full_frames += count == hole.size
        self.hole_pixels += count
        self.painted_pixels += int(np.count_nonzero(source == PAINTED))
        self.pixels += hole.size

    def summary(
        self,
        *,
        size: tuple[int, int],
        seconds: float,
        warnings: list[str],
        problems: list[str],
        output: str,
        resumed_frames: int = 0,
    ) -> Summary:
        """Return what the counts come to."""
        borrowed = sum(self._distances.values())
        return Summary(
            frames=self.frames,
            size=size,
            filled_frames=self.filled_frames,
            hole_share=self.hole_pixels / max(self.pixels, 1),
            borrowed=borrowed / max(self.hole_pixels, 1),
            painted=self.painted_pixels / max(self.hole_pixels, 1),
            invented=(self.hole_pixels - self.painted_pixels - borrowed) / max(self.hole_pixels, 1),
            median_distance=self._median() if borrowed else None,
            furthest=max(self._distances, default=None),
            shots=self.shots,
            seconds=seconds,
            warnings=warnings,
            problems=problems,
            output=output,
            resumed_frames=resumed_frames,
        )

    def _median(self) -> float:
        """Return the distance that half of the borrowed pixels do not exceed."""
        half, passed = sum(self._distances.values()) / 2, 0
        for distance in sorted(self._distances):
            passed += self._distances[distance]
            if passed >= half:
                return float(distance)
        return 0.0
