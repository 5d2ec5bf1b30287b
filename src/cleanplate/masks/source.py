"""A running supply of holes, and how a mask picture is brought to the video's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from cleanplate.errors import BadInput, counted
from cleanplate.masks.edit import grow
from cleanplate.video import Holes, whole

STRETCHED = 1.25  # ratio of aspect ratios that no anamorphic pixel explains
SUSPICIOUS_SHARE = 0.85  # of the picture: a larger hole with a white border was likely inverted

INVERTED = (
    "The mask covers nearly the whole picture, its border included: it looks inverted. "
    "If black marks the object, have black and white swapped (--invert-mask)."
)


@dataclass(frozen=True)
class MaskOptions:
    """How a mask is read.

    invert: black marks the hole. object_index: of a palette picture, only this object.
    grow: pixels of the video by which the hole is grown, 0 or more. shadow: where it is of a video,
    it is extended to the shadow that its object casts, as far as that can be told; see
    ``shadow_file.with_shadow``. Raises BadInput for what is no whole number.
    """

    invert: bool = False
    object_index: int | None = None
    grow: int = 0
    shadow: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no whole number; how large it may be shows when the mask is opened."""
        for name in ("object_index", "grow"):
            value = getattr(self, name)
            if not whole(value) and not (name == "object_index" and value is None):
                raise BadInput(f"{name} is {value!r}. Give a whole number.")


class HoleSource:
    """The holes of a clip, one (H, W) bool at a time; holds one picture in memory.

    Every iteration starts from the first frame. Holes may be read-only. Use it as a context
    manager, so that the mask video is closed when the work ends early.

    count: the number of masks; None where there is no telling: where iteration is endless, and
    for a mask video that does not say. endless: iteration never ends: a still mask, or masks
    matched by number with a video file (frames after the last mask have no hole). still: one hole
    serves every frame.
    warnings: sentences about what looks wrong; complete when the iteration is.
    """

    def __init__(
        self,
        read: Callable[[], Iterator[Holes]],
        *,
        count: int | None,
        still: bool = False,
        endless: bool = False,
        warnings: list[str] | None = None,
    ) -> None:
        self.count = count
        self.still = still
        self.endless = endless or still
        self.warnings: list[str] = [] if warnings is None else warnings
        self._read = read
        self._running: list[Iterator[Holes]] = []

    def __iter__(self) -> Iterator[Holes]:
        holes = self._read()
        self._running.append(holes)
        return holes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what running iterations hold open."""
        for holes in self._running:
            close = getattr(holes, "close", None)
            if close is not None:
                close()
        self._running.clear()

    def check_count(self, frames: int) -> None:
        """Refuse with a sentence when the number of masks is known and not ``frames``."""
        if self.count is not None and self.count != frames:
            raise count_mismatch(self.count, frames)


def count_mismatch(masks: int, frames: int) -> BadInput:
    """Return the refusal of a mask whose length is not the video's."""
    return BadInput(
        f"mask has {counted(masks, 'frame')}, the video has {frames}. "
        f"Give one still mask, or {frames}."
    )


class Fit:
    """Bring the holes of mask pictures to the video: invert, resize, grow; notice what looks wrong.

    size: (height, width) of the video. warnings: sentences, each given once.
    """

    def __init__(self, size: tuple[int, int], options: MaskOptions) -> None:
        self.size = size
        self.options = options
        self.warnings: list[str] = []

    def __call__(self, hole: Holes) -> Holes:
        """(h, w) bool of any size -> (H, W) bool at the video's size."""
        if self.options.invert:
            hole = ~hole
        self._look_at_shape(hole.shape)
        if hole.shape != self.size:
            hole = _nearest(hole, self.size)
        if looks_inverted(hole):
            self.warn(INVERTED)
        return grow(hole, self.options.grow) if self.options.grow else hole

    def nothing(self) -> Holes:
        """Return the hole of a frame that has no mask: none."""
        return np.zeros(self.size, bool)

    def _look_at_shape(self, shape: tuple[int, ...]) -> None:
        ratio = shape[1] / shape[0] * self.size[0] / self.size[1]
        if not 1 / STRETCHED <= ratio <= STRETCHED:
            self.warn(
                f"The mask is {shape[1]}x{shape[0]}, the video {self.size[1]}x{self.size[0]}: "
                "another shape, so the mask is stretched. Check that it belongs to this video."
            )

    def warn(self, sentence: str) -> None:
        """Note a sentence, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


def looks_inverted(hole: Holes) -> bool:
    """Tell whether (H, W) ``hole`` fills 85 % of the picture and all of its border."""
    edges = (hole[0], hole[-1], hole[:, 0], hole[:, -1])
    return all(bool(edge.all()) for edge in edges) and float(hole.mean()) > SUSPICIOUS_SHARE


def _nearest(hole: Holes, size: tuple[int, int]) -> Holes:
    """Take the pixel under each new pixel's centre, in whole numbers, so that no hole moves."""
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, hole.shape, strict=True)
    )
    return np.ascontiguousarray(hole[rows][:, columns])
