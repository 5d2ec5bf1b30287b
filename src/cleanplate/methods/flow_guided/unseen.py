"""What no frame ever shows: invented on one frame, carried to the others along the flow.

Its field of patches goes with it: a pixel shows the same place for as long as its way leads on.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.flow.behind import Motion
from cleanplate.methods.flow_guided.carry import SourceMap, carry
from cleanplate.methods.flow_guided.keys import served
from cleanplate.methods.flow_guided.patches import patch_sources
from cleanplate.propagate import INVENTED, Sources
from cleanplate.threads import each_frame

_KEY_FRAMES = 4  # whose inventions are carried to other frames
_SLIVER = 2.0  # pixels from its edge to its middle, at most, and
_SCRAP = 0.02  # share of the hole, at most: what is so thin and so little needs no patches


def invent(album: Album, motion: Motion, borrowed: list[Sources], *, seed: int) -> list[Sources]:
    """Return sources for the pixels that have none, on one key frame after the other.

    album: the clip at its working size. borrowed: sources of every frame's hole pixels. First
    comes what the plates show. Then the frame that serves the most unseen pixels, see `served`, is
    completed from patches of its own picture; every unseen pixel of another frame whose trajectory
    meets it takes what is there, so that an invention moves with the scene. Then the next; the
    scraps that several key frames leave are completed in each frame alone. What is invented points
    to a pixel of a frame or plate, so that its colour is sampled there too. Slivers, which a smooth
    fill serves as well, and pixels of a picture without known patches stay without.
    """
    complete = carry_plates(album, motion, borrowed)
    for _ in range(_KEY_FRAMES):
        key, shown = _next_key(album, motion, complete, seed)
        if shown is None:
            break
        complete = carry(motion.forward, motion.backward, album.holes, complete, key, shown)
    return each_frame(lambda t: complete_alone(album, complete[t], t, seed=seed), len(complete))


def carry_keys(
    album: Album, motion: Motion, borrowed: list[Sources]
) -> tuple[list[Sources], list[int]]:
    """Return sources for the pixels that have none in frames yet to be completed, and which.

    Plates come first; then, one after the other, the frames that serve the most unseen pixels are
    to become plates themselves, numbered on from those of the album.
    """
    complete, keys = carry_plates(album, motion, borrowed), list[int]()
    for number in range(_KEY_FRAMES):
        if not any((mine.frame < 0).any() for mine in complete):
            break
        key = int(served(motion, album.holes, complete).argmax())
        keys.append(key)
        shown = SourceMap(len(album.frames) + len(album.plates) + number, album.holes.shape[1:])
        complete = carry(motion.forward, motion.backward, album.holes, complete, key, shown)
    return complete, keys


def carry_plates(album: Album, motion: Motion, borrowed: list[Sources]) -> list[Sources]:
    """Give pixels without a source what the plates show where their trajectories meet them."""
    for number, plate in enumerate(album.plates, start=len(album.frames)):
        shown = SourceMap(number, album.holes.shape[1:])
        borrowed = carry(motion.forward, motion.backward, album.holes, borrowed, plate.at, shown)
    return borrowed


def _next_key(
    album: Album, motion: Motion, borrowed: list[Sources], seed: int
) -> tuple[int, SourceMap | None]:
    """Complete the frame that serves the most and is worth it; None if none is."""
    most = -served(motion, album.holes, borrowed)
    for key in np.argsort(most, kind="stable").tolist():
        shown = _complete_key(album, borrowed[key], key, seed)
        if shown is not None:
            return key, shown
    return 0, None


def complete_alone(album: Album, borrowed: Sources, t: int, *, seed: int) -> Sources:
    """Invent the unseen pixels of frame t from its own picture; none where they are slivers."""
    shown = _complete_key(album, borrowed, t, seed)
    return borrowed if shown is None else shown.at(album.holes[t])


def _complete_key(album: Album, borrowed: Sources, key: int, seed: int) -> SourceMap | None:
    """Invent the unseen pixels of one frame; None if they are slivers, or it has no known patch."""
    hole = album.holes[key]
    unknown = np.zeros_like(hole)
    unknown[hole] = borrowed.frame < 0
    if _slivers(unknown, hole):
        return None
    picture = album.frames[key].astype(np.float32)
    picture[hole], found = album.sample(borrowed)
    unknown[hole] = ~found
    patches = patch_sources(picture, unknown, seed=seed)
    if patches is None:
        return None
    shown = SourceMap(key, hole.shape)
    shown.set(hole, borrowed)
    invented = shown.at(*patches[unknown].T)
    shown.set(unknown, invented._replace(residual=np.full_like(invented.residual, INVENTED)))
    return shown


def _slivers(unknown: NDArray[np.bool_], hole: NDArray[np.bool_]) -> bool:
    """Tell whether what is unknown of a hole is little and thin, or nothing at all."""
    if unknown.sum() > _SCRAP * hole.sum():
        return False
    depth = cv2.distanceTransform(unknown.astype(np.uint8), cv2.DIST_L2, 3)
    return bool(depth.max() <= _SLIVER)
