"""How much of a hole other frames show, told before the long run by a quick one at a small size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.io import open_video
from cleanplate.masks import MaskOptions, open_holes
from cleanplate.masks.shadow_file import with_shadow
from cleanplate.masks.spread import Spread
from cleanplate.matched import paired
from cleanplate.methods import load_method
from cleanplate.region import reduce_hole, reduced_picture, working_size
from cleanplate.stream import Shown, look

PIXELS = 214 * 120  # of the pictures that are looked at
LENGTH = 48  # frames of a stretch
MOST = 4  # stretches, spread over the clip: the work ends however long that is
FILLED = MOST * LENGTH  # frames, the most of a clip that are filled


@dataclass(frozen=True)
class Foresight:
    """What a quick look tells.

    shown: share of the hole that other frames show, 0 to 1; None where there is no hole. frames: so
    many with a hole were looked at.
    """

    shown: float | None
    frames: int


class _Small(NamedTuple):
    """A frame at the small size: picture (h, w, 3) uint8, hole (h, w)."""

    picture: NDArray[np.uint8]
    hole: NDArray[np.bool_]


def foresee(
    video: str | Path,
    mask: str | Path,
    *,
    options: MaskOptions = MaskOptions(grow=4),  # noqa: B008 - frozen
) -> Foresight:
    """Tell how much of the hole of a video other frames show; the rest would be invented.

    The video is decoded once; some stretches of it are filled at a small size, which takes seconds.
    mask: as for `fill_file`, grown as there. Raises BadInput.
    """
    with open_video(video) as reader:
        size = reader.info.displayed_size
        drawn = open_holes(mask, size=size, numbers=reader.numbers, options=options)
        with with_shadow(video, drawn, options) as holes:
            return foreseen(look(paired(reader, holes, iter(holes))))


def foreseen(
    line: Iterator[Shown], *, progress: Callable[[float], None] | None = None
) -> Foresight:
    """Tell how much of the holes of frames other frames show, by a quick fill at a small size.

    line: the frames of a clip with their holes, cuts found, as `look` shows them. progress: called
    with the share that is filled, 0 to 1, once all of them went by.
    """
    report = progress or (lambda share: None)
    stretches = _stretches(line)
    method = load_method("flow", tune="removal", working_pixels=PIXELS)
    shown = total = frames = 0
    for number, stretch in enumerate(stretches):
        report(number / len(stretches))
        masks = np.stack([small.hole for small in stretch])
        if not masks.any() or masks.all():
            continue
        pictures = np.stack([small.picture for small in stretch])
        for source, _ in method.fill(pictures, masks, in_place=True).origins:
            shown += int(np.count_nonzero(source >= 0))
            total += len(source)
        frames += int(masks.any(axis=(1, 2)).sum())
    report(1.0)
    return Foresight(shown / total if total else None, frames)


def _stretches(line: Iterator[Shown]) -> list[list[_Small]]:
    """Keep some stretches of shots that have a hole, small."""
    spread: Spread[list[_Small]] = Spread(MOST)
    stretch: list[_Small] = []

    def keep(full: list[_Small]) -> None:
        if any(small.hole.any() for small in full):
            spread.add(lambda: full)

    for shown in line:
        if shown.starts_shot or len(stretch) == LENGTH:
            keep(stretch)
            stretch = []
        rgb: Any = shown.picture.rgb()
        size = working_size(shown.hole.shape[:2], PIXELS)
        stretch.append(_Small(reduced_picture(rgb, size), reduce_hole(shown.hole, size)))
    keep(stretch)
    return spread.held
