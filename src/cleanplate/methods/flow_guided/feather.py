"""Feather the borders between sources: on either side, one fades into what the other shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.compiled import compiled
from cleanplate.methods.flow_guided.settle import ALIKE, led
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
    rows, columns = pixels_of(hole)
    go = sources.y - rows, sources.x - columns
    _look_across(rows, columns, index, away, sources.frame, *go, leader, share)
    return leader, share


@compiled()
def _look_across(
    rows: Any,
    columns: Any,
    index: Any,
    away: Any,
    frame: Any,
    go_y: Any,
    go_x: Any,
    leader: Any,
    share: Any,
) -> None:
    """Set leaders and shares where a border is near.

    index: (H, W), places in the lists, or -1. go_y, go_x: from the pixels to their sources.
    """
    height, width = index.shape
    for i in range(len(rows)):
        for step in range(4 * _WIDTH if frame[i] >= 0 else 0):
            far, side = 1 + step // 4, step % 4
            by = far if side % 2 == 0 else -far
            r, c = rows[i] + (by if side < 2 else 0), columns[i] + (0 if side < 2 else by)
            if not (0 <= r < height and 0 <= c < width):
                continue
            j = index[r, c]
            if j < 0 or frame[j] < 0:
                continue
            one, other = (away[i], go_y[i], go_x[i]), (away[j], go_y[j], go_x[j])
            same = frame[i] == frame[j]
            if not (_of_one_place(one, other) if same else _of_one_motion(one, other)):
                leader[i], share[i] = j, 0.5 - 0.5 * (far - 0.5) / _WIDTH
                break


# Each is how far away in time a source lies, and how far down and right. Numbers alone: a list
# that is handed on is counted each time, which takes longer than all the rest.


@compiled(inline="always")
def _of_one_place(one: Any, other: Any) -> Any:
    """Tell whether sources in one frame lie where the same displacement leads."""
    return abs(other[1] - one[1]) < ALIKE and abs(other[2] - one[2]) < ALIKE


@compiled(inline="always")
def _of_one_motion(one: Any, other: Any) -> Any:
    """Tell whether sources on one side in time lie where the same speed leads."""
    if one[0] * other[0] <= 0:
        return False
    apart_y = one[1] / one[0] - other[1] / other[0]
    apart_x = one[2] / one[0] - other[2] / other[0]
    nearer = min(abs(one[0]), abs(other[0]))
    return abs(apart_y) * nearer < _ALIKE and abs(apart_x) * nearer < _ALIKE
