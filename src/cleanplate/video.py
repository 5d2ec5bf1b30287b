"""What a clip is here: frames, holes, what a fill brings back, and the checks at the door.

=========  =======================================================================================
thing      in the house
=========  =======================================================================================
frames     numpy ``(T, H, W, 3)``, RGB, uint8, or uint16 spanning the full 16 bits: a 10-bit sample
           v of a file stands as ``round(v * 65535 / 1023)`` after conversion to RGB
holes      numpy ``(T, H, W)`` bool, True = fill here (white in a mask picture)
flow       ``(T-1, H, W, 2)`` float32, (dx, dy) in pixels; ``forward[t]`` goes t -> t+1,
           ``backward[t]`` goes t+1 -> t
sizes      ``(height, width)``
sampling   pixel centres at integers
time       exact fractions; names end in ``_seconds`` where they are seconds
=========  =======================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput

Frames = NDArray[Any]  # (T, H, W, 3) uint8 or uint16
Holes = NDArray[np.bool_]  # (T, H, W)
Flow = NDArray[np.float32]  # (T-1, H, W, 2)

KNOWN = -2  # provenance of a pixel outside the hole
UNSEEN = -1  # provenance of a hole pixel that no frame shows
PAINTED = -3  # provenance of a hole pixel that a network painted, after a look at several frames
_LOWEST = min(UNSEEN, KNOWN, PAINTED)


@dataclass(frozen=True)
class Provenance:
    """Where each hole pixel came from.

    source: (T, H, W) integers, the frame that the colour was taken from (the one of the largest
        weight where several were merged), ``UNSEEN`` where it was invented, ``PAINTED`` where a
        network painted it, ``KNOWN`` outside.
        In a stretch of a clip frames count from its first one; see ``to_stretch``.
    inconsistency: (T, H, W) float16, forward-backward residual of the trajectory, pixels a step
        (from where an earlier window left it, if that is where it leads); 0 outside the hole and
        where the pixel is unseen.
    """

    source: NDArray[np.signedinteger[Any]]
    inconsistency: NDArray[np.float16]

    @property
    def distance(self) -> NDArray[np.int32]:
        """(T, H, W) int32, how many frames away the source lies; 0 where there is none."""
        here = np.arange(len(self.source), dtype=np.int32)[:, None, None]
        return np.where(self.source >= 0, np.abs(self.source - here), 0)


class Origin(NamedTuple):
    """Where the N hole pixels of one frame came from, in row order; meant as in Provenance.

    source: (N,) integers. inconsistency: (N,) float16.
    """

    source: NDArray[np.signedinteger[Any]]
    inconsistency: NDArray[np.float16]


@dataclass(frozen=True)
class Filled:
    """A filled clip: frames (T, H, W, 3), its holes (T, H, W), and where their pixels came from."""

    frames: Frames
    holes: Holes
    origins: Sequence[Origin]

    @classmethod
    def of(cls, frames: Frames, holes: Holes, provenance: Provenance) -> Filled:
        """Return a filled clip of which it is known pixel by pixel where it came from."""
        both = zip(holes, provenance.source, provenance.inconsistency, strict=True)
        origins = [Origin(source[hole], residual[hole]) for hole, source, residual in both]
        return cls(frames, holes, origins)

    @classmethod
    def marked(cls, frames: Frames, holes: Holes, mark: int) -> Filled:
        """Return a filled clip whose hole pixels are all of one mark, such as PAINTED."""
        counts = [np.count_nonzero(hole) for hole in holes]
        none = np.float16(0)
        origins = [Origin(np.full(n, mark, np.int32), np.full(n, none)) for n in counts]
        return cls(frames, holes, origins)

    @cached_property
    def provenance(self) -> Provenance:
        """Where each pixel came from, as pictures: (T, H, W)."""
        source = np.full(self.holes.shape, KNOWN, np.int32)
        inconsistency = np.zeros(self.holes.shape, np.float16)
        for t, origin in enumerate(self.origins):
            source[t][self.holes[t]], inconsistency[t][self.holes[t]] = origin
        return Provenance(source, inconsistency)


@dataclass(frozen=True)
class Patch:
    """What fills one frame: a value for each of its N hole pixels, in row order.

    colours: (N, 3) uint8 or uint16. source: (N,) int32, frame of the clip, UNSEEN or PAINTED.
    inconsistency: (N,) float16, pixels.
    """

    colours: NDArray[Any]
    source: NDArray[np.int32]
    inconsistency: NDArray[np.float16]

    @classmethod
    def empty(cls) -> Patch:
        """Return the patch of a frame without a hole."""
        return cls(np.zeros((0, 3), np.uint8), np.zeros(0, np.int32), np.zeros(0, np.float16))


Prior = Sequence[Patch]  # what the first frames of a stretch were filled with before


def whole(value: Any) -> bool:
    """Tell whether a value is a whole number, numpy's included; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def to_stretch(source: NDArray[Any], first: int) -> NDArray[np.int32]:
    """Turn source frames of a clip into those of a stretch that begins at frame `first`.

    Frames before the stretch go below these marks: -4 is the one just before it.

    >>> to_stretch(np.array([UNSEEN, KNOWN, PAINTED, 10, 9, 3]), 10).tolist()
    [-1, -2, -3, 0, -4, -10]
    """
    relative = source.astype(np.int32) - first
    relative += np.where(relative < 0, np.int32(_LOWEST), np.int32(0))
    return np.where(source >= 0, relative, source).astype(np.int32)


def to_clip(source: NDArray[Any], first: int) -> NDArray[np.int32]:
    """Undo ``to_stretch``.

    >>> to_clip(np.array([-1, -2, -3, 0, -4, -10]), 10).tolist()
    [-1, -2, -3, 10, 9, 3]
    """
    relative = source.astype(np.int32)
    relative -= np.where(relative < _LOWEST, np.int32(_LOWEST), np.int32(0))
    keep = (source == UNSEEN) | (source == KNOWN) | (source == PAINTED)
    return np.where(keep, source, relative + first).astype(np.int32)


def check_pair(frames: Any, holes: Any) -> tuple[Frames, Holes]:
    """Return frames and holes as the house keeps them, or refuse with a sentence.

    frames: (T, H, W, 3) uint8 or uint16. holes: (T, H, W) or (H, W), bool, or uint8 that holds
    only 0 and 1 or only 0 and 255; one still hole serves every frame. Raises BadInput.
    """
    frames, holes = np.asarray(frames), np.asarray(holes)
    if frames.ndim != 4 or frames.shape[3] != 3:
        raise BadInput(f"frames have shape {frames.shape}. Give (T, H, W, 3), RGB.")
    if frames.dtype not in (np.uint8, np.uint16):
        raise BadInput(
            f"frames are {frames.dtype}. Give uint8, or uint16 that spans the full 16 bits."
        )
    if 0 in frames.shape:
        raise BadInput(f"frames have shape {frames.shape}. Give at least one frame of one pixel.")
    if holes.dtype != np.bool_:
        values = set(np.unique(holes).tolist())
        if not (values <= {0, 1} or values <= {0, 255}):
            raise BadInput(
                f"holes are {holes.dtype} with grey levels. Give bool, True = fill here."
            )
        holes = holes != 0
    if holes.shape == frames.shape[1:3]:
        holes = np.broadcast_to(holes, frames.shape[:3])
    if holes.ndim == 3 and len(holes) != len(frames):
        raise BadInput(
            f"mask has {len(holes)} frame{'' if len(holes) == 1 else 's'}, the video has "
            f"{len(frames)}. "
            f"Give one still mask, or {len(frames)}."
        )
    if holes.shape != frames.shape[:3]:
        raise BadInput(f"holes have shape {holes.shape}, frames {frames.shape}. Give (T, H, W).")
    return frames, holes
