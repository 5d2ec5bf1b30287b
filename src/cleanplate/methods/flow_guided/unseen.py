"""What no frame ever shows: invented on one frame, carried to the others along the flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.methods.flow_guided.patches import Field, patch_sources
from cleanplate.methods.flow_guided.rounds import Clip, Motion
from cleanplate.propagate import Sources, follow
from cleanplate.threads import each_frame
from cleanplate.video import UNSEEN
from cleanplate.warp import sample_known

_TOLERANCE = 20.0  # pixels: nothing better is to be had for a pixel that no frame shows


def invent(clip: Clip, motion: Motion, borrowed: list[Sources], seed: int) -> list[Sources]:
    """Return sources for the pixels that have none, on one key frame after the other.

    borrowed: sources of every frame's hole pixels. The frame with the most unseen pixels is
    completed from patches of its own picture; every unseen pixel of another frame whose
    trajectory meets it takes what is there, so that an invention moves with the scene. Then the
    next, until nothing is left. What is invented points to a known pixel, so its colour is
    sampled from an original frame too. Pixels of a picture without known patches stay without.
    """
    complete = list(borrowed)
    hopeless = np.zeros(len(complete), np.bool_)
    while True:
        unseen = [int((s.frame < 0).sum()) for s in complete]
        key = int(np.argmax(np.where(hopeless, 0, unseen)))
        if hopeless[key] or not unseen[key]:
            return complete
        everywhere = _complete_key(clip, complete[key], key, seed)
        if everywhere is None:
            hopeless[key] = True
            continue
        complete[key] = everywhere.inside(clip.holes[key])
        complete = _carry_to_all(clip, motion, complete, key, everywhere)


class SourceMap:
    """For every pixel of one frame the place that shows it: itself where it is known."""

    def __init__(self, key: int, size: tuple[int, ...]) -> None:
        rows, columns = np.indices(size, dtype=np.float32)
        self.frame = np.full(size, key, np.int32)
        self.y, self.x = rows, columns

    def set(self, where: NDArray[np.bool_], sources: Sources) -> None:
        """Set the pixels of a mask to their sources, in row order."""
        self.frame[where], self.y[where], self.x[where] = sources[:3]

    def inside(self, hole: NDArray[np.bool_]) -> Sources:
        """Sources of a mask's pixels, in row order."""
        zeros = np.zeros(int(hole.sum()), np.float32)
        return Sources(self.frame[hole], self.y[hole], self.x[hole], zeros)


def _complete_key(clip: Clip, borrowed: Sources, key: int, seed: int) -> SourceMap | None:
    """Invent the unseen pixels of one frame; None if its picture has no known patch."""
    hole = clip.holes[key]
    unknown = np.zeros_like(hole)
    unknown[hole] = borrowed.frame < 0
    picture = clip.frames[key].astype(np.float32)
    picture[hole] = sample_known(clip.frames, clip.holes, *borrowed[:3])[0]
    field = patch_sources(picture, unknown, seed=seed)
    if field is None:
        return None
    sources = SourceMap(key, hole.shape)
    sources.set(hole, borrowed)
    sources.set(unknown, _read(sources, field, unknown))
    return sources


def _read(sources: SourceMap, field: Field, unknown: NDArray[np.bool_]) -> Sources:
    """What the source map says at the places that the field points to."""
    rows, columns = field[unknown].T
    places = sources.frame[rows, columns], sources.y[rows, columns], sources.x[rows, columns]
    return Sources(*places, np.zeros(len(rows), np.float32))


def _carry_to_all(
    clip: Clip, motion: Motion, borrowed: list[Sources], key: int, sources: SourceMap
) -> list[Sources]:
    """Give unseen pixels what the key frame has where their trajectory meets it."""
    goal = np.zeros(clip.holes.shape, np.bool_)
    goal[key] = True

    def carry(t: int) -> Sources:
        lost = np.flatnonzero(borrowed[t].frame < 0)
        if t == key or not len(lost):
            return borrowed[t]
        met = follow(
            tuple(line[lost] for line in clip.pixels[t]),
            t,
            motion.forward,
            motion.backward,
            goal,
            towards=1 if key > t else -1,
            tolerance=_TOLERANCE,
        )
        return _take_over(borrowed[t], lost, met, sources)

    return each_frame(carry, len(borrowed))


def _take_over(
    borrowed: Sources, lost: NDArray[np.intp], met: Sources, sources: SourceMap
) -> Sources:
    """The sources with the lost ones replaced by what lies where they met the key frame."""
    row, column = np.rint(met.y).astype(np.intp), np.rint(met.x).astype(np.intp)
    frame = np.where(met.frame >= 0, sources.frame[row, column], np.int32(UNSEEN))
    y = sources.y[row, column] + (met.y - row)
    x = sources.x[row, column] + (met.x - column)
    result = Sources(*(values.copy() for values in borrowed))
    result.frame[lost], result.y[lost], result.x[lost] = frame, y, x
    return result
