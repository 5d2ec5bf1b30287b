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
_ALIKE = 2.0  # pixels, at the nearer of two sources, between ways that are one motion


def feathered(sources: Sources, correction: Colours, album: Album, t: int) -> Colours:
    """Return what to add to the sources' colours, (N, 3), for one to fade into the next.

    sources: of the N pixels of frame t's hole. correction: (N, 3), what was to be added before.
    album: what the sources point into, 8 bits deep.
    """
    leader, share = across_borders(sources, album, t)
    near, across = share > 0, led(sources, leader, album.holes[t])
    own, found = album.sample(sources.where(near))
    other, also = album.sample(across.where(near))
    jump = (other + correction[leader]) - (own + correction)
    fading = np.where(found & also, share, np.float32(0))[:, None]
    return np.asarray(correction + fading * jump)


def across_borders(
    sources: Sources, album: Album, t: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find for each of the N pixels of frame t's hole a near one whose source is of another kind.

    That is the nearest in its row or column that does not move as one with it: what a moving
    camera shows of a wall, frame after frame, has no borders. Returns its place, (N,), the pixel's
    own where none is near, and how much of its source to take, (N,): half at the border, 0 beyond
    its reach.
    """
    hole = album.holes[t]
    index = np.full(hole.shape, -1, np.int32)
    index[hole] = np.arange(len(sources.frame), dtype=np.int32)
    leader, share = np.arange(len(sources.frame)), np.zeros(len(sources.frame), np.float32)
    # Where a source lies in time from here; 0 for what is no other frame of the clip.
    away = np.where(sources.frame < len(album.frames), sources.frame - t, 0)
    _look_across(*pixels_of(hole), index, away, *sources[:3], leader, share)
    return leader, share


@compiled()
def _look_across(
    rows: Any,
    columns: Any,
    index: Any,
    away: Any,
    frame: Any,
    y: Any,
    x: Any,
    leader: Any,
    share: Any,
) -> None:
    """Set leaders and shares where a border is near. index: (H, W), places in the lists, or -1."""
    for i in range(len(rows)):
        if frame[i] < 0:
            continue
        for far in range(1, _WIDTH + 1):
            for side in range(4):
                r = rows[i] + (far, -far, 0, 0)[side]
                c = columns[i] + (0, 0, far, -far)[side]
                if share[i] > 0 or not (0 <= r < index.shape[0] and 0 <= c < index.shape[1]):
                    continue
                j = index[r, c]
                if j < 0 or frame[j] < 0:
                    continue
                if frame[i] == frame[j]:
                    one = alike(i, j, rows, columns, frame, y, x)
                else:
                    one = _of_one_motion(i, j, rows, columns, away, y, x)
                if not one:
                    leader[i], share[i] = j, 0.5 - 0.5 * (far - 0.5) / _WIDTH


@compiled(inline="always")
def _of_one_motion(i: int, j: int, rows: Any, columns: Any, away: Any, y: Any, x: Any) -> Any:
    """Tell whether sources on one side in time lie where the same speed leads."""
    if away[i] * away[j] <= 0:
        return False
    apart_y = (y[i] - rows[i]) / away[i] - (y[j] - rows[j]) / away[j]
    apart_x = (x[i] - columns[i]) / away[i] - (x[j] - columns[j]) / away[j]
    nearer = min(abs(away[i]), abs(away[j]))
    return abs(apart_y) * nearer < _ALIKE and abs(apart_x) * nearer < _ALIKE
