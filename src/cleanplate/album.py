"""What sources point into: the frames of a clip, and plates, frames that are complete already.

A source whose frame is the clip's length or more lies in a plate: the first, the second, ...
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.propagate import Sources
from cleanplate.video import KNOWN, Frames, Holes
from cleanplate.warp import sample_known, sample_sharp


@dataclass(frozen=True)
class Plate:
    """A frame of the clip whose hole is filled.

    at: its number. picture: (H, W, 3). source: (H, W), where its pixels came from, as in
    Provenance.
    """

    at: int
    picture: NDArray[Any]
    source: NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Album:
    """All that sources point into: frames (T, H, W, 3) with their holes, and plates."""

    frames: Frames
    holes: Holes
    plates: list[Plate] = field(default_factory=list)

    def sample(self, sources: Sources) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return colours (N, 3) of the sources, and where there is any (N,), as `sample_known`."""
        count = len(self.frames)
        in_clip = sources.where(sources.frame < count)
        colours, found = sample_known(self.frames, self.holes, *in_clip[:3])
        for number, plate in enumerate(self.plates):
            here = sources.frame == count + number
            colours[here] = sample_sharp(plate.picture, sources.y[here], sources.x[here])
            found[here] = True
        return colours, found

    def resolve(self, sources: Sources) -> Sources:
        """Return the sources with the numbers of plates replaced by where their pixels came from.

        For provenance: the positions stay those in the plate.
        """
        frame = sources.frame.copy()
        for number, plate in enumerate(self.plates):
            here = sources.frame == len(self.frames) + number
            bottom, right = plate.source.shape[0] - 1, plate.source.shape[1] - 1
            row = np.clip(np.rint(sources.y[here]).astype(np.intp), 0, bottom)
            column = np.clip(np.rint(sources.x[here]).astype(np.intp), 0, right)
            origin = plate.source[row, column]
            frame[here] = np.where(origin == KNOWN, plate.at, origin)
        return sources._replace(frame=frame)
