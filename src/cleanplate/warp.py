"""Sample pictures and fields at positions between their pixels, bilinearly."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled


def warp_by(picture: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the picture drawn along a flow: at each pixel what lies where its flow leads.

    picture: (H, W) or (H, W, C). flow: (H, W, 2). Positions are rounded to a 32nd of a pixel;
    beyond the picture's border lies 0.
    """
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32) + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR), np.float32)


@compiled(inline="always")
def bilinear_weight(y: float, x: float, row: int, column: int) -> Any:
    """Weight of the pixel at row, column, less than one away each, in a sample at y, x."""
    return (1 - abs(y - row)) * (1 - abs(x - column))


@compiled(inline="always")
def shares_around(place: Any, side: Any) -> Any:
    """Return the two numbers around a position along a side, and the shares of each.

    Those beyond the border have a share of 0.
    """
    place = min(max(place, np.float32(-1)), np.float32(side))
    lower = np.floor(place)
    first, share = int(lower), place - lower
    one = (np.float32(1) - share) * np.float32(0 <= first < side)
    other = share * np.float32(first + 1 < side)
    return min(max(first, 0), side - 1), min(first + 1, side - 1), one, other


@compiled(inline="always")
def sample_vector(field: Any, y: float, x: float) -> Any:
    """Bilinear value (dx, dy) of field (H, W, 2) at y, x; positions are clamped to the picture."""
    height, width = field.shape[0], field.shape[1]
    y = min(max(y, 0.0), height - 1.0)
    x = min(max(x, 0.0), width - 1.0)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    b, a = y - y0, x - x0
    w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
    dx = (
        w00 * field[y0, x0, 0]
        + w01 * field[y0, x1, 0]
        + w10 * field[y1, x0, 0]
        + w11 * field[y1, x1, 0]
    )
    dy = (
        w00 * field[y0, x0, 1]
        + w01 * field[y0, x1, 1]
        + w10 * field[y1, x0, 1]
        + w11 * field[y1, x1, 1]
    )
    return dx, dy


def sample_sharp(
    picture: NDArray[Any], y: NDArray[np.float32], x: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Sample a whole picture (H, W, C) at N places by Lanczos' kernel, of eight pixels a side.

    For what is sampled again and again: bilinear samples lose a little sharpness each time.
    Positions are clamped to the picture. Returns (N, C) float32, within the range of the type.
    """
    count, columns = len(y), 1024  # the library wants maps that are not too long
    places = np.zeros((2, -(-count // columns) * columns), np.float32)
    places[0, :count], places[1, :count] = x, y
    maps = places.reshape(2, -1, columns)
    if not count:
        return np.zeros((0, picture.shape[2]), np.float32)
    sampled = cv2.remap(
        picture, maps[0], maps[1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(sampled.reshape(-1, picture.shape[2])[:count], np.float32)


@compiled()
def sample_known(frames: Any, holes: Any, frame: Any, y: Any, x: Any) -> Any:
    """Sample frames bilinearly at N places, from known pixels alone.

    frames: (T, H, W, C). holes: (T, H, W) bool. frame: (N,) int, negative where there is nothing
    to sample. y, x: (N,), clamped to the picture. Hole pixels count for nothing: the weights of
    the others are scaled up. Returns colours (N, C) float32 and (N,) bool, False with colour 0
    where no known pixel has a weight.
    """
    count, height, width = len(frame), holes.shape[1], holes.shape[2]
    channels = frames.shape[3]
    colours, found = np.zeros((count, channels), np.float32), np.zeros(count, np.bool_)
    one, bottom, right = np.float32(1), np.uint64(height - 1), np.uint64(width - 1)
    for i in range(count):
        if frame[i] < 0:
            continue
        row = min(max(y[i], np.float32(0)), np.float32(height - 1))
        column = min(max(x[i], np.float32(0)), np.float32(width - 1))
        # Numbers without a sign: for others numba looks each time whether they count from the end.
        t, y0, x0 = np.uint64(frame[i]), np.uint64(row), np.uint64(column)
        y1, x1 = min(y0 + np.uint64(1), bottom), min(x0 + np.uint64(1), right)
        b, a = row - np.float32(y0), column - np.float32(x0)
        w00, w01, w10, w11 = (one - b) * (one - a), (one - b) * a, b * (one - a), b * a
        if holes[t, y0, x0] or holes[t, y0, x1] or holes[t, y1, x0] or holes[t, y1, x1]:
            w00 *= np.float32(not holes[t, y0, x0])
            w01 *= np.float32(not holes[t, y0, x1])
            w10 *= np.float32(not holes[t, y1, x0])
            w11 *= np.float32(not holes[t, y1, x1])
            total = w00 + w01 + w10 + w11
            if not total > np.float32(1e-3):
                continue
            w00, w01, w10, w11 = w00 / total, w01 / total, w10 / total, w11 / total
        found[i] = True
        for channel in range(channels):
            k = np.uint64(channel)
            above = w00 * np.float32(frames[t, y0, x0, k]) + w01 * np.float32(frames[t, y0, x1, k])
            below = w10 * np.float32(frames[t, y1, x0, k]) + w11 * np.float32(frames[t, y1, x1, k])
            colours[i, channel] = above + below
    return colours, found
