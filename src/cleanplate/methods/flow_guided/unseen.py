"""What no frame ever shows: invented on one frame, carried to the others along the flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.methods.flow_guided.patches import patch_sources
from cleanplate.methods.flow_guided.rounds import Clip, Motion
from cleanplate.propagate import INVENTED, Sources, follow
from cleanplate.threads import each_frame
from cleanplate.warp import sample_known

_KEY_FRAMES = 4  # whose inventions are carried to other frames
_TOLERANCE = 20.0  # pixels: nothing better is to be had for a pixel that no frame shows


def invent(clip: Clip, motion: Motion, borrowed: list[Sources], seed: int) -> list[Sources]:
    """Return sources for the pixels that have none, on one key frame after the other.

    borrowed: sources of every frame's hole pixels. The frame with the most unseen pixels is
    completed from patches of its own picture; every unseen pixel of another frame whose
    trajectory meets it takes what is there, so that an invention moves with the scene. Then the
    next; the scraps that several key frames leave are completed in each frame alone. What is
    invented points to a known pixel, so its colour is sampled from an original frame too. Pixels
    of a picture without known patches stay without.
    """
    complete = list(borrowed)
    for _ in range(_KEY_FRAMES):
        key = int(np.argmax([(mine.frame < 0).sum() for mine in complete]))
        everywhere = _complete_key(clip, complete[key], key, seed)
        if everywhere is None:
            break
        complete[key] = everywhere.at(clip.holes[key])
        complete = _carry(clip, motion, complete, key, everywhere)
    return each_frame(lambda t: _complete_alone(clip, complete[t], t, seed), len(complete))


def _complete_alone(clip: Clip, borrowed: Sources, t: int, seed: int) -> Sources:
    sources = _complete_key(clip, borrowed, t, seed)
    return borrowed if sources is None else sources.at(clip.holes[t])


class SourceMap:
    """For every pixel of one frame the place that shows it: itself where it is known."""

    def __init__(self, key: int, size: tuple[int, ...]) -> None:
        rows, columns = np.indices(size, dtype=np.float32)
        self.fields = Sources(np.full(size, key, np.int32), rows, columns, np.zeros_like(rows))

    def set(self, where: NDArray[np.bool_], sources: Sources) -> None:
        """Set the pixels of a mask to their sources, in row order."""
        for mine, given in zip(self.fields, sources, strict=True):
            mine[where] = given

    def at(self, *place: NDArray[Any]) -> Sources:
        """Return the sources of the pixels of a mask, or of rows and columns."""
        return Sources(*(field[place] for field in self.fields))


def _complete_key(clip: Clip, borrowed: Sources, key: int, seed: int) -> SourceMap | None:
    """Invent the unseen pixels of one frame; None if it has none, or no known patch."""
    hole = clip.holes[key]
    if not (borrowed.frame < 0).any():
        return None
    unknown = np.zeros_like(hole)
    unknown[hole] = borrowed.frame < 0
    picture = clip.frames[key].astype(np.float32)
    picture[hole] = sample_known(clip.frames, clip.holes, *borrowed[:3])[0]
    field = patch_sources(picture, unknown, seed=seed)
    if field is None:
        return None
    sources = SourceMap(key, hole.shape)
    sources.set(hole, borrowed)
    sources.set(unknown, _invented(sources.at(*field[unknown].T)))
    return sources


def _invented(sources: Sources) -> Sources:
    return sources._replace(residual=np.full_like(sources.residual, INVENTED))


def _carry(
    clip: Clip, motion: Motion, borrowed: list[Sources], key: int, sources: SourceMap
) -> list[Sources]:
    """Give unseen pixels what the key frame has where their trajectory meets it."""
    lost = np.zeros_like(clip.holes)
    for mask, hole, mine in zip(lost, clip.holes, borrowed, strict=True):
        mask[hole] = mine.frame < 0
    goal = np.zeros_like(clip.holes)
    goal[key] = True

    forward, backward = list(motion.forward), list(motion.backward)

    def go(way: int) -> list[Sources]:
        towards = (-1, 1)[way]
        return follow(forward, backward, lost, goal, towards=towards, tolerance=_TOLERANCE)

    after, before = each_frame(go, 2)
    met = before[:key] + after[key:]
    return [_take_over(mine, there, sources) for mine, there in zip(borrowed, met, strict=True)]


def _take_over(borrowed: Sources, met: Sources, sources: SourceMap) -> Sources:
    """Replace the sources that are none by what lies where they met the key frame."""
    lost = borrowed.frame < 0
    if not lost.any():
        return borrowed
    row, column = np.rint(met.y).astype(np.intp), np.rint(met.x).astype(np.intp)
    there = sources.at(row, column)
    there = there._replace(y=there.y + (met.y - row), x=there.x + (met.x - column))
    given = _invented(there).where(met.frame >= 0)
    result = Sources(
        borrowed.frame.copy(), borrowed.y.copy(), borrowed.x.copy(), borrowed.residual.copy()
    )
    result.frame[lost], result.y[lost], result.x[lost], result.residual[lost] = given
    return result
