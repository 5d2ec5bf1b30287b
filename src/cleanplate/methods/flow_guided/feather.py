"""Feather the borders between sources: on either side, one fades into what the other shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.compiled import compiled
from cleanplate.methods.flow_guided.settle import alike, led
from cleanplate.propagate import Sources
from cleanplate.region import pixels_of

Colours = NDArray[np.float32]  # (N, 3), 0 to 255

_WIDTH = 3  # pixels on either side of a border


def feathered(sources: Sources, correction: Colours, album: Album, t: int) -> Colours:
    """Return what to add to the sources' colours, (N, 3), for one to fade into the next.

    sources: of the N pixels of frame t's hole. correction: (N, 3), what was to be added before.
    album: what the sources point into, 8 bits deep. Meant for pictures of a reduced size: what is
    added there is the coarse part of the difference, and a source's details stay as sharp as they
    are.
    """
    leader, share = across_borders(sources, album.holes[t])
    here, there = (
        side.where(share > 0) for side in (sources, led(sources, leader, album.holes[t]))
    )
    (own, found), (other, also) = album.sample(here), album.sample(there)
    jump = (other + correction[leader]) - (own + correction)
    fading = np.where(found & also, share, np.float32(0))[:, None]
    return np.asarray(correction + fading * jump)


def across_borders(
    sources: Sources, hole: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find for each of the hole's N pixels a near one whose source is of another kind.

    That is the nearest in its row or column whose source lies in another frame, or elsewhere.
    Returns its place, (N,), the pixel's own where none is near, and how much of its source to
    take, (N,): half at the border, 0 beyond its reach.
    """
    index = np.full(hole.shape, -1, np.int32)
    index[hole] = np.arange(len(sources.frame), dtype=np.int32)
    leader, share = np.arange(len(sources.frame)), np.zeros(len(sources.frame), np.float32)
    _look_across(*pixels_of(hole), index, *sources[:3], leader, share)
    return leader, share


@compiled()
def _look_across(
    rows: Any, columns: Any, index: Any, frame: Any, y: Any, x: Any, leader: Any, share: Any
) -> None:
    """Set leaders and shares where a border is near. index: (H, W), places in the lists, or -1."""
    for i in range(len(rows)):
        if frame[i] < 0:
            continue
        for away in range(1, _WIDTH + 1):
            for side in range(4):
                r = rows[i] + (away, -away, 0, 0)[side]
                c = columns[i] + (0, 0, away, -away)[side]
                if share[i] > 0 or not (0 <= r < index.shape[0] and 0 <= c < index.shape[1]):
                    continue
                j = index[r, c]
                if j >= 0 and frame[j] >= 0 and not alike(i, j, rows, columns, frame, y, x):
                    leader[i], share[i] = j, 0.5 - 0.5 * (away - 0.5) / _WIDTH
