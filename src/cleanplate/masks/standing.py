"""What of a picture stands still while the scene moves: gradients that are there in every frame.

Over time the gradient of a moving scene is as often positive as negative, so that its median comes
to nothing, and the median of frames that share an overlay is the overlay's own gradient (Dekel et
al., "On the Effectiveness of Visible Watermarks", CVPR 2017, section 3.1, of many pictures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from cleanplate.threads import each_frame

Stack = NDArray[np.uint8]  # (N, H, W, 3), frames of one clip
Field = NDArray[np.float32]

_ROWS = 16  # so many are sorted at once
_MAD = 1.4826  # of a normal distribution: from the median deviation to the standard deviation
_OF_A_MEDIAN = 1.2533  # its standard error, in those of a mean
_LEAST_DEVIATION = 1.0  # levels; what an encoder leaves of noise
_TEXTURED = 6.0  # levels by which a gradient must vary to tell whether the scene moves
_DECILE = 0.1


@dataclass(frozen=True)
class Standing:
    """What persists of the frames of a clip, each step counted at the pixel on its left or above.

    across, down: (H, W, 3) float32, median gradients, levels a pixel. error: (H, W) float32, what
    either may be off by where the scene moves freely. spread: (H, W) float32, between which levels
    a pixel is most of the time. textured: (H, W) bool, where gradients come and go.
    """

    across: Field
    down: Field
    error: Field
    spread: Field
    textured: NDArray[np.bool_]

    @property
    def strength(self) -> Field:
        """(H, W), the largest median gradient of any channel, levels a pixel."""
        return np.asarray(np.sqrt((self.across**2 + self.down**2).max(axis=2)), np.float32)


def what_stands(stack: Stack) -> Standing:
    """Look at some frames of a clip, (N, H, W, 3), a few rows at a time."""
    height, width = stack.shape[1:3]
    size = height, width
    found = Standing(
        across=np.zeros((*size, 3), np.float32),
        down=np.zeros((*size, 3), np.float32),
        error=np.zeros(size, np.float32),
        spread=np.zeros(size, np.float32),
        textured=np.zeros(size, np.bool_),
    )

    def look(part: int) -> None:
        first = part * _ROWS
        last = min(first + _ROWS, height)
        rows = stack[:, first : last + 1].astype(np.int16)
        rows = np.ascontiguousarray(np.moveaxis(rows, 0, -1))  # (rows, W, 3, N): time is sorted
        _look_at(rows, found, slice(first, last))

    each_frame(look, -(-height // _ROWS))
    return found


def _look_at(rows: NDArray[np.int16], found: Standing, place: slice) -> None:
    """Fill in some rows; one more than these may be given, for the gradient down."""
    count = place.stop - place.start
    deviations = np.zeros((count, rows.shape[1]), np.float32)
    for steps, into in (
        (rows[:count, 1:] - rows[:count, :-1], found.across[place, :-1]),
        (rows[1:] - rows[:-1], found.down[place][: len(rows) - 1]),
    ):
        middle = _quantile(steps, 0.5)
        into[:] = middle
        away = _quantile(np.abs(steps - middle[..., None]), 0.5).max(axis=2)
        part = deviations[: away.shape[0], : away.shape[1]]
        np.maximum(part, away, out=part)
    deviations = np.maximum(_MAD * deviations, _LEAST_DEVIATION)
    found.error[place] = _OF_A_MEDIAN * deviations / np.sqrt(rows.shape[-1])
    found.textured[place] = deviations > _TEXTURED
    grey = rows[:count].sum(axis=2, dtype=np.int16)
    found.spread[place] = (_quantile(grey, 1 - _DECILE) - _quantile(grey, _DECILE)) / 3


def _quantile(values: NDArray[np.int16], share: float) -> NDArray[np.int16]:
    """Return that of the values along the last axis which so great a share lies below."""
    place = round(share * (values.shape[-1] - 1))
    return np.asarray(np.partition(values, place, axis=-1)[..., place])


def integrated(across: Field, down: Field) -> Field:
    """Return the picture (H, W, 3) whose gradients come closest to these; its mean is 0.

    across, down: (H, W, 3), the last column and the last row of which do not count. Poisson's
    equation with free borders, solved by the cosine transform.
    """
    return np.stack([_solved(across[..., c], down[..., c]) for c in range(3)], axis=-1)


def _solved(across: Field, down: Field) -> Field:
    height, width = across.shape
    sources = np.zeros((height, width), np.float32)
    sources[:, :-1] += across[:, :-1]
    sources[:, 1:] -= across[:, :-1]
    sources[:-1] += down[:-1]
    sources[1:] -= down[:-1]
    waves = dctn(sources, norm="ortho")
    scale = sum(
        (2 * np.cos(np.pi * np.arange(size) / size) - 2).reshape(shape)
        for size, shape in ((height, (-1, 1)), (width, (1, -1)))
    )
    scale[0, 0] = 1.0
    waves /= scale
    waves[0, 0] = 0.0
    return np.asarray(idctn(waves, norm="ortho"), np.float32)
