"""One smooth random blob, still or moving: the stationary masks of STTN and of those after it.

Zeng et al., ECCV 2020, section 4.1 and the supplement's pseudo-code. There the shape is drawn by a
plotting library; here the same curves are filled exactly, in the same proportions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from cleanplate.masks.draw.geometry import Points, direction, fill_polygon
from cleanplate.region import bounding_box
from cleanplate.video import Holes

MADE_AT = 240 * 432  # pixels; speeds are those of a picture of this area, and scale with its side
EDGES = (6, 8)
RATIO = (0.6, 0.8)  # radii lie in 1 - ratio .. 1 + ratio
AXES = (0.77, 0.775)  # share of a figure's height and width inside its default margins
ROOM = 1.1  # the axes end beyond the outermost coordinates by this factor
SMOOTH = 32  # straight pieces for one curve: not told from a curve at the size of a cinema's screen
START_SPEED, SPEED_CHANGE, ANGLE_CHANGE = 3.0, 1.5, 0.25  # pixels and radians a frame


def stationary(count: int, size: tuple[int, int], rng: np.random.Generator) -> Iterator[Holes]:
    """Draw one blob that stands still: ``count`` times the same (H, W) bool."""
    shape = _shape(size, rng)
    top, left = (int(rng.integers(0, room + 1)) for room in _room(shape, size))
    hole = _paste(shape, top, left, size)
    return (hole.copy() for _ in range(count))


def moving(count: int, size: tuple[int, int], rng: np.random.Generator) -> Iterator[Holes]:
    """Draw the blob that ``stationary`` draws with this seed, moving: (H, W) bool a frame.

    It speeds up and turns at random; where it would leave the picture it stops at the border and
    gets a new velocity.
    """
    shape = _shape(size, rng)
    room = _room(shape, size)
    place = [float(rng.integers(0, most + 1)) for most in room]
    return (
        _paste(shape, int(top + 0.5), int(left + 0.5), size)
        for top, left in _walk(count, place, room, math.sqrt(size[0] * size[1] / MADE_AT), rng)
    )


def _walk(
    count: int,
    place: list[float],
    room: tuple[int, int],
    scale: float,
    rng: np.random.Generator,
) -> Iterator[tuple[float, float]]:
    """(top, left) a frame, inside the room; scale: pixels for one pixel of the paper's pictures."""
    speed, angle = START_SPEED * rng.random(), math.tau * rng.random()
    for _ in range(count):
        yield place[0], place[1]
        cosine, sine = direction(angle)
        # The paper's code cuts the fraction off: slow blobs rest.
        wanted = [place[0] + scale * int(speed * sine), place[1] + scale * int(speed * cosine)]
        place = [min(max(w, 0.0), float(most)) for w, most in zip(wanted, room, strict=True)]
        speed += SPEED_CHANGE * rng.standard_normal()
        angle += ANGLE_CHANGE * rng.standard_normal()
        if place != wanted:
            speed, angle = abs(SPEED_CHANGE * rng.standard_normal()), math.tau * rng.random()


def _shape(size: tuple[int, int], rng: np.random.Generator) -> Holes:
    """(h, w) bool, a blob cropped to its own box: at least one pixel, at most the picture's."""
    height, width = (int(rng.integers(max(most // 3, 1), max(most - 1, 1) + 1)) for most in size)
    control = _control_points(rng)
    low, high = ROOM * float(control.min()), ROOM * float(control.max())
    unit = (_outline(control) - low) / (high - low)
    drawn = fill_polygon(unit * (AXES[1] * width, AXES[0] * height) - 0.5, (height, width))
    box = bounding_box(drawn, margin=0)
    return np.ones((1, 1), np.bool_) if box is None else drawn[box]


def _control_points(rng: np.random.Generator) -> Points:
    """(3 * edges + 1, 2), at equal angles around 0, the last one equal to the first."""
    edges = int(rng.integers(EDGES[0], EDGES[1] + 1))
    ratio = RATIO[0] + (RATIO[1] - RATIO[0]) * rng.random()
    around = np.array([direction(math.tau * i / (3 * edges)) for i in range(3 * edges)])
    points = around * (2 * ratio * rng.random(3 * edges) + (1 - ratio))[:, None]
    return np.concatenate([points, points[:1]])


def _outline(control: Points) -> Points:
    """Cubic Bezier curves through every third control point -> (SMOOTH * edges, 2)."""
    t = (np.arange(SMOOTH) / SMOOTH)[:, None]
    s = 1 - t
    weights = (s * s * s, 3 * t * s * s, 3 * t * t * s, t * t * t)
    curves = []
    for first in range(0, len(control) - 1, 3):
        a, b, c, d = (w * p for w, p in zip(weights, control[first : first + 4], strict=True))
        curves.append(a + b + c + d)
    return np.concatenate(curves)


def _room(shape: Holes, size: tuple[int, int]) -> tuple[int, int]:
    return size[0] - shape.shape[0], size[1] - shape.shape[1]


def _paste(shape: Holes, top: int, left: int, size: tuple[int, int]) -> Holes:
    hole = np.zeros(size, np.bool_)
    hole[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
    return hole
