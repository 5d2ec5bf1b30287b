"""Draw how a network aligns frames with the one that it fills: a sheet a frame, for a few frames.

As figure 5 of Liu et al., IJCAI 2020: a row for each reference. It begins with the target; then
come the reference, with arrows from places to where the network looks for them, and the features of
the target, of the reference, and of the reference as it was aligned. Colours are the directions in
which the target's features differ most, over the range of each map. Holes are outlined.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.sheets import (
    EDGE,
    Onlooker,
    Picture,
    Turn,
    as_is,
    eight_bit,
    fitted,
    joined,
    outlined,
    sheets,
    titled,
)
from cleanplate.video import Frames, Holes

Field = NDArray[np.float32]
ARROW = (255, 200, 60)
ARROWS = 12  # along the longer side of a picture
FAR = 10_000  # pixels; the library draws nothing that is much farther
USUAL = (2.0, 98.0)  # per cent of a map's features between which it is drawn


@dataclass(frozen=True)
class AlignmentMaps:
    """How one frame sees its references.

    frame: its number in the stretch. references: those of R other frames. target: its features
    (h, w, C). features, aligned: those of the references before and after, (R, h, w, C). offsets:
    (R, h, w, 2), (dx, dy) in pixels of the features, where in a reference each place is looked for.
    """

    frame: int
    references: list[int]
    target: Field
    features: Field
    aligned: Field
    offsets: Field


AlignmentOf = Callable[[Frames, Holes, int], AlignmentMaps]  # of a frame in a stretch


def alignment_pictures(
    folder: str | Path | None, alignment_of: AlignmentOf | None, turn: Turn
) -> AbstractContextManager[Onlooker | None]:
    """Give what draws sheets of a video into a folder, see `sheets.sheets`.

    alignment_of: tells how a frame sees its references. turn: brings frames upright. Raises
    BadOutput.
    """

    def look(first: int, frames: Frames, holes: Holes) -> Callable[[int], Picture]:
        assert alignment_of is not None
        return lambda t: alignment_picture(
            alignment_of(frames, holes, t), frames, holes, first, turn
        )

    return sheets(folder if alignment_of else None, look)


def alignment_picture(
    alignment: AlignmentMaps, frames: Frames, holes: Holes, first: int = 0, turn: Turn = as_is
) -> Picture:
    """Draw one sheet, (H, W, 3) uint8; what it shows is in the module's docstring.

    frames, holes: the stretch, (T, H, W, 3) and (T, H, W). first: number of its first frame.
    turn: brings frames upright.
    """
    t, colours, rows = alignment.frame, Colours(alignment.target), []
    size = fitted(eight_bit(turn(frames[t]))).shape[1::-1]

    def tile(t: int, title: str, picture: Picture) -> Picture:
        upright = np.ascontiguousarray(turn(fitted(picture)))
        shown = np.asarray(cv2.resize(upright, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        return titled(outlined(shown, turn(holes[t]), EDGE, 1), title)

    for number, reference in enumerate(alignment.references):
        name = f"frame {first + reference} ({reference - t:+d})"
        pointed = with_arrows(eight_bit(frames[reference]), alignment.offsets[number])
        row = [
            tile(t, f"frame {first + t}", eight_bit(frames[t])),
            tile(reference, name, pointed),
            tile(t, "features", colours.picture(alignment.target)),
            tile(reference, f"of {name}", colours.picture(alignment.features[number])),
            tile(t, "aligned", colours.picture(alignment.aligned[number])),
        ]
        rows.append(joined(row, axis=1))
    if not rows:  # a clip of one frame
        rows = [tile(t, f"frame {first + t}", eight_bit(frames[t]))]
    return joined(rows, axis=0)


class Colours:
    """Features as colours: three directions among them, from dark to bright.

    like: (h, w, C), the map that differs most along these directions.
    """

    def __init__(self, like: Field) -> None:
        values = like.reshape(-1, like.shape[2]).astype(np.float64)
        self._mean = values.mean(axis=0)
        _, _, directions = np.linalg.svd(values - self._mean, full_matrices=False)
        largest = np.abs(directions[:3]).argmax(axis=1)
        signs = np.sign(directions[np.arange(len(largest)), largest])  # else they are anybody's
        self._directions = (signs[:, None] * directions[:3]).T

    def picture(self, features: Field) -> Picture:
        """Return features (h, w, C) as a picture (h, w, 3)."""
        along = (features - self._mean) @ self._directions
        low, high = np.percentile(along, USUAL, axis=(0, 1))
        levels = np.clip((along - low) / np.maximum(high - low, 1e-12), 0, 1)
        picture = np.zeros((*levels.shape[:2], 3), np.uint8)
        picture[..., : levels.shape[2]] = np.rint(255 * levels)
        return picture


def with_arrows(picture: Picture, offsets: Field) -> Picture:
    """Draw arrows over a picture made as large as a tile, from places to where offsets lead.

    offsets: (h, w, 2), (dx, dy) in their own pixels, which are spread over the picture.
    """
    drawn = fitted(picture)
    scale = np.array(drawn.shape[1::-1]) / offsets.shape[1::-1]
    step = max(1, round(max(offsets.shape[:2]) / ARROWS))
    for y in range(step // 2, offsets.shape[0], step):
        for x in range(step // 2, offsets.shape[1], step):
            start = (np.array([x, y]) + 0.5) * scale
            end = start + offsets[y, x] * scale
            cv2.arrowedLine(drawn, _pixel(start), _pixel(end), ARROW, 1, cv2.LINE_AA, tipLength=0.3)
    return drawn


def _pixel(place: NDArray[np.float64]) -> tuple[int, int]:
    """Return the pixel (x, y) of a place; those far outside are brought nearer."""
    x, y = np.rint(np.clip(place, -FAR, FAR)).astype(int).tolist()
    return x, y
