"""Paint holes at full size: what both tunes share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album, Plate
from cleanplate.flow.behind import Clip
from cleanplate.methods.flow_guided.rounds import Colours
from cleanplate.propagate import Sources
from cleanplate.region import levels, pixels_of, reduced_picture
from cleanplate.seams import fit_edge
from cleanplate.video import KNOWN, UNSEEN, Filled, Frames, Holes, Origin, to_clip
from cleanplate.warp import sample_known


def reduced_plate(plate: Plate, clip: Clip) -> Plate:
    """Reduce a plate's picture to the clip's size; its sources serve at full size only."""
    return replace(plate, picture=reduced_picture(plate.picture, clip.holes.shape[1:]))


class Painter:
    """Paints the holes of frames in place, frame by frame, with provenance.

    Others may go on sampling the frames meanwhile: what lies under a hole counts for nothing.
    """

    def __init__(self, frames: Frames, holes: Holes) -> None:
        self.frames, self.holes = frames, holes
        nothing = Origin(np.zeros(0, np.int32), np.zeros(0, np.float16))
        self.origins = [nothing] * len(holes)

    def paint(self, t: int, colours: Colours, sources: Sources) -> None:
        """Set the hole of frame t to colours (N, 3), 0 to 255, taken from sources."""
        inside, step = np.flatnonzero(self.holes[t]), levels(self.frames)
        values = np.clip(colours, 0, 255)
        values *= step
        self.frames[t].reshape(-1, 3)[inside] = np.rint(values, out=values)
        frame, unseen = sources.frame, sources.frame == UNSEEN
        sources = sources._replace(frame=to_clip(frame, 0))  # for true distances
        consistency = np.where(unseen, 0, sources.inconsistency(t))
        self.origins[t] = Origin(frame, consistency.astype(np.float16))

    def filled(self) -> Filled:
        """Return what was painted."""
        return Filled(self.frames, self.holes, self.origins)

    def plate(self, t: int) -> Plate:
        """Return frame t, which is painted, as a plate."""
        return plate_of(t, self.frames[t], self.holes[t], self.origins[t].source)


def plate_of(t: int, picture: NDArray[Any], hole: NDArray[np.bool_], source: NDArray[Any]) -> Plate:
    """Return frame t, its hole filled, as a plate; source: (N,), where its N pixels came from."""
    whole = np.full(hole.shape, KNOWN, np.int32)
    whole[hole] = source
    return Plate(t, picture, whole)


def exposure(sources: Sources, album: Album, t: int) -> Colours:
    """Return (N, 3), what to add to what sources show so that it meets frame t around its hole."""
    return fit_edge(sources, np.ones(len(sources.frame), np.float32), album, t).correction


def spread(values: Colours, small_hole: NDArray[np.bool_], hole: NDArray[np.bool_]) -> Colours:
    """Interpolate values (n, C) of a small hole's pixels at the N pixels of the full-size hole."""
    if small_hole.shape == hole.shape:
        return values
    picture = np.zeros((1, *small_hole.shape, values.shape[1]), np.float32)
    picture[0, small_hole] = values
    rows, columns = pixels_of(hole)
    y = (rows + 0.5) * (small_hole.shape[0] / hole.shape[0]) - 0.5
    x = (columns + 0.5) * (small_hole.shape[1] / hole.shape[1]) - 0.5
    first = np.zeros(len(rows), np.int32)
    return np.asarray(sample_known(picture, ~small_hole[None], first, y, x)[0])
